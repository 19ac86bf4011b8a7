import type { Key, Ledger } from '../ledger.ts';
import type { Policy } from '../policy.ts';
import { currentRow, isDead, rowOf, sameKeyOrId } from '../rows.ts';
import { askOfCaller, turnsToRevokeFirst, whyNotBegun, whyNotFirst } from './asking.ts';
import type { Change, Step } from './changes.ts';
import { followStore } from './next.ts';
import { landedUnseen } from './placing.ts';
import { rollback } from './rollback.ts';
import { isForeign, type Seen } from './seen.ts';
import { look, stop } from './steps.ts';

/** What a person or a job asked for, beyond what is due. */
export type Order =
  | { readonly do: 'run' }
  /** Goes on with what is open and owed, and opens nothing. */
  | { readonly do: 'resume' }
  | { readonly do: 'rotate'; readonly reason: string; readonly overlap?: number }
  | { readonly do: 'emergency'; readonly reason: string; readonly revokeFirst?: true; readonly again?: true }
  | { readonly do: 'rollback'; readonly reason: string; readonly now?: true }
  | { readonly do: 'revoke'; readonly reason: string; readonly attest?: string; readonly key?: string }
  | { readonly do: 'forget'; readonly orphan: string; readonly reason: string; readonly who: string };

/** Whether this order lets a rotation that is due be opened on the way. */
export function opens(order: Order): boolean {
  return order.do === 'run';
}

/**
 * What carries the order out: a look or a record at a time, or a refusal. Null: nothing is left to do for it beyond
 * the steps that `next` gives. Pure.
 */
export function carryOut(order: Order, ledger: Ledger, policy: Policy, seen: Seen): Step | null {
  if (order.do === 'run' || order.do === 'resume') return null;
  if (seen.current === undefined) return look({ what: 'current' });
  // What somebody else has done to `current` comes first: an order speaks of what stands there now.
  const outside = order.do === 'emergency' ? null : followStore(ledger, policy, seen);
  if (outside?.do === 'record' && outside.change.type !== 'abandoned') {
    return order.do === 'revoke' && retiresAnother(outside.change) ? changedSince(ledger) : outside;
  }
  switch (order.do) {
    case 'rotate':
      return rotate(order, ledger, seen, policy);
    case 'emergency':
      return emergency(order, ledger, seen, policy);
    case 'rollback':
      return rollback(order, ledger, seen, policy);
    case 'revoke':
      return revoke(order, ledger, policy);
    case 'forget':
      return forget(order, ledger);
  }
}

/** Whether a key begins to retire by it, of which nobody who types `revoke` can know yet. */
function retiresAnother(change: Change): boolean {
  return (
    change.type === 'moved' ||
    change.type === 'promoted' ||
    (change.type === 'held' && change.kind === 'moved')
  );
}

function changedSince({ credential }: Ledger): Step {
  return stop(
    'PERSON',
    'another key is current than the one that status shows, so the key that retires is another one, too',
    `run keyturn run ${credential}, look at keyturn status ${credential}, and revoke then`,
  );
}

function rotate(
  order: Extract<Order, { do: 'rotate' }>,
  ledger: Ledger,
  seen: Seen,
  policy: Policy,
): Step | null {
  if (ledger.rotation !== undefined) return null;
  const cannot = askOfCaller(ledger, policy, seen) ?? whyNotBegun(ledger, policy, seen);
  if (cannot !== null) return cannot;
  if (isForeign(ledger, seen)) {
    return stop(
      'PERSON',
      'the store holds a key that keyturn does not know',
      `run keyturn adopt ${ledger.credential} first, so that it is not overwritten unseen`,
    );
  }
  if (ledger.hold !== undefined && ledger.hold.kind !== 'gone' && ledger.hold.kind !== 'dead') {
    return { do: 'record', change: { type: 'hold-lifted' } };
  }
  const overlap = order.overlap === undefined ? {} : { overlap: order.overlap };
  return {
    do: 'record',
    change: { type: 'opened', id: seen.freshId, kind: 'manual', reason: order.reason, ...overlap },
  };
}

function emergency(
  order: Extract<Order, { do: 'emergency' }>,
  ledger: Ledger,
  seen: Seen,
  policy: Policy,
): Step | null {
  const open = ledger.rotation;
  const turns = order.revokeFirst === true && turnsToRevokeFirst(ledger);
  if (open?.kind === 'emergency' && order.again === undefined && !turns) return null;
  const landed = landedUnseen(ledger, seen, policy);
  if (landed !== null) return landed;
  if (
    isForeign(ledger, seen) &&
    currentRow(ledger) === null &&
    (open === undefined || open.kind === 'adopt')
  ) {
    return stop(
      'PERSON',
      'the store holds a key that keyturn does not know, so it cannot be revoked here',
      `run keyturn adopt ${ledger.credential}, then emergency again`,
    );
  }
  const cannot =
    (order.revokeFirst === true ? whyNotFirst(policy) : null) ??
    askOfCaller(ledger, policy, seen) ??
    whyNotBegun(ledger, policy, seen);
  if (cannot !== null) return cannot;
  const revokeFirst = order.revokeFirst === undefined ? {} : { revokeFirst: true as const };
  return {
    do: 'record',
    change: {
      type: 'opened',
      id: seen.freshId,
      kind: 'emergency',
      reason: order.reason,
      overlap: 0,
      ...revokeFirst,
    },
  };
}

function revoke(order: Extract<Order, { do: 'revoke' }>, ledger: Ledger, policy: Policy): Step | null {
  if (order.attest !== undefined) return attest(order, order.attest, ledger, policy);
  const retiring = revocable(ledger);
  if (retiring.length === 0) {
    return stop(
      'USAGE',
      'no key is retiring, so there is nothing to revoke',
      'run keyturn status to see the keys',
    );
  }
  const rows = retiring.filter((key) => key.endNow === undefined).map((key) => key.id);
  return rows.length === 0
    ? null
    : { do: 'record', change: { type: 'ended', rows, why: `revoke: ${order.reason}` } };
}

/** The keys whose overlap `revoke` ends. */
export function revocable(ledger: Ledger): readonly Key[] {
  return ledger.keys.filter((key) => key.state === 'retiring' && !isComingBack(ledger, key));
}

/** The keys of which a person may say that they are removed, where nothing can test them. */
export function settleable(ledger: Ledger): readonly Key[] {
  return [...revocable(ledger), ...ledger.keys.filter((key) => isAbandoned(ledger, key))];
}

function attest(
  order: Extract<Order, { do: 'revoke' }>,
  who: string,
  ledger: Ledger,
  policy: Policy,
): Step | null {
  if (policy.issuer.proves) {
    return stop(
      'USAGE',
      'the issuer itself can say whether the key is dead, so no word of a person is taken for it',
      `remove the key at the issuer and run keyturn run ${ledger.credential}`,
    );
  }
  const rows = settleable(ledger).filter((key) => order.key === undefined || key.id === order.key);
  const [row] = rows;
  if (row === undefined) {
    return stop('USAGE', 'there is no such key to attest the end of', 'run keyturn status to see the keys');
  }
  if (rows.length > 1) {
    return stop(
      'USAGE',
      `several keys wait for a person: ${rows.map((key) => key.id).join(', ')}`,
      'name the one that you removed with --key ID',
    );
  }
  return { do: 'record', change: { type: 'settled', row: row.id, who, reason: order.reason } };
}

/** What forgetting a key records, or why it is refused; null: it is settled already. */
export function forget(order: Extract<Order, { do: 'forget' }>, ledger: Ledger): Step | null {
  const row =
    rowOf(ledger, order.orphan) ?? ledger.keys.find((key) => key.issuerKeyId === order.orphan) ?? null;
  const names = ledger.keys.filter(mayBeForgotten).map((key) => key.id);
  if (row === null || (!isDead(row) && !mayBeForgotten(row))) {
    const open = names.length === 0 ? 'there is none' : names.join(', ');
    return stop(
      'USAGE',
      `${order.orphan} is no possible orphan of ${ledger.credential}`,
      `name one of the possible orphans: ${open}`,
    );
  }
  if (isDead(row)) return null;
  return { do: 'record', change: { type: 'settled', row: row.id, who: order.who, reason: order.reason } };
}

/** A rollback is about to make it current again. */
function isComingBack(ledger: Ledger, key: Key): boolean {
  return key.id === ledger.rotation?.new && ledger.rotation.promotedAt === undefined;
}

/** It was made, never put in place, and its rotation is gone: a person may be the only one to end it. */
function isAbandoned(ledger: Ledger, key: Key): boolean {
  return key.state === 'pending' && key.id !== ledger.rotation?.new;
}

/** A possible key, or one that lives but can no longer be named at the issuer. */
function mayBeForgotten(key: Key): boolean {
  const isNowhere = key.valueLost === true || key.storeVersion === undefined;
  return key.state === 'possible' || (key.state === 'pending' && isNowhere);
}

/** What `adopt` does with the key that is in the store, judged before anything is written. Null: it may be adopted. */
export function adoptionRefusal(
  ledger: Ledger,
  seen: Seen,
  key: { readonly fingerprints?: Readonly<Record<string, string>>; readonly issuerKeyId?: string },
): Step | null {
  const twin = ledger.keys.find((row) => sameKeyOrId(row, key));
  if (ledger.rotation !== undefined && !givesWay(ledger, seen)) {
    return stop(
      'USAGE',
      'a rotation is open',
      `let keyturn run ${ledger.credential} finish it, or keyturn rollback ${ledger.credential} end it, then adopt`,
    );
  }
  if (twin !== undefined && (twin.revokeEntered !== undefined || twin.state === 'revoked')) {
    return stop(
      'USAGE',
      'the revocation of this key was entered, so it is not taken on',
      // A rotation would not overwrite what the ledger does not know; an emergency replaces what it finds.
      isForeign(ledger, seen)
        ? `put another key in place with keyturn emergency ${ledger.credential}`
        : 'make a new key with keyturn rotate',
    );
  }
  const sibling = seen.siblings?.find((other) => sameKeyOrId(other, key));
  if (sibling !== undefined) {
    return stop(
      'USAGE',
      `this key is live under ${sibling.credential}`,
      'give each credential a key of its own',
    );
  }
  return null;
}

/**
 * What a person takes on ends an adoption of another key that did not come to its end, and whatever else is open where
 * somebody else has put that key in place; what is to die stays owed.
 */
export function givesWay(ledger: Ledger, seen: Seen): boolean {
  const { rotation } = ledger;
  return rotation !== undefined && (rotation.kind === 'adopt' || isForeign(ledger, seen));
}

/** The key that the ledger calls current, where it is this one. */
export function alreadyManaged(ledger: Ledger, seen: Seen): Key | null {
  const current = currentRow(ledger);
  return current !== null && seen.current?.row === current.id ? current : null;
}
