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
    const was = one.seen;
    const now = one.view();
    one.seen = now;
    const made = one.keys.slice(was.keys);
    for (const key of now.over) {
      if (was.over.includes(key) || made.includes(key)) continue;
      sim.trace(`${key.id} is ended by ${by}`);
      key.endedHere = actor !== null;
      if (actor === null) one.strangerEndedAt = sim.clock.time;
      else if (sim.clock.time < key.expiresAt) ended(actor, one, key);
    }
    for (const key of made) {
      sim.trace(`${key.id} is made for ${by}${now.over.includes(key) ? ', and does not work' : ''}`);
      if (actor !== null && key.mark !== null) born(actor, key);
    }
    if (now.current !== was.current) {
      sim.trace(`current of ${one.name} is ${one.current()?.id}, by ${by}`);
      one.before.push({ value: was.current, until: sim.clock.time });
      if (actor === null || actor.one === one)
        placed(actor, one, was.current?.text.open() ?? null, one.text());
    }
    if (actor === null) continue;
    for (const value of was.values) if (!now.values.has(value)) discarded(actor, one, value);
    if (now.ledger && now.ledger !== was.ledger) saved(actor, now.ledger.document);
    const lost = one.live().find((key) => one.owns(key) && one.rowsOf(key).length === 0);
    one.judge(`after what ${by} did`, [
      ['I4', `${lost?.id} (${lost?.mark}) lives and is in no row`, lost !== undefined],
    ]);
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
  const noted = one.said.has(`${rewrites ? 'rewrite' : effect}-intended ${row?.id}`);
  const ago = one.sim.clock.time - (saved?.at ?? 0);
  // A key that consumers may have read, and that lives, is ended only for one that works.
  const key = one.find(revoked);
  const { revokeFirst, old } = saved?.ledger.rotation ?? {};
  const read = row?.currentSince !== undefined && !(revokeFirst && row.id === old);
  const held = one.keyOf(saved?.ledger.keys.find(({ state }) => state === 'current'));
  const shown = one.stale().map((value) => one.find(one.valueIn(value?.text.open())));
  const worked = (each: SimKey | null): boolean => each !== null && heard.get(each.value) === 'works';
  const works = [one.current(), ...shown, held].some(worked);
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
  // Judged by what lived when it was asked for, and was in the ledger of who asked. Possible keys are not counted.
  const rows = saved?.ledger.keys.filter(({ state }) => state !== 'possible' && state !== 'settled') ?? [];
  const counts = (other: SimKey): boolean =>
    (other === key || other.issuedAt <= began) && rows.some((row) => one.keyOf(row) === other);
  const over = typeof maxLive === 'number' && maxLive > 1 && one.live().filter(counts).length > maxLive;
  const opened = one
    .lately()
    .filter(({ event, data }) => event === 'rotation-opened' && data?.kind !== 'emergency');
  const budget = one.keys.filter(
    ({ mark, issuedAt }) =>
      issuedAt > key.issuedAt - DAY + HOUR && opened.some(({ rotation }) => mark?.startsWith(`${rotation}.`)),
  );
  one.judge(`${key.id} (${key.mark}) is made`, [
    ['I4', 'it is the second of its row', one.keys.some((other) => other !== key && other.mark === key.mark)],
    ['I5', `more than ${maxLive} live`, over],
    ['I2', 'it ends whatever key lived, and nobody accepted the gap', maxLive === 1 && !policy.acceptGap],
    ['I8', 'it is the fourth within a day', budget.includes(key) && budget.length > 3],
  ]);
}

/** The store has let go of a value; one that keyturn had lost before is nobody's to keep. */
function discarded({ owner }: Actor, one: Credential, value: string | null): void {
  const key = one.find(value);
  const holds = (row: Key): boolean => !isDead(row) && row.valueLost !== true;
  const needed = key !== null && one.lives(key) && one.rowsOf(key).some(holds);
  one.judge(`${owner} discards the value of ${key?.id}`, [['I4', 'it lives', needed]]);
}

/**
 * Consumers who read the mirror, or are told by the hook, have another key from now on. Of what somebody else wrote into
 * the mirror, and keyturn replaced before it could see that, nothing is promised.
 */
export function handOn(one: Credential, by: 'mirror' | 'told', value: string | null): void {
  const old = one.find(one[by]);
  const counts = by === 'told' || one.mirrorKnown;
  if (counts && old !== null && value !== one[by] && old.readUntil !== Infinity)
    old.readUntil = one.sim.clock.time;
  one[by] = value;
  if (by === 'mirror') one.mirrorKnown = true;
}

/** What consumers read has changed. */
function placed(actor: Actor | null, one: Credential, before: string | null, after: string | null): void {
  const others = rest(one, before) !== rest(one, after);
  if (actor === null) one.strangerPlacedAt = one.sim.clock.time;
  else one.judge(`${actor.owner} changes current`, [['I1', 'and what is not its own', others]]);
  const [was, is] = [one.valueIn(before), one.valueIn(after)];
  if (was === is) return;
  const [old, fresh] = [one.find(was), one.find(is)];
  if (old?.readUntil === Infinity) old.readUntil = one.sim.clock.time;
  if (actor === null) return;
  if (fresh !== null) fresh.ends = 'in time';
  one.promotes += 1;
  if (fresh !== null) fresh.readUntil = Infinity;
  if (!one.plan.traits.proves) return;
  // Where nothing that works is in place, any new key is as good.
  const works = old !== null && one.lives(old) && old.ends !== 'first';
  // One that somebody else has ended is accepted for a while yet, and a request that is under way is not called back.
  const over = (fresh?.endedAt ?? fresh?.expiresAt ?? 0) + one.plan.traits.settles;
  const dead = fresh?.endedHere === true || over <= Math.min(actor.askedAt, actor.began);
  one.judge(`${actor.owner} makes ${fresh?.id} current`, [
    ['I1', 'it is no key', fresh === null],
    ['I1', 'it is dead', works && dead],
    ['I1', 'it was never seen to work', works && fresh?.accepted === false],
  ]);
}

/** A person is told to remove a key, which is as good as ending it; what was put in place since the look is not known. */
export function told(actor: Actor, text: string): void {
  const { one, readAt } = actor;
  const id = /removes? (\S+) at the issuer/.exec(text)?.[1];
  const key = one.keyOf(one.ledger?.keys.find((row) => row.id === id));
  const changed = (one.before.at(-1)?.until ?? 0) > readAt;
  if (key !== null && one.lives(key) && !changed) ended(actor, one, key);
}

/** A key has been ended by keyturn. */
function ended(actor: Actor, one: Credential, key: SimKey): void {
  const { policy, traits } = one.plan;
  // Where a key ends because another is made, that is judged when it is made.
  if (traits.revokesBy === 'replacement' || key.ends === 'first') return;
  // While the issuer accepts a key that somebody has ended, it is taken to work, and a promotion ends another for it.
  const current = one.current();
  const lastAsked = traits.proves ? Math.min(actor.askedAt, actor.began) : actor.began;
  const ofCurrent = Math.min(actor.asked.get(current?.value ?? null) ?? lastAsked, lastAsked);
  const fooled = one.strangerEndedAt + traits.settles > ofCurrent;
  if (traits.revokesBy === 'promotion' && fooled) {
    key.endedHere = false; // as far as keyturn can know
    return;
  }
  const rows = one.rowsOf(key);
  const what = `${actor.owner} ends ${key.id}`;
  const known = traits.revokesBy === 'operator' && rows.length > 0; // handed over for this credential
  const twice = [...one.again.values()].includes(key);
  one.judge(what, [['I4', 'it is none of ours', !known && !twice && !one.owns(key)]]);
  // That consumers had a key which the issuer has given again, keyturn cannot know before it has found it in place.
  const given = twice && rows.every(({ currentSince }) => currentSince === undefined);
  // One round trip lies between the last look, which follows the intention, and the end: what a stranger does then
  // cannot be seen, nor what the store does not show yet; and a request that is under way is not called back.
  const intended = Math.max(0, ...rows.map(({ id }) => one.said.get(`revoke-intended ${id}`) ?? 0));
  const entered = Math.min(intended, actor.saved?.at ?? 0); // another process may have entered it since
  const seen = Math.min(Math.max(entered, Math.min(actor.readAt, lastAsked)), actor.began);
  const stranger = Math.max(one.strangerEndedAt, one.strangerPlacedAt + policy.converges) > seen;
  // To a key that a stranger has put in place since then, no time is promised.
  const inTime = key.ends === 'in time' && !given && !(stranger && key.readUntil + policy.converges > seen);
  const alive = current !== null && current.endedAt === null && current.expiresAt > seen;
  const works = alive || (current !== null && (fooled || current.ends === 'first'));
  const held = one.seen.values.has(key.value) && rows.some(({ valueLost }) => valueLost !== true);
  const serves = key.fits && current !== null && held; // it can be put in place again
  const needed = (key.readUntil > 0 && !given) || serves;
  const { overlap = policy.overlap } =
    rows.find(({ state, revokeEntered }) => state === 'retiring' || revokeEntered) ?? {};
  const changed = current !== null && one.rowsOf(current).length === 0;
  const early = key.readUntil + policy.converges + overlap - one.sim.clock.time;
  const hooked = policy.hooks.length > 0 && one.told === key.value;
  const gated = policy.gates.length > 0 && one.gatePassedAt < key.readUntil;
  one.judge(what, [
    ['I2', 'consumers read it now', !stranger && current === key],
    ['I2', 'somebody else has changed current', !stranger && inTime && key.readUntil > 0 && changed],
    ['I1', 'the mirror holds it', one.mirroredAt <= seen && one.find(one.mirror) === key],
    ['I3', `${Math.round(early / SECOND)} s too early`, inTime && early > 0],
    ['I3', 'no gate has let it go', inTime && gated],
    ['I3', 'the hook has told of no other', inTime && hooked],
    [
      'I2',
      `the key in current (${current?.id}) does not work`,
      !stranger && needed && !works && traits.proves,
    ],
  ]);
}

/** A document without the value of this credential. */
function rest({ fields }: Credential, text: string | null): string {
  if (text === null || fields === undefined) return '[]';
  return JSON.stringify(Object.entries(JSON.parse(text) as object).filter(([name]) => name !== fields.value));
}
