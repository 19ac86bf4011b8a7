import type { Key, Ledger } from '../ledger.ts';
import type { Policy } from '../policy.ts';
import { currentRow, hasExpired, isDead, mayBeTooNew, previous, rowOf } from '../rows.ts';
import type { Step } from './changes.ts';
import { askOfPrevious, wayBack } from './roles.ts';
import type { Seen } from './seen.ts';
import { emergencyCommand, look, stop } from './steps.ts';

/** Why nothing is begun that asks for a key. Null: it can be. */
export function whyNotBegun(ledger: Ledger, policy: Policy, seen: Seen): Step | null {
  return gapNotAccepted(policy) ?? nobodyAsks(ledger, policy, seen);
}

/** What a person does to put another key in place: the command, or what helps where none can be asked for. */
export function remedy(command: string, ledger: Ledger, policy: Policy, seen: Seen): string {
  if (ledger.rotation?.waiting?.for === 'operator')
    return `hand over a key that works with keyturn provide ${ledger.credential}`;
  const cannot = whyNotBegun(ledger, policy, seen);
  return cannot?.do === 'stop' ? cannot.hint : `run ${command} to put a new key in place`;
}

/** What a person does where the key in `current` does not work, and the one before it was asked about. */
export function wayOut(ledger: Ledger, policy: Policy, seen: Seen, now: number): string {
  const forth = remedy(`${emergencyCommand(ledger)} now`, ledger, policy, seen);
  const old = wayBack(ledger, seen, now);
  if (old === null) return forth;
  return seen.works[old.id]?.verdict === 'unknown'
    ? `run keyturn rollback once it can be told that ${old.id} works, or ${forth}`
    : 'run keyturn rollback now, while the old key lives';
}

const NEEDS_GAP = 'set accept: gap in the policy of this credential';

/** With room for one key, asking for another ends whatever key lives, also one that no ledger knows. Null: it may. */
export function gapNotAccepted({ acceptGap, issuer: { maxLive } }: Policy): Step | null {
  if (maxLive !== 1 || acceptGap) return null;
  return stop(
    'REFUSED',
    'this issuer has room for one key only: making one ends any other at once, and consumers would hold a dead key for a moment',
    `${NEEDS_GAP} if that is acceptable`,
  );
}

/**
 * With room for one key, one that is dead was ended by another that somebody made, unless a key that was asked for here
 * explains it. A job does not end that other one. Null: it is not so.
 */
export function endedByAnother(
  ledger: Ledger,
  policy: Policy,
  current: Key | null,
  now: number,
): Step | null {
  if (policy.issuer.maxLive !== 1 || current === null) return null;
  const later = ledger.keys.slice(ledger.keys.indexOf(current) + 1);
  const isOurs = current.revokeEntered !== undefined || later.some(({ window }) => window !== undefined);
  if (isOurs || hasExpired(current, now)) return null;
  const first = policy.acceptGap ? '' : ` (${NEEDS_GAP} first)`;
  return stop(
    'UNSAFE',
    'the key in current is dead, and nothing that was asked for here ended it: somebody made another key at the issuer, or removed this one',
    `put that key into the store and run keyturn adopt ${ledger.credential}, or run ${emergencyCommand(ledger)} now to make one that ends it${first}`,
  );
}

/** The issuer is asked for a key with the one in `current`, and there is none, or it is dead. */
function nobodyAsks(ledger: Ledger, policy: Policy, seen: Seen): Step | null {
  if (policy.issuer.asksWith !== 'current') return null;
  const byHand = 'make a key at the provider by hand';
  if (seen.current === null) {
    return stop(
      'PERSON',
      'this issuer is asked for a key with the key in current, and there is none',
      currentRow(ledger) === null
        ? `${byHand} and run keyturn adopt ${ledger.credential} --stdin`
        : `${byHand}, put it into the store and run keyturn adopt ${ledger.credential}`,
    );
  }
  const caller = rowOf(ledger, seen.current?.row ?? undefined);
  if (caller === null || !isKnownDead(caller, policy, seen)) return null;
  const old = previous(ledger);
  const asked = old === null ? undefined : seen.works[old.id];
  return stop(
    'UNSAFE',
    'this issuer is asked for a key with the key in current, and that one is dead',
    asked?.verdict === 'works' && wayBack(ledger, seen, asked.askedAt) !== null
      ? 'run keyturn rollback now, while the old key lives'
      : `${byHand}, put it into the store and run keyturn adopt ${ledger.credential}`,
  );
}

/** Asks whether the key works that the issuer is to be asked with. Null: there is none, or nothing is to be asked. */
export function askOfCaller(ledger: Ledger, policy: Policy, seen: Seen): Step | null {
  const { issuer } = policy;
  const caller = rowOf(ledger, seen.current?.row ?? undefined);
  const asks = issuer.asksWith === 'current' && issuer.proves;
  if (!asks || caller === null) return null;
  if (!isDead(caller) && seen.works[caller.id] === undefined) return look({ what: 'works', row: caller.id });
  // Where it is dead, what can be done depends on the one before.
  return isKnownDead(caller, policy, seen) ? askOfPrevious(ledger, policy, seen) : null;
}

/** Whether the issuer has said in this run that a key is dead, or the ledger has it so. */
export function isKnownDead(row: Key, policy: Policy, seen: Seen): boolean {
  return isDead(row) || isSaidDead(row, policy, seen);
}

/** Whether the issuer has said in this run that a key is dead: then it holds no slot either. */
export function isSaidDead(row: Key, policy: Policy, seen: Seen): boolean {
  const verdict = seen.works[row.id];
  if (verdict?.verdict !== 'refused' || verdict.why !== 'dead') return false;
  return !mayBeTooNew(row, policy, verdict.askedAt, seen.clock);
}

/** Why no key of this issuer may be revoked before its successor exists; null: one may. */
export function whyNotFirst({ issuer: { revokesBy, asksWith } }: Policy): Step | null {
  if (revokesBy !== 'id' && revokesBy !== 'secret') {
    return stop(
      'USAGE',
      'this issuer cannot be told to revoke a key, so none can be revoked first',
      'run keyturn emergency without --revoke-first, or remove the key at the issuer by hand',
    );
  }
  if (asksWith !== 'current') return null;
  return stop(
    'USAGE',
    'this issuer is asked for a key with the key in current: once that is revoked, nothing can make its successor',
    'run keyturn emergency without --revoke-first: the old key is revoked as soon as the new one is in place',
  );
}

/** Whether the open emergency can still be opened anew to kill the old key first: its new key is not in place. */
export function turnsToRevokeFirst({ rotation }: Ledger): boolean {
  return rotation !== undefined && rotation.revokeFirst === undefined && rotation.promotedAt === undefined;
}

/** What a person does about an emergency that finds every slot taken by keys that are not its own to end. */
export function fullEmergencyHint(ledger: Ledger, policy: Policy): string {
  const byHand = 'remove a key that nobody needs at the issuer by hand and run it again';
  if (currentRow(ledger) === null || ledger.rotation?.revokeFirst === true) return byHand;
  if (whyNotFirst(policy) === null) {
    return `${byHand}, or kill the key in current before its successor exists: keyturn emergency ${ledger.credential} --revoke-first --reason TEXT`;
  }
  return policy.issuer.asksWith === 'current'
    ? `${byHand}; the key in current cannot be revoked first: without it nothing can make its successor`
    : byHand;
}
