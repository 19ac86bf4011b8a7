import { toMs } from '../credential.ts';
import type { Key, Ledger } from '../ledger.ts';
import { CLOCK_SKEW, type Policy } from '../policy.ts';
import { currentRow, mayBeTooNew, previous } from '../rows.ts';
import type { Step } from './changes.ts';
import { isForeign, type Seen } from './seen.ts';
import { look, retryStep, stop } from './steps.ts';

/**
 * Which of the two the issuer made first: by its own word, or by the order of the rows, which is the order in which
 * their keys were asked for. Null: that cannot be told.
 */
export function roleOf(ledger: Ledger, row: Key): 'old' | 'new' | null {
  const place = (key: Key): number => ledger.keys.findIndex(({ id }) => id === key.id);
  const current = currentRow(ledger);
  if (current === null) return null;
  const [mine, other] = [row, current].map((key) =>
    key.issuedAtFrom === 'issuer' ? key.issuedAt : undefined,
  );
  if (mine !== undefined && other !== undefined && mine !== other) return mine < other ? 'old' : 'new';
  const [first, second] = place(row) < place(current) ? [row, current] : [current, row];
  if (!isCertain(first, second)) return null;
  return row === first ? 'old' : 'new';
}

/** Whether the answer to a request of ours dates the key. */
function isAskedFor(key: Key): boolean {
  return key.issuedAtFrom === 'store' || key.issuedAtFrom === 'issuer';
}

/** Whether a key was asked for after the other one was there, with room for clocks that differ. */
function isCertain(first: Key, second: Key): boolean {
  // Of a key that a person handed over it says when that was, not when the key was made.
  if (second.window === undefined || !isAskedFor(second)) return false;
  if (first.window === undefined) return true;
  const skew = first.window.clock === second.window.clock ? 0 : CLOCK_SKEW;
  return first.window.to !== undefined && toMs(second.window.from) >= toMs(first.window.to) + skew;
}

/** By some clock it may be dead when a request arrives, and the issuer still say for a while that it lives. */
export function expiresSoon({ expiresAt }: Key, now: number): boolean {
  return expiresAt !== undefined && expiresAt !== null && now >= toMs(expiresAt) - 2 * CLOCK_SKEW;
}

/** The key that a rollback would go back to, where nothing that is known speaks against it. */
export function wayBack(ledger: Ledger, seen: Seen, now: number): Key | null {
  const old = previous(ledger);
  if (old === null || old.endNow === 'emergency' || isForeign(ledger, seen)) return null;
  return seen.works[old.id]?.verdict === 'refused' || expiresSoon(old, now) ? null : old;
}

/** Asks about that key. Null: it was asked, nobody can be, or there is none. */
export function askOfPrevious(ledger: Ledger, policy: Policy, seen: Seen): Step | null {
  const old = previous(ledger);
  if (old === null || !policy.issuer.proves || seen.works[old.id] !== undefined) return null;
  return look({ what: 'works', row: old.id });
}

/** Which key is the first and which the second is known only while both of them live. */
export function otherLives(ledger: Ledger, policy: Policy, seen: Seen, row: Key, now: number): Step | null {
  const other = currentRow(ledger);
  const { revokesBy, proves } = policy.issuer;
  if (revokesBy !== 'promotion' || !proves || other === null || other.id === row.id) return null;
  if (expiresSoon(other, now)) {
    // It is the one that lives on, so nobody is asked to remove it.
    if (previous(ledger)?.id !== row.id) return cannotTellWhich(row);
    const reason = `${other.id} in current is about to expire, and the issuer might end the wrong key`;
    return stop('GUARDED', reason, 'run keyturn rollback now, while the old key lives');
  }
  const answer = seen.works[other.id];
  if (answer === undefined) return look({ what: 'works', row: other.id });
  if (answer.verdict === 'works' || (answer.verdict === 'refused' && answer.why !== 'dead')) return null;
  if (answer.verdict === 'refused')
    return tooYoungToTell(policy, seen, other, answer.askedAt, now) ?? cannotTellWhich(row);
  const reason = `whether ${other.id} lives could not be told: ${answer.message}`;
  return retryStep('proof', reason, answer.retryAfterMs, {}, now);
}

export function cannotTellWhich({ id }: Key): Step {
  return stop(
    'GUARDED',
    `which of its two keys the issuer would end cannot be told, ${id} or another`,
    `remove ${id} at the issuer by hand; its removal is noticed by itself`,
  );
}

/** A key that was never seen to work may be refused or missing from a list, because the issuer does not know it everywhere yet. */
export function tooYoungToTell(
  policy: Policy,
  seen: Seen,
  row: Key,
  askedAt: number,
  now: number,
): Step | null {
  if (!mayBeTooNew(row, policy, askedAt, seen.clock)) return null;
  return retryStep('proof', `${row.id} is so new that a refusal proves nothing yet`, undefined, {}, now);
}
