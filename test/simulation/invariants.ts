import { keyIn } from '../../src/core/document.ts';
import type { Key, Ledger } from '../../src/core/ledger.ts';
import type { Policy } from '../../src/core/policy.ts';
import { append, expand, TRAIL_START, type TrailNote } from '../../src/core/trail.ts';
import { CANARY, type SimIssuer, type SimKey } from './issuer.ts';
import type { SimStore } from './store.ts';
import type { Actor, Scheduler } from './world.ts';

/** Holds that say that someone else changed what is current. */
const FALSE_ALARMS: ReadonlySet<string | undefined> = new Set(['foreign', 'gone', 'moved']);

/** A promise that was broken, seen from the outside. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** A time during which consumers could read one key in `current`. */
interface Visit {
  readonly from: number;
  readonly stranger: boolean;
  /** The ledger has called this key current meanwhile: somebody of ours has seen it. */
  known: boolean;
}

/** What consumers have of a key, and what a person allowed. */
interface Life {
  visit: Visit | null;
  /** Until when a consumer may have read it; null: never. */
  readUntil: number | null;
  /** What the configuration or a command promised to those readers, in milliseconds. */
  overlap: number;
  /** An emergency or a command ended its overlap. */
  ended: boolean;
  /** A command said to kill it before its successor is there. */
  first: boolean;
  /** The mirror holds it. */
  mirrored: boolean;
}

/** What operators have typed: nothing of this kind may happen without them. */
export interface Allowed {
  emergency: boolean;
  revokeFirst: boolean;
  revoke: boolean;
  rollbackNow: boolean;
  settle: boolean;
  /** The shortest overlap that a command asked for. */
  overlap: number;
}

/** Watches one credential from the outside and throws a Violation at the step that breaks a promise. */
export class Watch {
  readonly allowed: Allowed = {
    emergency: false,
    revokeFirst: false,
    revoke: false,
    rollbackNow: false,
    settle: false,
    overlap: Number.POSITIVE_INFINITY,
  };
  ledger: Ledger | null = null;
  promotes = 0;
  readonly name: string;
  readonly #fields: Readonly<Record<string, string>> | undefined;
  readonly #location: string;
  readonly #policy: Policy;
  readonly #issuer: SimIssuer;
  readonly #store: SimStore;
  readonly #time: Scheduler;
  /** The key of each row whose value was ever in the store. */
  readonly #keys = new Map<string, SimKey>();
  readonly #lives = new Map<SimKey, Life>();
  readonly #rotations = new Set<string>();
  /** What the trail has said so far, by number, and the chain's state before the first that is kept. */
  readonly #entries: TrailNote[] = [];
  readonly #intended = new Set<string>();
  #strangerAt = 0;

  constructor(
    name: string,
    location: string,
    fields: Readonly<Record<string, string>> | undefined,
    policy: Policy,
    issuer: SimIssuer,
    store: SimStore,
    time: Scheduler,
  ) {
    this.name = name;
    this.#location = location;
    this.#fields = fields;
    this.#policy = policy;
    this.#issuer = issuer;
    this.#store = store;
    this.#time = time;
  }

  /** The key that consumers read in truth. */
  current(): SimKey | null {
    return this.#issuer.find(this.valueIn(this.#store.current(this.#location)));
  }

  valueIn(text: string | null): string | null {
    return text === null ? null : (keyIn(text, this.#fields)?.open() ?? null);
  }

  /** Every effect is in the trail before it is sent (I9, and the first rule). */
  asked(kind: string, row: string, actor: Actor): void {
    if (this.#intended.has(`${kind}-intended ${row}`)) return;
    fail('I9', `${actor.owner} sends ${kind} ${row}, and no saved trail says so`);
  }

  /** The same for a revocation, which names a value and not a row. */
  askedToEnd(value: string, actor: Actor): void {
    const key = this.#issuer.find(value);
    const rows = this.ledger?.keys.filter((row) => this.keyOf(row) === key) ?? [];
    if (rows.some((row) => row.revokeEntered !== undefined || row.state === 'revoked')) return;
    fail('I9', `${actor.owner} sends the revocation of ${key?.id}, and no saved ledger says so`);
  }

  born(key: SimKey): void {
    if (this.#rowOf(key) === null) fail('I4', `${key.id} (${key.mark}) exists and is in no row`);
    const { maxLive } = this.#policy.issuer;
    // A possible key cannot be counted, and what a stranger makes is not ours to keep room from.
    const live = this.#issuer.live().filter((one) => {
      const row = this.#rowOf(one);
      return row !== null && row.state !== 'possible';
    }).length;
    if (typeof maxLive === 'number' && maxLive > 1 && live > maxLive) {
      fail('I5', `${live} keys live, ${maxLive} is the most`);
    }
  }

  /** A key that consumers have been reading all along. */
  begin(key: SimKey): void {
    this.#lifeOf(key).visit = { from: 0, stranger: false, known: true };
  }

  /** The mirror, which some consumers read, holds another key now. */
  mirrored(before: string | null, after: string | null): void {
    const old = before === after ? null : this.#issuer.find(before);
    const fresh = this.#issuer.find(after);
    if (old !== null) {
      this.#lifeOf(old).mirrored = false;
      this.#lifeOf(old).readUntil = this.#time.time;
    }
    if (fresh !== null) this.#lifeOf(fresh).mirrored = true;
  }

  changed(before: string | null, after: string | null, actor: Actor | null): void {
    if (before === after) return;
    const now = this.#time.time;
    const old = this.#issuer.find(before);
    const fresh = this.#issuer.find(after);
    if (actor === null) this.#strangerAt = now;
    else this.promotes += 1;
    if (old !== null) this.#close(old, now);
    if (fresh === null) return;
    const life = this.#lifeOf(fresh);
    life.visit = { from: now, stranger: actor === null, known: false };
    life.ended = false;
    life.first = false;
    const dead = old === null || !this.#issuer.isLive(old);
    if (actor !== null && !this.#issuer.isLive(fresh) && !dead && this.#policy.issuer.proves) {
      fail('I1', `${fresh.id} is made current, and is dead`);
    }
  }

  #close(key: SimKey, now: number): void {
    const life = this.#lifeOf(key);
    const visit = life.visit;
    life.visit = null;
    if (visit === null || (visit.stranger && !visit.known)) return;
    life.readUntil = now + this.#store.shape.converges;
    life.overlap = this.#policy.overlap;
  }

  /** A key ends. `actor` is null where neither keyturn nor its successor did it. */
  ended(key: SimKey, actor: Actor | null): void {
    if (actor === null) {
      this.#strangerAt = this.#time.time;
      return;
    }
    const life = this.#lifeOf(key);
    const now = this.#time.time;
    const gap = this.#policy.acceptGap && this.#policy.issuer.maxLive === 1;
    if (gap || life.first) return;
    // One round trip lies between the last look and the end: what a stranger does then cannot be seen.
    if (this.#strangerAt > Math.min(actor.readAt, actor.askedAt)) return;
    const current = this.current();
    if (current === key) fail('I3', `${actor.owner} ends ${key.id}, which consumers read now`);
    if (life.mirrored) fail('I3', `${actor.owner} ends ${key.id}, which the mirror holds`);
    if (life.readUntil !== null && !life.ended && now < life.readUntil + life.overlap) {
      const early = Math.round((life.readUntil + life.overlap - now) / 1000);
      fail('I3', `${actor.owner} ends ${key.id} ${early} s before the overlap is over`);
    }
    const usable =
      this.ledger?.keys.some((row) => this.keyOf(row) === key && row.valueLost !== true) ?? false;
    const works = current !== null && this.#issuer.isLive(current);
    if (!works && (life.readUntil !== null || (usable && current !== null))) {
      fail('I2', `${actor.owner} ends ${key.id}, and the key in current (${current?.id}) does not work`);
    }
  }

  saved(document: string, actor: Actor): void {
    if (document.includes(CANARY)) fail('I6', `${actor.owner} saves a ledger with a secret in it`);
    const ledger = JSON.parse(document) as Ledger;
    const before = this.ledger;
    this.ledger = ledger;
    this.#follow(ledger, before, actor);
    this.#permissions(ledger, before);
    const alarm = ledger.hold?.kind;
    if (alarm !== before?.hold?.kind && FALSE_ALARMS.has(alarm) && this.#strangerAt === 0) {
      fail('I7', `held (${alarm}) for a change of someone else, and nobody else changed anything`);
    }
    for (const row of ledger.keys) this.#row(row);
    for (const key of this.#issuer.keys) {
      if (key.mark !== null && this.#issuer.isLive(key) && this.#rowOf(key) === null) {
        fail('I4', `${key.id} (${key.mark}) lives and is in no row`);
      }
    }
  }

  #row(row: Key): void {
    const key = this.keyOf(row);
    if (row.state === 'current' && key !== null) {
      const life = this.#lifeOf(key);
      if (life.visit !== null) life.visit.known = true;
    }
    if (row.state === 'revoked' && key !== null && this.#issuer.isLive(key)) {
      fail('I10', `${row.id} is called revoked by ${row.proof?.by}, and ${key.id} lives`);
    }
    if (row.state === 'settled' && this.#policy.issuer.revokesBy !== 'nothing' && !this.allowed.settle) {
      if (row.proof?.who?.includes('not adopted') !== true) fail('I10', `${row.id} is settled by nobody`);
    }
  }

  /** What only a person may bring about, and what it then allows. */
  #permissions(ledger: Ledger, before: Ledger | null): void {
    const rotation = ledger.rotation;
    if (rotation !== undefined && !this.#rotations.has(rotation.id)) {
      this.#rotations.add(rotation.id);
      if (rotation.kind === 'emergency') {
        if (!this.allowed.emergency) fail('I1', 'an emergency that nobody asked for');
        for (const key of this.#issuer.keys) this.#lifeOf(key).ended = true;
      }
      if (rotation.revokeFirst === true) {
        if (!this.allowed.revokeFirst) fail('I2', 'revoke-first, and nobody asked for it');
        for (const row of ledger.keys) {
          const key = row.id === rotation.old ? this.keyOf(row) : null;
          if (key !== null) this.#lifeOf(key).first = true;
        }
      }
    }
    for (const row of ledger.keys) {
      const was = before?.keys.find((one) => one.id === row.id);
      const key = this.keyOf(row);
      if (row.overlap === undefined || key === null || row.state !== 'retiring') continue;
      if (was?.state === 'retiring' && was.overlap === row.overlap) continue;
      const least = this.allowed.emergency || this.allowed.rollbackNow ? 0 : this.allowed.overlap;
      if (row.overlap < Math.min(this.#policy.overlap, least))
        fail('I3', `${row.id} has an overlap that nobody asked for`);
      this.#lifeOf(key).overlap = row.overlap;
    }
    for (const row of ledger.keys) {
      if (row.endNow === undefined) continue;
      if (before?.keys.find((one) => one.id === row.id)?.endNow !== undefined) continue;
      if (row.endNow === 'emergency' ? !this.allowed.emergency : !this.allowed.revoke)
        fail('I3', `the overlap of ${row.id} is ended by nobody`);
      const key = this.keyOf(row);
      if (key !== null) this.#lifeOf(key).ended = true;
    }
  }

  /** The trail only grows, and what it said it says for ever. */
  #follow(ledger: Ledger, before: Ledger | null, actor: Actor): void {
    const { count, entries } = ledger.trail;
    if (count < (before?.trail.count ?? 0)) fail('I9', `${actor.owner} saves a trail that is shorter`);
    const first = count - entries.length;
    if (first > this.#entries.length)
      fail('I9', `entry ${this.#entries.length + 1} is missing from the trail`);
    entries.forEach((note, index) => {
      const known = this.#entries[first + index];
      if (known === undefined) {
        this.#entries.push(note);
        if (note.event.endsWith('-intended')) this.#intended.add(`${note.event} ${note.key}`);
      } else if (known.event !== note.event || known.at !== note.at) {
        fail('I9', `entry ${first + index + 1} of the trail was changed`);
      }
    });
  }

  /** An entry that a sink has may leave the ledger. */
  taken(entry: TrailNote & { readonly n: number }): void {
    if (entry.n !== this.#entries.length + 1) return;
    const { at, event, by, rotation, key, data } = entry;
    this.#entries.push(JSON.parse(JSON.stringify({ at, event, by, rotation, key, data })) as TrailNote);
    if (event.endsWith('-intended')) this.#intended.add(`${event} ${key}`);
  }

  /** Computes the whole chain again. Slow, so once at the end. */
  verifyTrail(): void {
    if (this.ledger === null) return;
    const { trail, credential } = this.ledger;
    const start = { head: TRAIL_START, count: 0, base: TRAIL_START, entries: [], taken: {} };
    const again = this.#entries.reduce((so, note) => append(so, credential, note), start as typeof trail);
    if (again.head !== trail.head || again.count !== trail.count) fail('I9', 'the chain does not verify');
    const last = expand(trail, credential).at(-1);
    if (last !== undefined && last.hash !== trail.head)
      fail('I9', 'the waiting entries do not lead to the head');
  }

  /** The key that a row is about: by the mark that asked for it, or by the bytes that are stored for it. */
  keyOf(row: Key): SimKey | null {
    const known = this.#keys.get(row.id) ?? this.#issuer.keys.find((key) => key.mark === row.id);
    if (known !== undefined) return known;
    const text =
      this.#store.text(this.#location, row.storeVersion) ?? this.#store.text(this.#location, row.currentAs);
    const key = this.#issuer.find(this.valueIn(text));
    if (key !== null) this.#keys.set(row.id, key);
    return key;
  }

  #rowOf(key: SimKey): Key | null {
    return this.ledger?.keys.find((row) => row.id === key.mark) ?? null;
  }

  #lifeOf(key: SimKey): Life {
    let life = this.#lives.get(key);
    if (life === undefined) {
      life = {
        visit: null,
        readUntil: null,
        overlap: this.#policy.overlap,
        ended: false,
        first: false,
        mirrored: false,
      };
      this.#lives.set(key, life);
    }
    return life;
  }

  /** Whether a key was ever read by somebody who may rely on it. */
  wasRead(key: SimKey): boolean {
    const life = this.#lifeOf(key);
    return life.readUntil !== null || life.visit !== null;
  }
}

export function fail(invariant: string, message: string): never {
  throw new Violation(invariant, message);
}
