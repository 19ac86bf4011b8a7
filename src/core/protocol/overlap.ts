import { toInstant, toMs } from '../credential.ts';
import type { Key, Ledger, Rotation } from '../ledger.ts';
import type { Policy } from '../policy.ts';
import { hasExpired, isDead, overlapEnd, rowOf } from '../rows.ts';
import { isKnownDead, remedy, wayOut } from './asking.ts';
import type { Step } from './changes.ts';
import { nowVerified, ON_ITS_SHAPE } from './placing.ts';
import { revocation } from './revocation.ts';
import { askOfPrevious } from './roles.ts';
import type { Seen } from './seen.ts';
import { emergencyCommand, isActive, look, retryStep, stop } from './steps.ts';

/** The phase in which both keys work, up to the moment when the old one may die. `asks`: the issuer may be asked. */
export function overlapping(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  rotation: Rotation,
  now: number,
  asks: boolean,
): Step | null {
  const row = rowOf(ledger, rotation.new);
  const expired = row === null ? null : expiredInPlace(ledger, policy, seen, rotation, row, now, asks);
  if (expired !== null) return expired;
  if (rotation.unverified === true && row !== null) {
    const verdict = policy.issuer.proves ? seen.works[row.id] : ON_ITS_SHAPE;
    if (verdict === undefined) return look({ what: 'works', row: row.id });
    if (verdict.verdict === 'works') return nowVerified(row, verdict);
    const since = toMs(rotation.promotedAt ?? toInstant(now));
    if (verdict.verdict === 'refused' && verdict.askedAt >= since + policy.issuer.settles) {
      return stop(
        'UNSAFE',
        `the key in current does not work: ${verdict.message}`,
        `${remedy(emergencyCommand(ledger), ledger, policy, seen)}, or set a working key by hand and run keyturn adopt`,
      );
    }
    const after = verdict.verdict === 'unknown' ? verdict.retryAfterMs : undefined;
    return retryStep(
      'retry',
      `whether the key in current works could not be told: ${verdict.message}`,
      after,
      {},
      now,
    );
  }
  return null;
}

/**
 * The key in place has expired in its overlap, and the old one may be all that consumers have. Null: that is not so, or
 * the old one is at its end as well, and the next step proves that, so that another rotation can begin.
 */
function expiredInPlace(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  rotation: Rotation,
  row: Key,
  now: number,
  asks: boolean,
): Step | null {
  if (seen.current?.row !== row.id || !hasExpired(row, now)) return null;
  const answer = seen.works[row.id];
  if (asks && policy.issuer.proves && answer === undefined) return look({ what: 'works', row: row.id });
  const said = answer?.verdict === 'works' ? answer.facts.expiresAt : undefined;
  if (said !== undefined && !hasExpired({ expiresAt: said }, now)) return null;
  const old = rowOf(ledger, rotation.old);
  if (old === null || isDead(old) || hasExpired(old, now)) return null;
  const previous = asks ? askOfPrevious(ledger, policy, seen) : null;
  if (previous !== null) return previous;
  const isOver = (overlapEnd(old, policy, seen.clock) ?? Infinity) <= now;
  const isEnding = old.revokeEntered !== undefined || isKnownDead(old, policy, seen);
  const end = isOver && isEnding ? revocation(ledger, policy, seen, old, now) : null;
  // What is only a matter of time where the issuer can be asked is waited for.
  const comes = end?.do === 'wait' && end.until !== null && policy.issuer.proves;
  if (comes || (end !== null && isActive(end))) return null;
  return stop('UNSAFE', `${row.id} in current has expired`, wayOut(ledger, policy, seen, now));
}
