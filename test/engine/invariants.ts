import { keyIn } from '../../src/core/document.ts';
import { type Ledger, parseLedger } from '../../src/core/ledger.ts';
import { entryHash, expand, TRAIL_START, type TrailEntry } from '../../src/core/trail.ts';
import type { MemoryShelf, MemoryStore } from '../../src/stores/memory.ts';
import type { FakeIssuer } from './fake-issuer.ts';
import type { Call } from './tap.ts';

/** How soon after a save that names it an effect must be sent. */
const FENCE = 5_000;
const never = new AbortController().signal;

export interface Watched {
  readonly name: string;
  readonly location: string;
  readonly issuer: FakeIssuer;
  readonly store: MemoryStore;
  readonly shelf: MemoryShelf;
  readonly fields?: Readonly<Record<string, string>>;
  readonly overlap: number;
  /** Versions at the same location that other credentials keep. */
  readonly others?: () => ReadonlySet<string>;
  readonly now: () => number;
}

export interface Allowed {
  /** An emergency, an accepted gap, or a person who ended the overlap: I1, I3. */
  earlyDeath: boolean;
  /** An accepted gap or `--revoke-first`: I2. */
  lastKey: boolean;
  /** A value that could not be moved back to: checks of the place of our keys end here. */
  foreign: boolean;
}

/** Watches one credential from outside: from what the issuer and the store hold, never from what the engine says. */
export interface Watch {
  readonly allowed: Allowed;
  readonly violations: string[];
  /** Every trail entry that was ever saved or delivered, by number. */
  readonly entries: Map<number, TrailEntry>;
  /** After anything that may have changed something. */
  look(): Promise<void>;
  /** Before a call of a process is sent. `saved`: when that process saved last, by the true time. */
  sending(call: Call, saved: number | null): Promise<void>;
  /** Everything that came out of the engine: no secret may be in it. */
  printed(what: unknown): void;
  /** When faults have stopped and a bounded number of runs is over. */
  atRest(): Promise<void>;
  ledger(): Promise<Ledger | null>;
  current(): Promise<string | null>;
}

const EFFECTS: Readonly<Record<string, string>> = {
  'issuer.create': 'create',
  'issuer.register': 'register',
  'issuer.revoke': 'revoke',
  'store.stage': 'stage',
  'store.promote': 'promote',
};

/** Adopting puts a copy of what is in a shared document aside: that changes nothing that anybody reads. */
function isKeeping({ op, args }: Call): boolean {
  const mark = (args[0] as { readonly mark?: string } | undefined)?.mark;
  return op === 'store.stage' && mark?.endsWith('.0') === true;
}

export function watch(subject: Watched): Watch {
  const { issuer, store } = subject;
  const allowed: Allowed = { earlyDeath: false, lastKey: false, foreign: false };
  const violations: string[] = [];
  const entries = new Map<number, TrailEntry>();
  /** When each value was in `current` last; Infinity: it is now. */
  const readUntil = new Map<string, number>();
  const mourned = new Set<string>();
  let inPlace: string | null = null;

  const wrong = (text: string): void => {
    violations.push(`${new Date(subject.now()).toISOString()} ${text}`);
  };

  let read: { readonly revision: string; readonly ledger: Ledger } | null = null;
  const ledger = async (): Promise<Ledger | null> => {
    const at = { credential: subject.name, location: subject.location };
    const saved = await store.ledgers.load(at, never);
    if (saved === null) return null;
    if (read?.revision === saved.revision) return read.ledger;
    printed(saved.document);
    read = { revision: saved.revision, ledger: parseLedger(saved.document, subject.name) };
    lookAtTrail(read.ledger);
    return read.ledger;
  };

  const current = async (): Promise<string | null> => {
    const text = (await store.read(subject.location, 'current', never))?.text.open() ?? null;
    return text === null ? null : (keyIn(text, subject.fields)?.open() ?? null);
  };

  const printed = (what: unknown): void => {
    const text = typeof what === 'string' ? what : JSON.stringify(what);
    for (const key of issuer.keys)
      if (text.includes(key.value)) wrong(`I6: ${key.id} is in ${text.slice(0, 200)}`);
  };

  const lookAtDeaths = (value: string | null): void => {
    for (const key of issuer.keys) {
      if (key.diedAt === null || mourned.has(key.id)) continue;
      mourned.add(key.id);
      if (key.killedBy !== 'keyturn') continue;
      const until = readUntil.get(key.value);
      const early = until !== undefined && until + subject.overlap > key.diedAt;
      if (early && !allowed.earlyDeath)
        wrong(`I1, I3: ${key.id} died ${key.diedAt - until} ms after it ceased`);
      if (allowed.lastKey || value === null) continue;
      if (value === key.value) wrong(`I2: ${key.id} was in current when it was revoked`);
      else if (!issuer.isAlive(value) && issuer.keys.some((other) => other.value === value))
        wrong(`I2: ${key.id} was revoked while current did not work`);
    }
  };

  const lookAtRows = (saved: Ledger | null): void => {
    const live = issuer.keys.filter((key) => issuer.isAlive(key.value));
    for (const key of live) {
      if (key.mark === null) continue;
      const row = saved?.keys.find((one) => one.id === key.mark);
      if (row === undefined) wrong(`I4: ${key.id} lives and has no row (${key.mark})`);
      else if (row.state === 'revoked') wrong(`I10: ${key.id} lives and is called revoked`);
    }
    const { maxLive } = issuer.traits;
    if (typeof maxLive === 'number' && live.length > maxLive) wrong(`I5: ${live.length} keys live`);
  };

  let chained = { n: 0, hash: TRAIL_START };
  /** The entries that are new since the last save follow the last of those before. */
  const lookAtTrail = (saved: Ledger): void => {
    const fresh = saved.trail.count - chained.n;
    if (fresh > saved.trail.entries.length) {
      wrong(`I9: entries ${chained.n + 1} to ${saved.trail.count} are missing`);
      return;
    }
    for (const note of fresh === 0 ? [] : saved.trail.entries.slice(-fresh)) {
      const open = { ...note, n: chained.n + 1, credential: saved.credential, prev: chained.hash };
      const entry = { ...open, hash: entryHash(open) };
      entries.set(entry.n, entry);
      chained = { n: entry.n, hash: entry.hash };
    }
    if (chained.hash !== saved.trail.head) wrong(`I9: the chain breaks before ${saved.trail.count}`);
  };

  /** Those that wait are the ones that were saved first. */
  const lookAtWaiting = (saved: Ledger): void => {
    for (const entry of expand(saved.trail, saved.credential))
      if (entries.get(entry.n)?.hash !== entry.hash) wrong(`I9: entry ${entry.n} was rewritten`);
  };

  const look = async (): Promise<void> => {
    const value = await current();
    const now = subject.now();
    if (inPlace !== value && inPlace !== null) readUntil.set(inPlace, now);
    if (value !== null) readUntil.set(value, Number.POSITIVE_INFINITY);
    inPlace = value;
    lookAtDeaths(value);
    const saved = await ledger();
    lookAtRows(saved);
  };

  const sending = async (call: Call, saved: number | null): Promise<void> => {
    const kind = EFFECTS[call.op];
    if (kind === undefined || isKeeping(call)) return;
    if (saved === null || subject.now() - saved > FENCE) wrong(`fence: ${call.op} long after the last save`);
    const note = [...entries.values()].some(
      ({ event, data }) =>
        event === `${kind}-intended` ||
        (event === 'rewrite-intended' && (kind === 'stage' || kind === 'promote')) ||
        (event === 'merged' && kind === 'revoke' && data?.revoking === true),
    );
    if (!note) wrong(`I9: ${call.op} without an entry of its intention`);
  };

  const atRest = async (): Promise<void> => {
    const saved = await ledger();
    if (saved === null) {
      wrong('I7: there is no ledger');
      return;
    }
    lookAtWaiting(saved);
    if (saved.rotation !== undefined) wrong(`I7: a rotation is open at ${saved.rotation.phase}`);
    if (saved.owed.length > 0) wrong('I7: something is owed');
    if (saved.lease !== undefined) wrong('I7: a lease is left');
    const states = saved.keys.map((key) => `${key.id}=${key.state}`).join(' ');
    if (saved.keys.some((key) => ['intended', 'pending', 'retiring'].includes(key.state)))
      wrong(`I7: ${states}`);
    for (const row of saved.keys)
      if (row.state === 'revoked' && (row.storeVersion !== undefined || row.spares !== undefined))
        wrong(`I7: the value of ${row.id} is kept for ever`);
    const place = subject.shelf.places.get(subject.location);
    const held = [
      ...(place?.kept.keys() ?? []),
      ...[...(place?.staged.values() ?? [])].map((one) => one.version),
    ];
    const needed = new Set(saved.keys.map((row) => row.storeVersion));
    const left = held.filter((version) => !needed.has(version) && !subject.others?.().has(version));
    if (left.length > 0) wrong(`rule 8: ${left.join(' ')} is kept although no row needs it; rows ${states}`);
    const possible = new Set(saved.keys.filter((key) => key.state === 'possible').map((key) => key.id));
    const value = await current();
    const live = issuer.keys.filter((key) => issuer.isAlive(key.value) && !possible.has(key.mark ?? ''));
    const known = live.filter((key) => key.value === value || !allowed.foreign);
    if (issuer.traits.proves && (known.length !== 1 || known[0]?.value !== value))
      wrong(`I7: live are ${live.map((key) => key.id).join(' ')}; rows ${states}`);
  };

  return { allowed, violations, entries, look, sending, printed, atRest, ledger, current };
}
