import type { Ledger } from '../ledger.ts';
import type { Policy } from '../policy.ts';
import { answersFrom, currentRow, mayBeTooNew, previous, rowOf } from '../rows.ts';
import { calledOff } from './apply-rotation.ts';
import { remedy } from './asking.ts';
import type { Step } from './changes.ts';
import { endsOld, landedUnseen } from './placing.ts';
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
    const refusal = whyNotGivenUp(ledger, policy, seen);
    if (refusal !== null) return refusal;
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
      ? stop('UNVERIFIED', message, `try again when the issuer answers, or ${forth}`)
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

/**
 * Why the key that is on its way is not given up: for it the one in `current` was ended, and there is none to go back to.
 * Null: it can be.
 */
function whyNotGivenUp(ledger: Ledger, policy: Policy, seen: Seen): Step | null {
  const { rotation, credential } = ledger;
  const held = currentRow(ledger);
  if (rotation === undefined || held === null || seen.current?.row !== held.id) return null;
  const made = rowOf(ledger, rotation.new);
  const isKept = made?.storeVersion !== undefined;
  // A secret that is invented here is staged before the issuer hears of it.
  const isAsked = policy.issuer.secretFrom !== 'client' || made?.window !== undefined;
  const replaces = endsOld(policy, rotation) && isKept && isAsked;
  if (!replaces && held.revokeEntered === undefined) return null;
  const isCertain = held.revokeAnswered !== undefined || (replaces && made.issuedAt !== undefined);
  if (!isCertain && !policy.issuer.proves && !isKept) return null;
  if (!isCertain && policy.issuer.proves) {
    const answer = seen.works[held.id];
    if (answer === undefined) return look({ what: 'works', row: held.id });
    const sent = held.revokeRepeated ?? held.revokeEntered ?? made?.window?.from ?? '';
    // The request may never have left.
    if (answer.verdict === 'works' && answer.askedAt >= answersFrom(policy, sent)) return null;
    if (answer.verdict !== 'refused') {
      const reason = 'whether the key in current was ended for the next one cannot be told yet';
      return stop('UNVERIFIED', reason, `try again in a few minutes, or let keyturn run ${credential} go on`);
    }
  }
  const asks = askOfPrevious(ledger, policy, seen);
  if (asks !== null) return asks;
  // What an emergency is to end it spares once it is given up.
  if (wayBack(calledOff(ledger), seen, seen.currentAskedAt ?? 0) !== null) return null;
  return stop(
    'UNSAFE',
    `the key in current was ${replaces ? 'ended by its successor' : 'revoked first'}`,
    rotation.waiting === undefined
      ? `let keyturn run ${credential} put its successor in place`
      : remedy(replaceCommand(ledger), ledger, policy, seen),
  );
}

/** When what an order is judged by was seen: the answer about the key, or `current` where nobody can be asked. */
function timeOf(answer: Answer | undefined, { currentAskedAt = 0 }: Seen): number {
  return answer?.askedAt ?? currentAskedAt;
}

function hold(reason: string): Step {
  return { do: 'record', change: { type: 'held', kind: 'rollback', reason: `rolled back: ${reason}` } };
}
