import { type KeyFacts, toMs } from '../credential.ts';
import type { ListedKey } from '../issuer.ts';
import type { Key, Ledger, Rotation } from '../ledger.ts';
import { dueAt, keyBudgetUntil, type Policy } from '../policy.ts';
import {
  currentRow,
  isDead,
  isLive,
  isStale,
  LATE_CREATE,
  rowOf,
  sameId,
  sameKey,
  settledAt,
} from '../rows.ts';
import { appeared } from './appeared.ts';
import { fullEmergencyHint, gapNotAccepted, isSaidDead } from './asking.ts';
import type { Step } from './changes.ts';
import { wasListedBefore } from './own-id.ts';
import { revocation } from './revocation.ts';
import type { Seen } from './seen.ts';
import { emergencyCommand, isActive, look, mayBeOld, retryStep, stop } from './steps.ts';

/** The phase in which a key comes to exist at the issuer. */
export function creation(ledger: Ledger, policy: Policy, seen: Seen, rotation: Rotation, now: number): Step {
  const row = rowOf(ledger, rotation.new);
  if (policy.issuer.secretFrom === 'operator' || rotation.kind === 'adopt')
    return operatorMade(ledger, policy, rotation, row, now);
  if (policy.issuer.secretFrom === 'client') return clientMade(ledger, policy, seen, rotation, row, now);
  if (row?.state === 'intended' && rotation.entered !== undefined)
    return afterIntention(ledger, policy, seen, row);
  return beforeIntention(ledger, policy, seen, rotation, now);
}

function beforeIntention(ledger: Ledger, policy: Policy, seen: Seen, rotation: Rotation, now: number): Step {
  const blocked =
    killFirst(ledger, policy, seen, rotation, now) ?? mayCreate(ledger, policy, seen, rotation, now);
  return blocked ?? { do: 'intend', effect: { kind: 'create', row: `${rotation.id}.${rotation.attempt}` } };
}

/** With `--revoke-first` the key that is being abused dies before its successor exists. */
function killFirst(ledger: Ledger, policy: Policy, seen: Seen, rotation: Rotation, now: number): Step | null {
  const old = rowOf(ledger, rotation.old);
  if (rotation.revokeFirst !== true || old === null) return null;
  const step = revocation(ledger, policy, seen, old, now);
  // Once the issuer has answered that it is revoked, consumers need the next key more than the proof of that.
  return step !== null && !isActive(step) && old.revokeAnswered !== undefined ? null : step;
}

function mayCreate(ledger: Ledger, policy: Policy, seen: Seen, rotation: Rotation, now: number): Step | null {
  if (rotation.nextTry !== undefined && toMs(rotation.nextTry) > now) {
    return retryStep('retry', rotation.lastError ?? 'a new attempt is due soon', undefined, rotation, now);
  }
  const urgent = rotation.kind === 'emergency' || seen.current === null;
  if (!urgent && isStale(ledger, policy, seen)) return mayBeOld(now);
  const budget = rotation.kind === 'emergency' ? null : keyBudgetUntil(ledger.made, now);
  if (budget !== null) return budgetSpent(ledger, policy, seen, rotation);
  // What could stop the rotation after the key is made is asked before it is made.
  if (seen.siblings === undefined) return look({ what: 'siblings' });
  const dangling = ledger.keys.find((key) => key.state === 'intended' && key.id !== rotation.new);
  if (dangling !== undefined) return whetherMade(ledger, policy, seen, dangling);
  return slotFree(ledger, policy, seen, rotation) ?? wantsList(policy, seen, rotation);
}

/** Where a lost request has ended the key that consumers read, nobody may wait until tomorrow. */
function budgetSpent(ledger: Ledger, policy: Policy, seen: Seen, rotation: Rotation): Step {
  const current = currentRow(ledger);
  if (current !== null && policy.issuer.proves && seen.works[current.id] === undefined)
    return look({ what: 'works', row: current.id });
  const spent = `three keys were asked for within a day and none is in place (last: ${rotation.lastError ?? 'no reason recorded'})`;
  if (current !== null && isSaidDead(current, policy, seen)) {
    const hint = `run ${emergencyCommand(ledger)} now to put a working key in place, and mend the cause`;
    return stop('UNSAFE', `the key in current is dead; ${spent}`, hint);
  }
  return stop(
    'PERSON',
    spent,
    'mend the cause, settle possible orphans that keyturn audit names, and run again tomorrow or use keyturn emergency',
  );
}

/** Slots are counted before a key is asked for. A full set is a refusal that lists it, never a deletion. */
function slotFree(ledger: Ledger, policy: Policy, seen: Seen, rotation: Rotation): Step | null {
  const { maxLive, can } = policy.issuer;
  if (maxLive === 1) return rotation.revokeFirst === true ? null : gapNotAccepted(policy);
  if (can.slots && seen.slots === undefined) return look({ what: 'slots' });
  const max = seen.slots?.max ?? (maxLive === 'unknown' ? null : maxLive);
  if (max === null) return null;
  const unasked = ledger.keys.find(
    (key) => isLive(key) && key.storeVersion !== undefined && seen.works[key.id] === undefined,
  );
  const used =
    seen.slots?.used ?? ledger.keys.filter((key) => isLive(key) && !isSaidDead(key, policy, seen)).length;
  if (used < max) return null;
  // A key may have ended by itself, or by somebody's hand.
  if (seen.slots === undefined && policy.issuer.proves && unasked !== undefined)
    return look({ what: 'works', row: unasked.id });
  const names = seen.slots === undefined ? undefined : holders(ledger, seen, seen.slots.keys);
  return stop(
    'FULL',
    `all ${max} slots at the issuer are taken${names === undefined ? '' : `: ${names}`}`,
    fullHint(ledger, policy, seen),
  );
}

function fullHint(ledger: Ledger, policy: Policy, seen: Seen): string {
  const inPlace = rowOf(ledger, seen.current?.row ?? undefined);
  const held = currentRow(ledger);
  // While no key that may stay is in place, no other may be ended, so that no slot comes free by itself.
  const isElsewhere = seen.current === null || (inPlace !== null && inPlace.id !== held?.id);
  if (isElsewhere && !isStale(ledger, policy, seen)) {
    const other = 'remove a key that nobody needs at the issuer by hand';
    return held === null
      ? other
      : `the value of ${held.id} is gone from the store: put it back by hand, or ${other}`;
  }
  if (ledger.rotation?.kind === 'emergency') return fullEmergencyHint(ledger, policy);
  return 'end the overlap of a retiring key with keyturn revoke, or remove a key that nobody needs at the issuer';
}

const HOLDERS_NAMED = 12;

/** What takes the slots, and whose each is. */
function holders(ledger: Ledger, seen: Seen, keys: readonly ListedKey[]): string {
  const named = keys.slice(0, HOLDERS_NAMED).map((listed) => {
    const isListed = (key: { readonly id?: string; readonly issuerKeyId?: string | undefined }): boolean =>
      sameId(key, listed) || (key.id !== undefined && key.id === listed.mark);
    const own = ledger.keys.find(isListed);
    const sibling = seen.siblings?.find(isListed);
    const whose =
      own !== undefined
        ? `${own.id}, ${own.state}`
        : sibling !== undefined
          ? `of ${sibling.credential}`
          : listed.mark === undefined
            ? 'not ours'
            : `made by keyturn, and no ledger here knows it; see keyturn audit ${ledger.credential}`;
    const name = listed.name === undefined ? '' : ` "${listed.name}"`;
    return `${listed.issuerKeyId}${name} (${whose})`;
  });
  const more = keys.length - named.length;
  return `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/**
 * The list is taken before: what is not in it may be the new key, and what is in it never is. An emergency asks for it
 * only where a lost reply can be guessed from nothing else.
 */
function wantsList(policy: Policy, seen: Seen, { kind }: Rotation): Step | null {
  const { can, marks } = policy.issuer;
  if (!can.list || seen.listed !== undefined) return null;
  if (marks && can.find && (kind === 'emergency' || seen.slots !== undefined)) return null;
  return look({ what: 'listed' });
}

/** The request may have had its effect, or may still. It is never sent again under the same mark. */
function afterIntention(ledger: Ledger, policy: Policy, seen: Seen, row: Key): Step {
  if (seen.entered === `create:${row.id}`) return { do: 'act', effect: { kind: 'create', row: row.id } };
  return whetherMade(ledger, policy, seen, row);
}

/** What the issuer can say of a key that was asked for and never seen. */
export function whetherMade(ledger: Ledger, policy: Policy, seen: Seen, row: Key): Step {
  const { can, marks } = policy.issuer;
  if (can.find && marks) {
    const found = seen.found[row.id];
    if (found === undefined) return look({ what: 'found', row: row.id });
    const isNew = found !== null && !wasListedBefore(row, found.issuerKeyId);
    if (isNew && endsById(policy)) return foundAs(ledger, row, found);
    const suspects = isNew ? { suspects: [found.issuerKeyId] } : {};
    return { do: 'record', change: { type: 'possible', row: row.id, ...suspects } };
  }
  if (can.list && row.listedBefore !== undefined) {
    const suspects = appeared(ledger, seen, row, row.listedBefore);
    if ('do' in suspects) return suspects;
    return { do: 'record', change: { type: 'possible', row: row.id, suspects } };
  }
  return { do: 'record', change: { type: 'possible', row: row.id } };
}

/** A possible key that carries a mark is looked for again: it may turn up, or be told to have never been made. */
export function searchAgain(ledger: Ledger, policy: Policy, seen: Seen, row: Key): Step | null {
  if (!policy.issuer.can.find || !policy.issuer.marks) return null;
  const found = seen.found[row.id];
  if (found === undefined) return look({ what: 'found', row: row.id });
  if (found !== null) {
    // Without its value it could be found, but not ended: it stays with those that a person settles. So does one that
    // is found as another key.
    if (!endsById(policy) || wasListedBefore(row, found.issuerKeyId)) return null;
    return foundAs(ledger, row, found);
  }
  const to = row.window?.to ?? row.window?.from;
  if (to === undefined || (seen.foundAt[row.id] ?? 0) < toMs(to) + LATE_CREATE) return null;
  return { do: 'record', change: { type: 'never-made', row: row.id } };
}

/** An issuer may have given the same key once more: then it has a row already, and is not to end with this one. */
function foundAs(ledger: Ledger, row: Key, { issuerKeyId, facts }: ListedKey): Step {
  const twin = ledger.keys.some(
    (key) => key.id !== row.id && !isDead(key) && key.issuerKeyId === issuerKeyId,
  );
  if (twin) return { do: 'record', change: { type: 'never-made', row: row.id } };
  return { do: 'record', change: { type: 'found', row: row.id, facts: { ...facts, issuerKeyId } } };
}

function endsById(policy: Policy): boolean {
  return policy.issuer.revokesBy === 'id' && policy.issuer.can.revoke;
}

/** What is staged is the secret; here it becomes known at the issuer. */
function clientMade(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  rotation: Rotation,
  row: Key | null,
  now: number,
): Step {
  if (row?.storeVersion === undefined) {
    const blocked =
      killFirst(ledger, policy, seen, rotation, now) ?? mayCreate(ledger, policy, seen, rotation, now);
    return blocked ?? { do: 'record', change: { type: 'entered-phase', phase: 'stage' } };
  }
  if (!policy.issuer.can.register)
    return { do: 'record', change: { type: 'entered-phase', phase: 'verify' } };
  if (rotation.entered === undefined) {
    if (rotation.nextTry !== undefined && toMs(rotation.nextTry) > now) {
      return retryStep('retry', rotation.lastError ?? 'a new attempt is due soon', undefined, rotation, now);
    }
    return wantsList(policy, seen, rotation) ?? { do: 'intend', effect: { kind: 'register', row: row.id } };
  }
  if (seen.entered === `register:${row.id}`) return { do: 'act', effect: { kind: 'register', row: row.id } };
  return afterRegistration(ledger, policy, seen, row, now);
}

/** The secret is known, so the issuer itself can say whether the registration went through. */
function afterRegistration(ledger: Ledger, policy: Policy, seen: Seen, row: Key, now: number): Step {
  const own = seen.works[row.id];
  if (own === undefined) return look({ what: 'works', row: row.id });
  if (own.verdict === 'works') {
    const id = newId(ledger, policy, seen, row);
    if (id !== null && typeof id !== 'string') return id;
    const facts = id === null ? own.facts : { ...own.facts, issuerKeyId: id };
    return { do: 'record', change: { type: 'registered', row: row.id, facts } };
  }
  if (own.verdict === 'unknown' || own.askedAt < settledAt(row, policy, seen.clock)) {
    return retryStep(
      'retry',
      `whether ${row.id} was registered could not be told: ${own.message}`,
      undefined,
      {},
      now,
    );
  }
  return { do: 'record', change: { type: 'given-up', row: row.id, why: own.message } };
}

/**
 * The id of a secret that was invented here, was not known before, and is known now: the one id that appeared in the
 * list. Null: there is no such list, or more than one appeared.
 */
function newId(ledger: Ledger, policy: Policy, seen: Seen, row: Key): Step | string | null {
  if (!policy.issuer.can.list || row.listedBefore === undefined || row.issuerKeyId !== undefined) return null;
  const ids = appeared(ledger, seen, row, row.listedBefore);
  if ('do' in ids) return ids;
  const [id, ...others] = ids;
  return id === undefined || others.length > 0 ? null : id;
}

/** A person makes the key: the rotation parks, durably, until it is handed over. */
function operatorMade(
  ledger: Ledger,
  policy: Policy,
  rotation: Rotation,
  row: Key | null,
  now: number,
): Step {
  const id = row?.id ?? `${rotation.id}.${rotation.attempt}`;
  if (rotation.waiting === undefined) return { do: 'record', change: { type: 'parked', row: id } };
  const current = currentRow(ledger);
  const deadline = current === null ? null : dueAt(current, policy);
  const late = deadline !== null && now > deadline;
  return {
    do: 'wait',
    for: 'operator',
    reason: 'a person makes a key at the issuer and hands it over',
    until: null,
    late,
  };
}

/** The credential, or the row here, that already has this key; null: it is new. */
export function knownAs(
  ledger: Ledger,
  seen: Seen,
  row: Pick<Key, 'id' | 'issuerKeyId' | 'fingerprints'>,
): string | null {
  // One that a person handed over before, and that was not taken on then, may be handed over again.
  const adopts = ledger.rotation?.kind === 'adopt';
  const here = ledger.keys.find(
    (key) => key.id !== row.id && sameKey(key, row) && !(adopts && key.state === 'settled'),
  );
  if (here !== undefined) return here.id;
  return seen.siblings?.find((key) => sameKey(key, row))?.credential ?? null;
}

/** Whether the issuer gave a key of somebody else, or the id of one, for the new one. */
export function isStrangers(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  id: string,
  facts: KeyFacts,
): boolean {
  const { issuerKeyId } = facts;
  if (policy.issuer.revokesBy !== 'id' || issuerKeyId === undefined) return false;
  const before = seen.listed ?? seen.slots?.keys ?? [];
  const isOld = before.some((key) => key.issuerKeyId === issuerKeyId);
  if (!isOld && !wasListedBefore(rowOf(ledger, id), issuerKeyId)) return false;
  return knownAs(ledger, seen, { ...facts, id }) === null;
}
