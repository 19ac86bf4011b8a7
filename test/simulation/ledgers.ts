import { createHash } from 'node:crypto';
import type { Key, Ledger } from '../../src/core/ledger.ts';
import type { TrailEntry, TrailNote } from '../../src/core/trail.ts';
import type { Actor } from './process.ts';
import { written } from './reach.ts';
import { CANARY, type Credential } from './truth.ts';
import { DAY, HOUR, MINUTE } from './world.ts';

/** What one save has changed. */
interface Saved {
  readonly one: Credential;
  readonly ledger: Ledger;
  readonly before: Ledger | null;
  readonly notes: readonly TrailNote[];
  readonly calledOff: boolean; // an emergency ended before its key was in place: it allows nothing more
}

/** A ledger has been saved: what it says is true, what it began was allowed, and nothing is missing from it. */
export function saved(actor: Actor, document: string): void {
  const { one, owner } = actor;
  const ledger = JSON.parse(document) as Ledger;
  const { rotation, hold } = ledger;
  const { ledger: before } = one;
  one.ledger = ledger;
  actor.saved = { at: one.sim.clock.time, ledger };
  const notes = follow(one, ledger);
  if (rotation?.kind === 'scheduled' && rotation.id !== before?.rotation?.id) opened(actor, ledger, before);
  const placed =
    before?.rotation?.promotedAt !== undefined || notes.some(({ event }) => event === 'promoted');
  const over = before?.rotation?.kind === 'emergency' && before.rotation.id !== rotation?.id;
  for (const row of ledger.keys) {
    const was = before?.keys.find(({ id }) => id === row.id);
    const change = { one, ledger, before, notes, calledOff: over && !placed };
    stated(change, row, was);
    allow(change, row, was);
  }
  const { sink } = one.sim.schedule;
  const unheard =
    sink === 'required' && rotation?.kind !== 'emergency' && one.sunk.length < (before?.trail.count ?? 0);
  const goesOn = notes.some(({ event }) => event.endsWith('-intended') && event !== 'stage-intended');
  const goesBack = rotation?.kind === 'rollback' && rotation.id !== before?.rotation?.id;
  const alarm = hold?.kind !== before?.hold?.kind && ['foreign', 'gone', 'moved'].includes(hold?.kind ?? '');
  const lifts = notes.some(({ event }) => ['hold-lifted', 'promoted', 'adopted'].includes(event));
  const dropped = before?.hold !== undefined && hold === undefined && !lifts;
  // An adoption that was called off, and whose promote has landed all the same, is a person's to take on.
  const givenUp = ledger.keys.some((row) => row.state === 'settled' && row.promoteEntered !== undefined);
  const alone = one.strangerPlacedAt === 0 && one.strangerEndedAt === 0 && !givenUp;
  one.judge(`${owner} saves a ledger`, [
    ['I6', 'there is a secret in it', document.includes(CANARY)],
    ['I9', 'the required sink lacks what was saved before', goesOn && unheard],
    ['I7', `held (${hold?.kind}), and nobody else changed anything`, alarm && alone],
    ['I8', 'it goes back and holds nothing', goesBack && hold === undefined],
    ['I8', 'a hold is gone, and nothing has lifted it', dropped],
  ]);
}

/** The trail only grows, and what it said it says for ever. Gives what it says now for the first time. */
function follow(one: Credential, { trail }: Ledger): readonly TrailNote[] {
  const { count, entries } = trail;
  const [first, length] = [count - entries.length, one.notes.length];
  const past = one.notes.slice(first);
  const same = past.every(({ event, at }, n) => entries[n]?.event === event && entries[n]?.at === at);
  one.judge('the trail', [['I9', 'it does not go on from what it said', !same || first > length]]);
  const fresh = entries.slice(Math.max(length - first, 0));
  for (const { event, key, data } of fresh) {
    const revokes = event === 'merged' && data?.revoking === true;
    one.mirrorKnown ||= event === 'mirrors-owed';
    one.said.set(`${revokes ? 'revoke-intended' : event} ${key}`, one.sim.clock.time);
  }
  one.notes.push(...fresh);
  one.sim.reached.push(...fresh.map(written));
  return fresh;
}

/** A job has opened a rotation: it finds it due, and nothing against it. */
function opened({ one, owner, readAt, askedAt }: Actor, { hold }: Ledger, before: Ledger | null): void {
  const { time } = one.sim.clock;
  // What a stranger did just before the last look the store may not have shown yet, and what one did since cannot be seen.
  const stranger = Math.max(one.strangerPlacedAt, one.strangerEndedAt);
  const shown = readAt >= stranger + one.plan.policy.converges && askedAt >= stranger;
  const current = one.current();
  const row = before?.keys.find(({ state }) => state === 'current');
  const sound = current !== null && one.lives(current) && row?.revokeEntered === undefined && shown;
  const failed = one.lately().filter(({ event }) => event === 'rotation-failed' || event === 'same-key');
  const pause = Math.min(HOUR * 2 ** (failed.length - 1), DAY) - 6 * MINUTE;
  const young = Date.parse(row?.issuedAt ?? '1970') > time - 30 * DAY;
  one.judge(`${owner} opens a rotation`, [
    ['I8', `held: ${hold?.reason}`, hold !== undefined],
    ['I8', 'too soon after one that failed', sound && time < Date.parse(failed.at(-1)?.at ?? '1970') + pause],
    ['I8', `${current?.id} is not due`, sound && young && current.expiresAt > time + 25 * DAY],
  ]);
}

/** A row is saved: a person has asked for what only a person may, its state is so, and the trail tells why. */
function stated({ one, ledger, before, notes }: Saved, row: Key, was: Key | undefined): void {
  const { id, state, proof, overlap = Infinity } = row;
  const { lists, revokesBy } = one.plan.traits;
  const key = one.keyOf(row);
  const fresh = state !== was?.state;
  const under = [before?.rotation?.kind, ledger.rotation?.kind];
  const byHand = under.includes('manual') || under.includes('rollback');
  const typed = under.includes('emergency') ? 0 : byHand ? one.allowed.overlap : Infinity;
  const short = overlap !== was?.overlap && overlap < Math.min(one.plan.policy.overlap, typed);
  const passed = proof?.who?.includes('not adopted') === true && key?.mark !== id;
  const retires = state === 'retiring' && was?.state === 'current';
  const said = passed || retires || notes.some((note) => note.key === id);
  const entry = (event: string): boolean => notes.some((note) => note.key === id && note.event === event);
  const answered = row.revokeAnswered !== undefined && row.revokeAnswered !== was?.revokeAnswered;
  const [stored, kept] = [was?.storeVersion !== undefined, row.storeVersion !== undefined];
  const copies = ledger.keys.flatMap(({ storeVersion, spares = [] }) => [storeVersion, ...spares]);
  const passedOn = copies.includes(was?.storeVersion);
  const nameable = kept && row.valueLost !== true && revokesBy !== 'id';
  const settles = passed || one.allowed.settle || revokesBy === 'nothing';
  // Where nothing is left to ask with, the answer to the revocation is all there is. A list names keys by their ids.
  const held = row.valueLost !== true && one.seen.values.has(key?.value ?? null);
  const asks = held || (lists && revokesBy === 'id');
  const expired = proof?.by === 'expiry' && (key?.expiresAt ?? Infinity) <= one.sim.clock.time;
  const proven = proof?.by === 'issuer' ? key?.calledDead === true || !asks : expired;
  const dead = key === null || (!one.lives(key) && proven);
  one.judge(`${id} is saved as ${state}`, [
    ['I3', 'it has an overlap that nobody asked for', state === 'retiring' && short],
    ['I9', 'no entry says so', fresh && !said],
    ['I9', 'no entry says that the issuer has ended it', answered && !entry('revoke-sent')],
    ['I9', 'no entry says that it was staged', was !== undefined && !stored && kept && !entry('staged')],
    ['I9', 'no entry says that its value is gone', stored && !kept && !passedOn && !entry('value-discarded')],
    ['I10', `${key?.id} lives, or the ${proof?.by} has not said so`, fresh && state === 'revoked' && !dead],
    ['I10', 'nobody has said so', fresh && state === 'settled' && !settles],
    ['I4', 'its value is known', fresh && state === 'possible' && nameable],
  ]);
}

/** What a person asked for holds of the key that the ledger says it of. */
function allow({ one, ledger, calledOff }: Saved, row: Key, was: Key | undefined): void {
  const { rotation } = ledger;
  const { id, state, endNow, revokeEntered } = row;
  const { emergency, revoke, revokeFirst } = one.allowed;
  const key = one.keyOf(row);
  if (key === null || state === 'possible') return;
  if (state === 'current' && one.current() === key) key.readUntil = Infinity;
  // What was sent before an emergency was called off cannot be taken back.
  const anew = endNow === undefined || (endNow === 'emergency' && calledOff);
  if (revokeEntered === undefined && anew) key.ends = 'in time';
  // A person who types revoke means what retires by then.
  const typed =
    endNow === 'emergency'
      ? emergency && rotation?.kind === 'emergency'
      : revoke && endNow !== was?.endNow && was?.state !== 'current';
  if (rotation?.revokeFirst === true && id === rotation.old && revokeFirst) key.ends = 'first';
  else if (endNow !== undefined && typed && key.ends === 'in time') key.ends = 'at once';
}

/** The sink is given some of the trail. */
export function sink(one: Credential, entries: readonly TrailEntry[]): void {
  for (const entry of entries) {
    const { n, prev, hash } = entry;
    const fork = (one.sunk[n - 1] ?? entry).hash !== hash || (n > 1 && one.sunk[n - 2]?.hash !== prev);
    one.judge(`the sink gets entry ${n}`, [
      ['I6', 'there is a secret in it', JSON.stringify(entry).includes(CANARY)],
      ['I9', 'there is a gap or a fork before it', fork],
    ]);
    one.sunk[n - 1] = entry;
  }
}

/** Computes the whole chain again, with nothing of keyturn. Slow, so once at the end, and not in every schedule. */
export function verifyTrail(one: Credential): void {
  if (one.ledger === null) return;
  const { trail, credential } = one.ledger;
  const { entries, base, head, count } = trail;
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const chain = (from: string, notes: readonly TrailNote[]): string =>
    notes.reduce((prev, note, at) => {
      const n = count - notes.length + at + 1;
      return hash(JSON.stringify(sorted({ ...note, n, credential, prev })));
    }, from);
  one.judge('the trail', [
    ['I9', 'the chain does not verify', chain('0'.repeat(64), one.notes) !== head],
    ['I9', 'the waiting entries do not lead to the head', chain(base, entries) !== head],
  ]);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, inner]) => [name, sorted(inner)]));
}
