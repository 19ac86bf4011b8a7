import type { Ledger } from '../ledger.ts';
import type { Policy } from '../policy.ts';
import { currentRow, mayBeTooNew, previous } from '../rows.ts';
import { isKnownDead, remedy, wayOut } from './asking.ts';
import type { Step } from './changes.ts';
import { landedUnseen } from './placing.ts';
import { askOfPrevious, expiresSoon, wayBack } from './roles.ts';
import { type Answer, isForeign, type Seen } from './seen.ts';
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
    const held = open.promotedAt === undefined ? null : currentRow(ledger);
    if (held === null) return null;
    const answer = seen.works[held.id];
    if (policy.issuer.proves && answer === undefined) return look({ what: 'works', row: held.id });
    const refused = answer?.verdict === 'refused' && !mayBeTooNew(held, policy, answer.askedAt, seen.clock);
    if (!refused && !expiresSoon(held, timeOf(answer, seen))) return null;
  }
  const landed = landedUnseen(ledger, seen, policy);
  if (landed !== null) return landed;
  if (open !== undefined && open.promotedAt === undefined) {
    const needed = needsNewKey(ledger, policy, seen);
    if (needed !== null) return needed;
    if (ledger.hold === undefined) return hold(order.reason);
    return { do: 'record', change: { type: 'abandoned', why: `rollback: ${order.reason}` } };
  }
  if (isForeign(ledger, seen)) {
    return stop(
      'PERSON',
      'current was changed by someone else',
      `run keyturn adopt ${ledger.credential} first`,
    );
  }
  const target = previous(ledger);
  const forth = remedy(replaceCommand(ledger), ledger, policy, seen);
  if (target === null) {
    const reason = 'there is no previous key that is still alive and whose revocation was never entered';
    return stop('GUARDED', reason, forth);
  }
  const answer = seen.works[target.id];
  if (policy.issuer.proves && answer === undefined) return look({ what: 'works', row: target.id });
  if (answer !== undefined && answer.verdict !== 'works') {
    const message = `the previous key does not answer as working: ${answer.message}`;
    return answer.verdict === 'unknown'
      ? stop('UNVERIFIED', message, 'try again when the issuer answers')
      : stop('GUARDED', message, forth);
  }
  if (expiresSoon(target, timeOf(answer, seen)))
    return stop('GUARDED', 'the previous key is about to expire, or has', forth);
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

/** Without the key that is on its way consumers would be left with one that is dead, and there is none to go back to. */
function needsNewKey(ledger: Ledger, policy: Policy, seen: Seen): Step | null {
  const held = currentRow(ledger);
  if (held === null) return null;
  const asks = policy.issuer.proves && held.revokeEntered === undefined;
  if (asks && seen.works[held.id] === undefined) return look({ what: 'works', row: held.id });
  if (held.revokeEntered === undefined && !isKnownDead(held, policy, seen)) return null;
  const old = askOfPrevious(ledger, policy, seen);
  if (old !== null) return old;
  const { currentAskedAt: now = 0 } = seen;
  if (wayBack(ledger, seen, now) !== null) return null;
  return stop(
    'UNSAFE',
    'the key in current does not work, or is being revoked, and what is open puts another one in place',
    ledger.rotation?.waiting === undefined
      ? `let keyturn run ${ledger.credential} finish it`
      : wayOut(ledger, policy, seen, now),
  );
}

/** When that was seen by which an order is judged: the answer about a key, or `current` where nobody can be asked. */
function timeOf(answer: Answer | undefined, { currentAskedAt = 0 }: Seen): number {
  return answer?.askedAt ?? currentAskedAt;
}

function hold(reason: string): Step {
  return { do: 'record', change: { type: 'held', kind: 'rollback', reason: `rolled back: ${reason}` } };
}
