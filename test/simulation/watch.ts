import { keyIn } from '../../src/core/document.ts';
import type { Key, Ledger } from '../../src/core/ledger.ts';
import { isDead } from '../../src/core/rows.ts';
import { fingerprint } from '../../src/core/secret.ts';
import { append, expand, TRAIL_START, type TrailNote } from '../../src/core/trail.ts';
import { CANARY, type SimIssuer, type SimKey } from './issuer.ts';
import type { CredentialPlan } from './schedule.ts';
import type { SimStore } from './store.ts';
import { type Actor, DAY, HOUR, MINUTE, type Scheduler, SECOND } from './world.ts';

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10';

/** A promise that was broken, seen from the outside. BUG: an exception or a defect, which is no promise. */
export interface Violation {
  readonly invariant: Invariant | 'BUG';
  readonly message: string;
}

export type Fail = (invariant: Violation['invariant'], message: string) => void;

/** What consumers have of a key, and what people allowed. */
interface Life {
  /** Since consumers read it in `current`, who put it there, and whether a saved ledger has called it current since. */
  place: { readonly stranger: boolean; known: boolean } | null;
  /** Until when a consumer may have read it; null: never. */
  readUntil: number | null;
  /** How long from then on it was promised to work. */
  overlap: number;
  /** An emergency or a command ended its overlap, or said to end it before its successor is there. */
  ended: boolean;
  first: boolean;
  mirrored: boolean;
}

/** What operators have typed: nothing of this kind may happen without them. */
export interface Allowed {
  emergency: boolean;
  revokeFirst: boolean;
  revoke: boolean;
  settle: boolean;
  /** The shortest overlap that was asked for. */
  overlap: number;
}

/** Watches one credential from the outside: what issuer and store hold, and what who reads them would experience. */
export class Watch {
  readonly allowed: Allowed = {
    emergency: false,
    revokeFirst: false,
    revoke: false,
    settle: false,
    overlap: Infinity,
  };
  ledger: Ledger | null = null;
  /** How often keyturn has changed what is current. */
  promotes = 0;
  /** When the gate said last that no client uses the old key. */
  gatePassedAt = 0;
  readonly #fail: Fail;
  readonly #location: string;
  readonly #fields: Readonly<Record<string, string>> | undefined;
  readonly #plan: CredentialPlan;
  readonly #issuer: SimIssuer;
  readonly #store: SimStore;
  readonly #time: Scheduler;
  /** The key of each row whose value was ever in the store. */
  readonly #keys = new Map<string, SimKey>();
  readonly #lives = new Map<SimKey, Life>();
  /** What the trail has said so far, by number, and the intentions in it. */
  readonly #notes: TrailNote[] = [];
  readonly #intended = new Set<string>();
  /** When the last intention to revoke a row was saved. */
  readonly #entered = new Map<string, number>();
  /** Rows of keys that a person handed over. */
  readonly #taken = new Set<string>();
  /** When somebody who knows nothing of keyturn did something last. */
  #strangerAt = 0;
  /** And what is current last: a store may show what was there before for a while. */
  #placedAt = Number.NEGATIVE_INFINITY;
  /** When somebody other than keyturn last ended a key. */
  #endedAt = 0;
  /** Rotations that ended without promote, and keys that were made, since a person began anew. */
  #failed: number[] = [];
  #anew = 0;
  readonly #emergencies = new Set<string>();
  #made: number[] = [];

  constructor(
    plan: CredentialPlan,
    place: { readonly location: string; readonly fields?: Readonly<Record<string, string>> },
    world: {
      readonly issuer: SimIssuer;
      readonly store: SimStore;
      readonly time: Scheduler;
      readonly fail: Fail;
    },
  ) {
    this.#plan = plan;
    this.#location = place.location;
    this.#fields = place.fields;
    this.#issuer = world.issuer;
    this.#store = world.store;
    this.#time = world.time;
    this.#fail = world.fail;
  }

  /** The key that consumers read in truth. */
  current(): SimKey | null {
    return this.#issuer.find(this.valueIn(this.#store.current(this.#location)));
  }

  valueIn(text: string | null | undefined): string | null {
    return text === null || text === undefined ? null : (keyIn(text, this.#fields)?.open() ?? null);
  }

  /** An effect is about to be sent: a save of this process that names it lies a few seconds back at most (I9). */
  asked(effect: string, what: string, actor: Actor): void {
    const { saved, owner } = actor;
    // What is adopted is put aside before anything is written, and a key that the issuer never knew cannot end.
    if ((effect === 'stage' && what.endsWith('.0')) || what === '') return;
    const row = saved?.ledger.keys.find((one) => {
      if (effect === 'stage') return one.stagedAs === what || one.rewriting === what;
      if (effect === 'promote') return one.storeVersion === what || one.rewriting !== undefined;
      return effect === 'revoke'
        ? one.revokeEntered !== undefined &&
            (this.keyOf(one) ?? this.#issuer.given.get(one.id))?.value === what
        : one.id === what;
    });
    const rewrites = row?.rewriting !== undefined && effect !== 'revoke';
    const note = `${rewrites ? 'rewrite' : effect}-intended ${row?.id}`;
    if (row === undefined || !this.#intended.has(note))
      this.#fail('I9', `${owner} sends ${effect} ${what}, and no save names it`);
    const ago = this.#time.time - (saved?.at ?? 0);
    if (ago > 5 * SECOND && !rewrites)
      this.#fail('I9', `${owner} sends ${effect} ${what} ${ago / 1000} s after its last save`);
  }

  born(key: SimKey, actor: Actor): void {
    const { keys } = this.#issuer;
    if (this.#rowOf(key) === null) this.#fail('I4', `${key.id} (${key.mark}) exists and is in no row`);
    if (keys.some((one) => one !== key && one.mark === key.mark))
      this.#fail('I4', `two keys for the one row ${key.mark}`);
    const { maxLive } = this.#plan.policy.issuer;
    // One that is possible for all that who asked can know is not counted, nor what a stranger makes.
    const stateOf = ({ mark }: SimKey): string | undefined =>
      actor.saved?.ledger.keys.find(({ id }) => id === mark)?.state;
    const live = this.#issuer
      .live()
      .map((one) => stateOf(one) ?? this.#rowOf(one)?.state ?? 'possible')
      .filter((state) => state !== 'possible' && state !== 'settled').length;
    // Nor can one that an issuer makes long after it was asked to.
    const late = this.#time.time - actor.began > MINUTE;
    if (typeof maxLive === 'number' && maxLive > 1 && live > maxLive && !late)
      this.#fail('I5', `${live} keys live, not ${maxLive}`);
    const row = this.#rowOf(key);
    if (row === null || this.#emergencies.has(row.rotation)) return;
    const at = actor.began;
    // One that was asked for before a person began anew, and arrives late, counts no more.
    if (at < this.#anew) return;
    const recent = this.#made.filter((other) => Math.abs(at - other) < DAY - HOUR);
    this.#made = [...recent, at];
    if (recent.length >= 3) this.#fail('I8', `${key.id} is the fourth key within a day`);
  }

  /** A key that consumers have been reading all along. */
  begin(key: SimKey): void {
    this.#lifeOf(key).place = { stranger: false, known: true };
  }

  /** The store has let go of a text. */
  discarded(text: string, actor: Actor): void {
    const key = this.#issuer.find(this.valueIn(text));
    const kept = [...this.#store.held(this.#location).values()].map((each) => this.valueIn(each));
    const row = this.ledger?.keys.find((one) => !isDead(one) && this.keyOf(one) === key);
    if (key === null || row === undefined || !this.#issuer.isLive(key) || kept.includes(key.value)) return;
    this.#fail('I4', `${actor.owner} discards the value of ${key.id}, which lives`);
  }

  /** The mirror, which some consumers read, holds another key now. */
  mirrored(before: string | null, after: string | null): void {
    const old = before === after ? null : this.#issuer.find(before);
    if (old !== null) Object.assign(this.#lifeOf(old), { mirrored: false, readUntil: this.#time.time });
    const fresh = this.#issuer.find(after);
    if (fresh !== null) this.#lifeOf(fresh).mirrored = true;
  }

  /** What consumers read has changed; `actor` is null where a stranger did it. */
  changed(before: string | null, after: string | null, actor: Actor | null): void {
    const [was, is] = [this.valueIn(before), this.valueIn(after)];
    if (actor === null) [this.#strangerAt, this.#placedAt] = [this.#time.time, this.#time.time];
    else if (rest(before, this.#fields) !== rest(after, this.#fields))
      this.#fail('I1', `${actor.owner} changes what is not its own`);
    if (was === is) return;
    if (actor !== null) this.promotes += 1;
    const old = this.#issuer.find(was);
    const fresh = this.#issuer.find(is);
    if (old !== null) this.#leave(old);
    if (fresh === null && actor !== null && this.#plan.policy.issuer.proves)
      this.#fail('I1', `${actor.owner} makes something current that is no key`);
    if (fresh === null) return;
    Object.assign(this.#lifeOf(fresh), {
      place: { stranger: actor === null, known: false },
      ended: false,
      first: false,
    });
    const { proves } = this.#plan.policy.issuer;
    // Where nothing that works is in place, any new key is as good.
    if (actor === null || !proves || old === null || !this.#issuer.isLive(old) || this.#lifeOf(old).first)
      return;
    if (!this.#accepts(fresh) && (fresh.endedAt ?? 0) <= actor.askedAt)
      this.#fail('I1', `${fresh.id} is made current, and is dead`);
    if (!fresh.accepted) this.#fail('I1', `${fresh.id} is made current, and was never seen to work`);
  }

  /** Whether the issuer may say that it works: one that somebody has ended is accepted for a while yet. */
  #accepts(key: SimKey): boolean {
    return (
      this.#issuer.isLive(key) || (key.endedAt ?? 0) + this.#issuer.shape.traits.settles > this.#time.time
    );
  }

  #leave(key: SimKey): void {
    const life = this.#lifeOf(key);
    const { place } = life;
    life.place = null;
    if (place === null || (place.stranger && !place.known)) return;
    life.readUntil = this.#time.time + this.#store.shape.converges;
    life.overlap = this.#plan.policy.overlap;
  }

  /** A key ends. `actor` is null where neither keyturn nor a successor did it. */
  ended(key: SimKey, actor: Actor | null): void {
    if (actor === null) [this.#strangerAt, this.#endedAt] = [this.#time.time, this.#time.time];
    const { acceptGap, issuer } = this.#plan.policy;
    const { first, ended, mirrored, readUntil, overlap } = this.#lifeOf(key);
    if (actor === null || first || (acceptGap && issuer.maxLive === 1)) return;
    // Which key a promotion ends is not said: while one that somebody has ended is still accepted, another ends for it.
    if (issuer.revokesBy === 'promotion' && this.#endedAt + issuer.settles > actor.askedAt) return;
    const rows = this.ledger?.keys.filter((row) => this.keyOf(row) === key) ?? [];
    const what = `${actor.owner} ends ${key.id}`;
    if (key.mark === null && !key.given && !rows.some(({ id }) => this.#taken.has(id)))
      this.#fail('I4', `${what}, which is none of ours`);
    // One round trip lies between the last look, which follows the intention, and the end: what a stranger does then
    // cannot be seen, nor what the store does not show yet; and a request that is under way is not called back.
    const entered = Math.max(0, ...rows.map(({ id }) => this.#entered.get(id) ?? 0));
    const seen = Math.max(this.#strangerAt, this.#placedAt + this.#store.shape.converges);
    const looked = Math.max(entered, Math.min(actor.readAt, actor.askedAt));
    if (seen > Math.min(looked, actor.began)) return;
    const current = this.current();
    if (current === key) this.#fail('I2', `${what}, which consumers read now`);
    if (mirrored) this.#fail('I1', `${what}, which the mirror holds`);
    const early = (readUntil ?? 0) + overlap - this.#time.time;
    if (readUntil !== null && !ended && early > 0)
      this.#fail('I3', `${what} ${Math.round(early / 1000)} s too early`);
    const left = (readUntil ?? 0) - this.#store.shape.converges;
    const gated = this.#plan.policy.gates.length > 0 && this.gatePassedAt < left;
    if (readUntil !== null && !ended && gated) this.#fail('I3', `${what}, and the gate has not let it go`);
    const usable =
      this.ledger?.keys.some((row) => this.keyOf(row) === key && row.valueLost !== true) ?? false;
    // For a while the issuer may have said that a key works which somebody has ended.
    const told = this.#strangerAt + this.#issuer.shape.traits.settles > actor.askedAt;
    const works = current !== null && (this.#accepts(current) || told || this.#lifeOf(current).first);
    if (!works && (readUntil !== null || (usable && current !== null))) {
      this.#fail('I2', `${what}, and the key in current (${current?.id}) does not work`);
    }
  }

  saved(document: string, actor: Actor): void {
    const ledger = JSON.parse(document) as Ledger;
    const before = this.ledger;
    this.ledger = ledger;
    actor.saved = { at: this.#time.time, ledger };
    if (document.includes(CANARY)) this.#fail('I6', `${actor.owner} saves a ledger with a secret in it`);
    const notes = this.#follow(ledger, before, actor);
    this.#permitted(ledger, before, notes, actor);
    const alarm = ledger.hold?.kind;
    if (
      alarm !== before?.hold?.kind &&
      ['foreign', 'gone', 'moved'].includes(alarm ?? '') &&
      this.#strangerAt === 0
    ) {
      this.#fail('I7', `held (${alarm}) for a change of someone else, and nobody else changed anything`);
    }
    for (const row of ledger.keys)
      this.#row(
        row,
        before?.keys.find(({ id }) => id === row.id),
        notes,
      );
    const adopts = before?.rotation?.kind === 'adopt' && ledger.rotation?.id !== before.rotation.id;
    for (const row of before?.keys ?? []) {
      const gone = !isDead(row) && !ledger.keys.some(({ id }) => id === row.id);
      if (gone && !adopts && !notes.some(({ key }) => key === row.id))
        this.#fail('I4', `the row ${row.id} is dropped`);
    }
    for (const key of this.#issuer.live()) {
      if (key.mark !== null && this.#rowOf(key) === null)
        this.#fail('I4', `${key.id} (${key.mark}) lives and is in no row`);
    }
  }

  #row(row: Key, before: Key | undefined, notes: readonly TrailNote[]): void {
    if (row.revokeEntered !== before?.revokeEntered || row.tries !== before?.tries) {
      this.#entered.set(row.id, this.#time.time);
    }
    const key = this.keyOf(row);
    const { state, proof } = row;
    if (state === 'current' && key !== null) {
      const { place } = this.#lifeOf(key);
      if (place !== null) place.known = true;
    }
    if (state === before?.state) return;
    const named =
      notes.some((note) => note.key === row.id) || (state === 'retiring' && before?.state === 'current');
    if (!named && proof?.who?.includes('not adopted') !== true)
      this.#fail('I9', `no entry says that ${row.id} is ${state}`);
    if (state === 'revoked' && key !== null) {
      if (this.#issuer.isLive(key))
        this.#fail('I10', `${row.id} is called revoked by ${proof?.by}, and ${key.id} lives`);
      const expired = (key.expiresAt ?? Infinity) <= this.#time.time;
      const proven = proof?.by === 'issuer' ? key.calledDead : proof?.by === 'expiry' && expired;
      if (!proven) this.#fail('I10', `${row.id} is called revoked by ${proof?.by}, which has not said so`);
    }
    const settles = this.#plan.policy.issuer.revokesBy === 'nothing' || this.allowed.settle;
    if (state === 'settled' && !settles && proof?.who?.includes('not adopted') !== true) {
      this.#fail('I10', `${row.id} is settled by nobody`);
    }
  }

  /** What only a person may bring about, what that then allows, and what a job may begin. */
  #permitted(ledger: Ledger, before: Ledger | null, notes: readonly TrailNote[], actor: Actor): void {
    const says = (event: string): boolean => notes.some((note) => note.event === event);
    const { emergency, revokeFirst, revoke, overlap } = this.allowed;
    const { rotation } = ledger;
    for (const { event, at } of notes)
      if (event === 'rotation-failed' || event === 'same-key') this.#failed.push(Date.parse(at));
    if (says('promoted')) this.#beginAnew();
    if (rotation !== undefined && rotation.id !== before?.rotation?.id) {
      if (rotation.kind === 'emergency') this.#emergencies.add(rotation.id);
      if (rotation.kind === 'scheduled') this.#opened(before, says, actor);
      else if (rotation.kind !== 'emergency') this.#beginAnew();
      if (rotation.kind === 'emergency' && !emergency) this.#fail('I3', 'an emergency that nobody asked for');
      if (rotation.revokeFirst === true && !revokeFirst)
        this.#fail('I2', 'revoke-first, and nobody asked for it');
      for (const key of rotation.kind === 'emergency' ? this.#issuer.keys : [])
        this.#lifeOf(key).ended = true;
    }
    for (const row of ledger.keys) {
      const was = before?.keys.find(({ id }) => id === row.id);
      const key = this.keyOf(row);
      const life = key === null ? null : this.#lifeOf(key);
      if (life !== null && rotation?.revokeFirst === true && row.id === rotation.old) life.first = true;
      const asked = row.endNow === 'emergency' ? emergency : revoke;
      if (row.endNow !== undefined && !asked) this.#fail('I3', `the overlap of ${row.id} is ended by nobody`);
      // What was sent before an emergency was called off cannot be taken back.
      if (life !== null)
        life.ended = row.endNow !== undefined || (life.ended && row.revokeEntered !== undefined);
      const retires = row.state === 'retiring' && (was?.state !== 'retiring' || was.overlap !== row.overlap);
      if (life === null || row.overlap === undefined || !retires) continue;
      const least = Math.min(this.#plan.policy.overlap, emergency ? 0 : overlap);
      if (row.overlap < least) this.#fail('I3', `${row.id} has an overlap that nobody asked for`);
      life.overlap = row.overlap;
    }
  }

  #beginAnew(): void {
    [this.#failed, this.#made, this.#anew] = [[], [], this.#time.time];
  }

  /** A job opens what is due, and nothing while a hold or the memory of failure stands against it (I8). */
  #opened(before: Ledger | null, says: (event: string) => boolean, actor: Actor): void {
    const { time } = this.#time;
    const hold = before?.hold;
    // A working key in place ends some holds, and that of an emergency every one.
    const ends = before?.rotation?.kind === 'emergency' || hold?.kind === 'gone' || hold?.kind === 'dead';
    if (hold !== undefined && !says('hold-lifted') && !(says('promoted') && ends))
      this.#fail('I8', `opened while held: ${hold.reason}`);
    const current = this.current();
    // A store may still show what a stranger replaced.
    const shown = this.#strangerAt + this.#store.shape.converges + MINUTE;
    if (current === null || !this.#issuer.isLive(current) || time < shown) return;
    if (this.#strangerAt > Math.min(actor.readAt, actor.askedAt)) return;
    const row = before?.keys.find(({ state }) => state === 'current');
    if (row?.revokeEntered !== undefined) return;
    const pause = Math.min(HOUR * 2 ** (this.#failed.length - 1), DAY) - 6 * MINUTE;
    if (time < (this.#failed.at(-1) ?? 0) + pause) this.#fail('I8', 'opened again too soon after a failure');
    const young =
      row?.issuedAt !== undefined &&
      row.revokeEntered === undefined &&
      Date.parse(row.issuedAt) > time - 30 * DAY;
    if (young && (current.expiresAt ?? Infinity) > time + 25 * DAY)
      this.#fail('I8', `opened, and ${current.id} is not due`);
  }

  /** The trail only grows, and what it said it says for ever. Gives what it says now for the first time. */
  #follow(ledger: Ledger, before: Ledger | null, { owner }: Actor): readonly TrailNote[] {
    const { count, entries } = ledger.trail;
    const first = count - entries.length;
    if (count < (before?.trail.count ?? 0)) this.#fail('I9', `${owner} saves a trail that is shorter`);
    if (first > this.#notes.length)
      this.#fail('I9', `entry ${this.#notes.length + 1} is missing from the trail`);
    entries.forEach((note, index) => {
      const known = this.#notes[first + index];
      if (known === undefined) this.#note(note);
      else if (known.event !== note.event || known.at !== note.at)
        this.#fail('I9', `entry ${first + index + 1} was changed`);
    });
    return this.#notes.slice(before?.trail.count ?? 0);
  }

  #note(note: TrailNote): void {
    if (note.event === 'adopted' || note.event === 'key-provided') this.#taken.add(note.key ?? '');
    this.#notes.push(note);
    if (note.event.endsWith('-intended')) this.#intended.add(`${note.event} ${note.key}`);
    if (note.event === 'merged' && note.data?.revoking === true)
      this.#intended.add(`revoke-intended ${note.key}`);
  }

  /** Computes the whole chain again. Slow, so once at the end. */
  verifyTrail(): void {
    if (this.ledger === null) return;
    const { trail, credential } = this.ledger;
    const start = { head: TRAIL_START, count: 0, base: TRAIL_START, entries: [], taken: {} };
    const again = this.#notes.reduce((so, note) => append(so, credential, note), start as typeof trail);
    const waiting = expand(trail, credential).at(-1);
    if (again.head !== trail.head || again.count !== trail.count)
      this.#fail('I9', 'the chain does not verify');
    if ((waiting?.hash ?? trail.head) !== trail.head)
      this.#fail('I9', 'the waiting entries do not lead to the head');
  }

  /** The key that a row is about: by the mark that asked for it, or by the bytes that are stored for it. */
  keyOf(row: Key | undefined): SimKey | null {
    if (row === undefined) return null;
    const known = this.#keys.get(row.id) ?? this.#issuer.keys.find((key) => key.mark === row.id);
    if (known !== undefined) return known;
    const held = this.#store.held(this.#location);
    const stored = this.valueIn(held.get(row.storeVersion ?? '') ?? held.get(row.currentAs ?? ''));
    const named = this.#issuer.keys.find((one) => one.id === row.issuerKeyId);
    const print = row.fingerprints?.value;
    const printed = this.#issuer.keys.find((one) => print !== undefined && fingerprint(one.value) === print);
    const key = this.#issuer.find(stored) ?? named ?? printed ?? null;
    if (key !== null) this.#keys.set(row.id, key);
    return key;
  }

  #rowOf(key: SimKey): Key | null {
    const rows = this.ledger?.keys ?? [];
    return rows.find((row) => row.id === key.mark) ?? rows.find((row) => this.keyOf(row) === key) ?? null;
  }

  #lifeOf(key: SimKey): Life {
    const fresh = {
      place: null,
      readUntil: null,
      overlap: this.#plan.policy.overlap,
      ended: false,
      first: false,
      mirrored: false,
    };
    const life = this.#lives.get(key) ?? fresh;
    this.#lives.set(key, life);
    return life;
  }
}

/** A document without the values of these fields. */
function rest(text: string | null, fields: Readonly<Record<string, string>> | undefined): string {
  if (text === null || fields === undefined) return '[]';
  const others = Object.entries(JSON.parse(text) as object).filter(
    ([name]) => !Object.values(fields).includes(name),
  );
  return JSON.stringify(others);
}
