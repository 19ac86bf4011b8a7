import type { Key } from '../../src/core/ledger.ts';
import { isDead } from '../../src/core/rows.ts';
import type { Secret } from '../../src/core/secret.ts';
import { saved } from './ledgers.ts';
import type { Actor } from './process.ts';
import type { Simulation } from './simulate.ts';
import type { Credential, SimKey } from './truth.ts';
import { DAY, HOUR, SECOND } from './world.ts';

/** Something has landed, sent by `actor` (null: others did it). What has changed since the last look, and may it? */
export function look(sim: Simulation, actor: Actor | null): void {
  const by = actor?.owner ?? 'others';
  for (const one of sim.credentials) {
    for (const key of one.keys) {
      const [fresh, over] = [!key.seen, key.endedAt !== null];
      if (fresh) sim.trace(`${key.id} is made for ${by}${over ? ', and does not work' : ''}`);
      else if (over && !key.over) sim.trace(`${key.id} is ended by ${by}`);
      if (fresh && actor !== null && key.mark !== null) born(actor, key);
      else if (!fresh && over && !key.over) ended(actor, one, key);
      Object.assign(key, { seen: true, over });
    }
    const { shown, values } = one;
    const current = sim.shelf.places.get(one.location)?.current ?? null;
    if (current !== shown) {
      sim.trace(`current of ${one.name} is ${one.current()?.id}, by ${by}`);
      one.before = { value: shown, at: sim.clock.time };
      one.shown = current;
      if (actor === null || actor.one === one) placed(actor, one, shown?.text.open() ?? null, one.text());
    }
    one.values = new Set(one.held().map(({ text }) => one.valueIn(text.open())));
    if (actor !== null) for (const value of values) if (!one.values.has(value)) discarded(actor, one, value);
    const ledger = sim.shelf.ledgers.get(`${one.name}\n${one.location}`)?.saved;
    if (actor !== null && ledger && ledger.revision !== one.revision) {
      one.revision = ledger.revision;
      saved(actor, ledger.document);
    }
  }
}

type Request = { mark?: string; version?: string; issuerKeyId?: string; secret?: Secret };

/** A request with an effect is about to be sent: a save of this process that names it lies a few seconds back. */
export function asked({ one, owner, saved, heard }: Actor, effect: string, request: Request): void {
  const revoked = effect === 'revoke' ? (one.named(request)?.value ?? '') : null;
  const what = revoked ?? request.mark ?? request.version ?? '';
  // What is adopted is put aside before anything is written, and a key that the issuer never knew cannot end.
  if ((effect === 'stage' && what.endsWith('.0')) || what === '') return;
  const names = (row: Key): boolean => {
    if (effect === 'stage') return row.stagedAs === what || row.rewriting === what;
    if (effect === 'promote') return row.storeVersion === what || row.rewriting !== undefined;
    if (effect !== 'revoke') return row.id === what;
    return row.revokeEntered !== undefined && (one.keyOf(row) ?? one.again.get(row.id))?.value === what;
  };
  const row = saved?.ledger.keys.find(names);
  const rewrites = row?.rewriting !== undefined && effect !== 'revoke';
  const noted = one.intended.has(`${rewrites ? 'rewrite' : effect}-intended ${row?.id}`);
  const ago = one.sim.clock.time - (saved?.at ?? 0);
  // A key that consumers may have read, and that lives, is ended only for one that works.
  const key = one.find(revoked);
  const read = row?.currentSince !== undefined && saved?.ledger.rotation?.revokeFirst !== true;
  const held = one.keyOf(saved?.ledger.keys.find(({ state }) => state === 'current'));
  const works = [one.current(), held].some((each) => each !== null && heard.get(each.value) === 'works');
  const blind = read && key !== null && one.lives(key) && one.plan.traits.proves && !works;
  one.judge(`${owner} sends ${effect} ${what}`, [
    ['I9', 'no save names it', row === undefined || !noted],
    ['I9', `its last save was ${ago / SECOND} s ago`, ago > 5 * SECOND && !rewrites],
    ['I2', 'it has not heard that the key in current works', blind],
  ]);
}

/** A key is about to be handed on: a save of this process says that this is owed and entered. */
export function handed({ one, owner, saved }: Actor, what: 'hook' | 'mirror'): void {
  const owed = saved?.ledger.owed.some(({ kind, entered }) => kind === what && entered !== undefined);
  one.judge(`${owner} reaches the ${what}`, [['I9', 'no save names it', owed !== true]]);
}

/** The issuer has made a key. */
function born({ one, began, saved }: Actor, key: SimKey): void {
  const { policy, traits } = one.plan;
  const { maxLive } = traits;
  const row = one.rowOf(key);
  // Judged by what lived when it was asked for. What is possible for all that who asked can know is not counted, nor what
  // a stranger makes.
  const known = (other: SimKey) =>
    other.mark === null || other === key
      ? one.rowOf(other)
      : saved?.ledger.keys.find(({ id }) => id === other.mark);
  const counts = (other: SimKey) =>
    (other === key || other.issuedAt <= began) &&
    !['possible', 'settled'].includes(known(other)?.state ?? 'possible');
  const over = typeof maxLive === 'number' && maxLive > 1 && one.live().filter(counts).length > maxLive;
  // One that was asked for before a person began anew, and arrives late, counts no more.
  const budgeted = row !== null && !one.emergencies.has(row.rotation) && began >= one.anew;
  const recent = one.made.filter((other) => Math.abs(began - other) < DAY - HOUR);
  if (budgeted) one.made = [...recent, began];
  one.judge(`${key.id} (${key.mark}) is made`, [
    ['I4', 'it is in no row', row === null],
    ['I4', 'it is the second of its row', one.keys.some((other) => other !== key && other.mark === key.mark)],
    ['I5', `more than ${maxLive} live`, over],
    ['I2', 'it ends whatever key lived, and nobody accepted the gap', maxLive === 1 && !policy.acceptGap],
    ['I8', 'it is the fourth within a day', budgeted && recent.length >= 3],
  ]);
}

/** The store has let go of a value; one that keyturn had lost before is nobody's to keep. */
function discarded({ owner }: Actor, one: Credential, value: string | null): void {
  const key = one.find(value);
  const row = one.ledger?.keys.find((each) => !isDead(each) && one.keyOf(each) === key);
  const holds = ({ state, valueLost }: Key): boolean => state !== 'possible' && valueLost !== true;
  const needed = key !== null && row !== undefined && holds(row) && one.lives(key);
  one.judge(`${owner} discards the value of ${key?.id}`, [['I4', 'it lives', needed]]);
}

/** The mirror, which some consumers read, holds another key now. */
export function mirrored(one: Credential, value: string | null): void {
  const [old, fresh] = [one.find(one.mirror), one.find(value)];
  if (old !== null && old !== fresh) Object.assign(old, { mirrored: false, readUntil: one.sim.clock.time });
  if (fresh !== null) fresh.mirrored = true;
  one.mirror = value;
}

/** The hook has told consumers of a key, who have held another one until now. */
export function hooked(one: Credential, value: string | null): void {
  const old = one.find(one.told);
  if (old !== null && value !== one.told && old.readUntil !== null) old.readUntil = one.sim.clock.time;
  one.told = value;
}

/** What consumers read has changed. */
function placed(actor: Actor | null, one: Credential, before: string | null, after: string | null): void {
  const { time } = one.sim.clock;
  const others = rest(one, before) !== rest(one, after);
  if (actor === null) [one.strangerAt, one.placedAt] = [time, time];
  else one.judge(`${actor.owner} changes current`, [['I1', 'and what is not its own', others]]);
  const [was, is] = [one.valueIn(before), one.valueIn(after)];
  if (was === is) return;
  if (actor !== null) one.promotes += 1;
  const [old, fresh] = [one.find(was), one.find(is)];
  if (old?.place && (old.place.known || !old.place.stranger))
    Object.assign(old, { readUntil: time + one.plan.policy.converges, overlap: one.plan.policy.overlap });
  if (old !== null) old.place = null;
  // Where nothing that works is in place, any new key is as good.
  const works = old !== null && one.lives(old) && !old.first;
  const place = { stranger: actor === null, known: false };
  if (fresh !== null) Object.assign(fresh, { place, ended: false, first: false });
  if (actor === null || !one.plan.traits.proves) return;
  const told = (fresh?.endedAt ?? 0) + one.plan.traits.settles <= actor.askedAt;
  const dead = fresh !== null && !accepts(one, fresh) && told;
  one.judge(`${actor.owner} makes ${fresh?.id} current`, [
    ['I1', 'it is no key', fresh === null],
    ['I1', 'it is dead', works && dead],
    ['I1', 'it was never seen to work', works && fresh?.accepted === false],
  ]);
}

/** Whether the issuer may say that it works: one that somebody has ended is accepted for a while yet. */
function accepts(one: Credential, key: SimKey): boolean {
  return one.lives(key) || (key.endedAt ?? 0) + one.plan.traits.settles > one.sim.clock.time;
}

/** A key has been ended. */
function ended(actor: Actor | null, one: Credential, key: SimKey): void {
  const { time } = one.sim.clock;
  const { policy, traits } = one.plan;
  if (actor === null) [one.strangerAt, one.endedAt] = [time, time];
  if (actor === null || key.first || (policy.acceptGap && traits.maxLive === 1)) return;
  // Which key a promotion ends is not said: while one that somebody has ended is still accepted, another ends for it.
  if (traits.revokesBy === 'promotion' && one.endedAt + traits.settles > actor.askedAt) return;
  // A key that is made long after it was asked for takes the one slot from a key that was asked for since.
  if (traits.revokesBy === 'replacement' && key.issuedAt > actor.began) return;
  const rows = one.ledger?.keys.filter((row) => one.keyOf(row) === key) ?? [];
  // Where a key ends because another is made, it is the issuer that does so.
  const successor = traits.revokesBy === 'replacement';
  const ours = key.mark !== null || key.given || successor || rows.some(({ id }) => one.handed.has(id));
  const what = `${actor.owner} ends ${key.id}`;
  one.judge(what, [['I4', 'it is none of ours', !ours]]);
  // One round trip lies between the last look, which follows the intention, and the end: what a stranger does then
  // cannot be seen, nor what the store does not show yet; and a request that is under way is not called back.
  const entered = Math.max(0, ...rows.map(({ id }) => one.entered.get(id) ?? 0));
  const stranger = Math.max(one.strangerAt, one.placedAt + policy.converges);
  const looked = Math.max(entered, Math.min(actor.readAt, actor.askedAt));
  if (stranger > Math.min(looked, actor.began)) return;
  const current = one.current();
  const left = key.readUntil ?? 0;
  const counts = key.readUntil !== null && !key.ended;
  const early = left + key.overlap - time;
  const gated = policy.gates.length > 0 && one.gatePassedAt < left - policy.converges;
  // For a while the issuer may have said that a key works which somebody has ended.
  const told = one.strangerAt + traits.settles > actor.askedAt;
  const works = current !== null && (accepts(one, current) || told || current.first);
  const usable = current !== null && rows.some(({ valueLost }) => valueLost !== true);
  one.judge(what, [
    ['I2', 'consumers read it now', current === key],
    ['I1', 'the mirror holds it', key.mirrored],
    ['I3', `${Math.round(early / SECOND)} s too early`, counts && early > 0],
    ['I3', 'no gate has let it go', counts && gated],
    ['I2', `the key in current (${current?.id}) does not work`, !works && (key.readUntil !== null || usable)],
  ]);
}

/** A document without the value of this credential. */
function rest({ fields }: Credential, text: string | null): string {
  if (text === null || fields === undefined) return '[]';
  return JSON.stringify(Object.entries(JSON.parse(text) as object).filter(([name]) => name !== fields.value));
}
