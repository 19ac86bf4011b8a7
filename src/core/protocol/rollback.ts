import type { Ledger } from '../ledger.ts';
import type { Policy } from '../policy.ts';
import { currentRow, mayBeTooNew, previous } from '../rows.ts';
import { whyNotBegun } from './asking.ts';
import type { Step } from './changes.ts';
import { landedUnseen } from './placing.ts';
import { expiresSoon } from './roles.ts';
import { isForeign, type Seen } from './seen.ts';
import { look, replaceCommand, stop } from './steps.ts';

interface Back {
  readonly reason: string;
  /** The key that is left has no overlap. */
  readonly now?: boolean;
}

/** The next step of going back to the key that was current before. Null: what is open goes on. */
export function rollback(order: Back, ledger: Ledger, seen: Seen, policy: Policy): Step | null {
  const open = ledger.rotation;
  if (open?.kind === 'rollback') {
    // Typed twice it is done once, unless the key that it went back to is refused, or about to expire.
    const held = open.promotedAt === undefined || !policy.issuer.proves ? null : currentRow(ledger);
    if (held === null) return null;
    const answer = seen.works[held.id];
    if (answer === undefined) return look({ what: 'works', row: held.id });
    const refused = answer.verdict === 'refused' && !mayBeTooNew(held, policy, answer.askedAt, seen.clock);
    if (!refused && !expiresSoon(held, answer.askedAt)) return null;
  }
  const landed = landedUnseen(ledger, seen, policy);
  if (landed !== null) return landed;
  if (open !== undefined && open.promotedAt === undefined) {
    if (ledger.hold === undefined) return hold(order.reason);
    return { do: 'record', change: { type: 'abandoned', why: `rollback: ${order.reason}` } };
  }
  const target = previous(ledger);
  if (target === null) {
    return stop(
      'GUARDED',
      'there is no previous key that is still alive and whose revocation was never entered',
      `run ${replaceCommand(ledger)} to put a new key in place`,
    );
  }
  if (isForeign(ledger, seen)) {
    return stop(
      'PERSON',
      'current was changed by someone else',
      `run keyturn adopt ${ledger.credential} first`,
    );
  }
  const verdict = policy.issuer.proves ? seen.works[target.id] : ({ verdict: 'works' } as const);
  if (verdict === undefined) return look({ what: 'works', row: target.id });
  if (verdict.verdict !== 'works') {
    const message = `the previous key does not answer as working: ${verdict.message}`;
    if (verdict.verdict === 'unknown')
      return stop('UNVERIFIED', message, 'try again when the issuer answers');
    return stop('GUARDED', message, remedy(ledger, policy, seen));
  }
  if ('askedAt' in verdict && expiresSoon(target, verdict.askedAt))
    return stop('GUARDED', 'the previous key is about to expire, or has', remedy(ledger, policy, seen));
  if (ledger.hold === undefined) return hold(order.reason);
  const overlap = order.now === true ? 0 : policy.overlap;
  return {
    do: 'record',
    change: {
      type: 'opened',
      id: seen.freshId,
      kind: 'rollback',
      reason: order.reason,
      target: target.id,
      overlap,
    },
  };
}

/** What helps where nothing can go back. */
function remedy(ledger: Ledger, policy: Policy, seen: Seen): string {
  const cannot = whyNotBegun(ledger, policy, seen);
  return cannot?.do === 'stop' ? cannot.hint : `run ${replaceCommand(ledger)} to put a new key in place`;
}

function hold(reason: string): Step {
  return { do: 'record', change: { type: 'held', kind: 'rollback', reason: `rolled back: ${reason}` } };
}
