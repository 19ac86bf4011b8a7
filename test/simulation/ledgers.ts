import type { Key, Ledger } from '../../src/core/ledger.ts';
import { isDead } from '../../src/core/rows.ts';
import { append, EMPTY_TRAIL, expand, type TrailEntry, type TrailNote } from '../../src/core/trail.ts';
import type { Actor } from './process.ts';
import { CANARY, type Credential } from './truth.ts';
import { DAY, HOUR, MINUTE } from './world.ts';

/** A ledger has been saved: what it says is true, what it began was allowed, and nothing is missing from it. */
export function saved(actor: Actor, document: string): void {
  const { one, owner } = actor;
  const ledger = JSON.parse(document) as Ledger;
  const { rotation, keys, hold } = ledger;
  const { ledger: before } = one;
  one.ledger = ledger;
  actor.saved = { at: one.sim.clock.time, ledger };
  const notes = follow(one, ledger, before);
  const says = (event: string): boolean => notes.some((note) => note.event === event);
  for (const { event, at } of notes)
    if (event === 'rotation-failed' || event === 'same-key') one.failed.push(Date.parse(at));
  if (says('promoted')) beginAnew(one);
  if (rotation !== undefined && rotation.id !== before?.rotation?.id) opened(actor, ledger, before, says);
  for (const row of keys) {
    const was = before?.keys.find(({ id }) => id === row.id);
    const named = notes.some(({ key }) => key === row.id);
    stated(one, rotation ?? before?.rotation, row, was, named);
  }
  const alarm = hold?.kind !== before?.hold?.kind && ['foreign', 'gone', 'moved'].includes(hold?.kind ?? '');
  const adopts = before?.rotation?.kind === 'adopt' && rotation?.id !== before.rotation.id;
  const told = (id: string): boolean =>
    keys.some((row) => row.id === id) || notes.some(({ key }) => key === id);
  const dropped = before?.keys.find((row) => !adopts && !isDead(row) && !told(row.id));
  const lost = one.live().find((key) => key.mark !== null && one.rowOf(key) === null);
  one.judge(`${owner} saves a ledger`, [
    ['I6', 'there is a secret in it', document.includes(CANARY)],
    ['I7', `held (${hold?.kind}), and nobody else changed anything`, alarm && one.strangerAt === 0],
    ['I4', `the row ${dropped?.id} is dropped`, dropped !== undefined],
    ['I4', `${lost?.id} (${lost?.mark}) lives and is in no row`, lost !== undefined],
  ]);
}

/** The trail only grows, and what it said it says for ever. Gives what it says now for the first time. */
function follow(one: Credential, { trail }: Ledger, before: Ledger | null): readonly TrailNote[] {
  const { count, entries } = trail;
  const first = count - entries.length;
  const known = one.notes.slice(first, count);
  const same = known.every(({ event, at }, n) => entries[n]?.event === event && entries[n]?.at === at);
  one.judge('the trail', [
    ['I9', 'it is shorter than before', count < (before?.trail.count ?? 0)],
    ['I9', `entry ${one.notes.length + 1} is missing`, first > one.notes.length],
    ['I9', 'an entry was changed', !same],
  ]);
  for (const note of entries.slice(known.length)) {
    const { event, key = '', data } = note;
    one.notes.push(note);
    if (event === 'adopted' || event === 'key-provided') one.handed.add(key);
    if (event.endsWith('-intended')) one.intended.add(`${event} ${key}`);
    if (event === 'merged' && data?.revoking === true) one.intended.add(`revoke-intended ${key}`);
  }
  return one.notes.slice(before?.trail.count ?? 0);
}

/** A person has begun anew, or a key is in place: failures and keys that were made count no more. */
function beginAnew(one: Credential): void {
  [one.failed, one.made, one.anew] = [[], [], one.sim.clock.time];
}

/** A rotation has been opened: by a person, or by a job that finds it due and nothing against it. */
function opened(actor: Actor, ledger: Ledger, before: Ledger | null, says: (event: string) => boolean): void {
  const { one, owner, readAt, askedAt } = actor;
  const { id, kind, revokeFirst } = ledger.rotation as NonNullable<Ledger['rotation']>;
  const { time } = one.sim.clock;
  const [job, emergency] = [kind === 'scheduled', kind === 'emergency'];
  if (emergency) one.emergencies.add(id);
  else if (!job) beginAnew(one);
  const hold = before?.hold;
  // A working key in place ends some holds, and that of an emergency every one.
  const ends = before?.rotation?.kind === 'emergency' || hold?.kind === 'gone' || hold?.kind === 'dead';
  const stands = hold !== undefined && !says('hold-lifted') && !(says('promoted') && ends);
  // What a stranger did just before the last look the store may not have shown yet, and what one did since cannot be seen.
  const shown = readAt >= one.strangerAt + one.plan.policy.converges && askedAt >= one.strangerAt;
  const current = one.current();
  const row = before?.keys.find(({ state }) => state === 'current');
  const works = current !== null && one.lives(current) && row?.revokeEntered === undefined;
  const sound = job && works && shown;
  const pause = Math.min(HOUR * 2 ** (one.failed.length - 1), DAY) - 6 * MINUTE;
  const young = Date.parse(row?.issuedAt ?? '1970') > time - 30 * DAY;
  one.judge(`${owner} opens a rotation (${kind})`, [
    ['I8', `held: ${hold?.reason}`, job && stands],
    ['I8', 'too soon after one that failed', sound && time < (one.failed.at(-1) ?? 0) + pause],
    ['I8', `${current?.id} is not due`, sound && young && current.expiresAt > time + 25 * DAY],
    ['I3', 'an emergency that nobody asked for', emergency && !one.allowed.emergency],
    ['I2', 'revoke-first, and nobody asked for it', revokeFirst === true && !one.allowed.revokeFirst],
  ]);
  if (emergency) for (const key of one.keys) key.ended = true;
}

/** A row was saved: a person has asked for what only a person may, what it says of its key is so, and the trail tells why. */
function stated(
  one: Credential,
  rotation: Ledger['rotation'],
  row: Key,
  was: Key | undefined,
  named: boolean,
): void {
  const { time } = one.sim.clock;
  const { id, state, proof, endNow, revokeEntered } = row;
  const { emergency, revoke, settle, overlap } = one.allowed;
  if (revokeEntered !== was?.revokeEntered || row.tries !== was?.tries) one.entered.set(id, time);
  const key = one.keyOf(row);
  const retires = state === 'retiring' && (was?.state !== 'retiring' || was.overlap !== row.overlap);
  const given = key !== null && retires ? row.overlap : undefined;
  const kind = rotation?.kind ?? 'scheduled';
  const least =
    kind === 'emergency' ? 0 : Math.min(one.plan.policy.overlap, kind === 'scheduled' ? Infinity : overlap);
  const fresh = state !== was?.state;
  const passed = proof?.who?.includes('not adopted') === true;
  const said = named || passed || (state === 'retiring' && was?.state === 'current');
  const settles = one.plan.traits.revokesBy === 'nothing' || settle || passed;
  const revoked = fresh && state === 'revoked' && key !== null;
  const expired = proof?.by === 'expiry' && (key?.expiresAt ?? Infinity) <= time;
  // Where nothing is left to ask with, the answer to the revocation is all there is.
  const unasked = !one.plan.traits.lists && (row.valueLost === true || !one.values.has(key?.value ?? null));
  const proven = proof?.by === 'issuer' ? key?.calledDead === true || unasked : expired;
  one.judge(`${id} is saved as ${state}`, [
    [
      'I3',
      'its overlap is ended by nobody',
      endNow !== undefined &&
        endNow !== was?.endNow &&
        !(endNow === 'emergency' ? emergency : revoke && was?.state !== 'current'),
    ],
    ['I3', 'it has an overlap that nobody asked for', (given ?? Infinity) < least],
    ['I9', 'no entry says so', fresh && !said],
    ['I10', `${key?.id} lives`, revoked && one.lives(key)],
    ['I10', `the ${proof?.by} has not said so`, revoked && !proven],
    ['I10', 'nobody has said so', fresh && state === 'settled' && !settles],
  ]);
  if (key === null) return;
  if (state === 'current' && key.place) key.place.known = true;
  if (rotation?.revokeFirst === true && id === rotation.old) key.first = true;
  // What was sent before an emergency was called off cannot be taken back.
  key.ended = endNow !== undefined || (key.ended && revokeEntered !== undefined);
  key.overlap = given ?? key.overlap;
}

/** The sink is given some of the trail. */
export function sink(one: Credential, entries: readonly TrailEntry[]): void {
  for (const entry of entries) {
    const { n, prev, hash } = entry;
    one.judge(`the sink gets entry ${n}`, [
      ['I6', 'there is a secret in it', JSON.stringify(entry).includes(CANARY)],
      ['I9', 'it had another form before', (one.sunk[n - 1] ?? entry).hash !== hash],
      ['I9', 'there is a gap or a fork before it', n > 1 && one.sunk[n - 2]?.hash !== prev],
    ]);
    one.sunk[n - 1] = entry;
  }
}

/** Computes the whole chain again. Slow, so once at the end, and not in every schedule. */
export function verifyTrail(one: Credential): void {
  if (one.ledger === null) return;
  const { trail, credential } = one.ledger;
  const again = one.notes.reduce((so, note) => append(so, credential, note), EMPTY_TRAIL);
  const waiting = expand(trail, credential).at(-1);
  one.judge('the trail', [
    ['I9', 'the chain does not verify', again.head !== trail.head || again.count !== trail.count],
    ['I9', 'the waiting entries do not lead to the head', (waiting?.hash ?? trail.head) !== trail.head],
  ]);
}
