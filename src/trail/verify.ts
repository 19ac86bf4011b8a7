import { entryHash, TRAIL_START, type TrailEntry } from '../core/trail.ts';

/** Where a trail is broken first. */
export interface BadEntry {
  readonly credential: string | null;
  /** The number of the entry; null where it is no entry. */
  readonly n: number | null;
  /** Where it stands: `<file>:<line>`, or the ledger. Null where it stands nowhere. */
  readonly where: string | null;
  readonly why: string;
}

/** The entries of one credential that follow each other without a gap. */
export interface Chain {
  readonly credential: string;
  readonly from: number;
  readonly to: number;
  /** Hash of the last entry. */
  readonly head: string;
}

export interface Verified {
  readonly ok: boolean;
  /** How many different entries were checked. */
  readonly checked: number;
  readonly firstBad: BadEntry | null;
}

/** Checks entries as they come: those of several credentials may alternate, and an entry may come again. */
export interface Verifier {
  /** `raw` is an entry as it was read; what is none is bad. */
  take(raw: unknown, where: string | null): void;
  /** Something that cannot be an entry. */
  refuse(why: string, where: string | null): void;
  chains(): readonly Chain[];
  /** The hash of an entry that was taken; null where it was not. */
  hashOf(credential: string, n: number): string | null;
  result(): Verified;
}

interface Growing {
  readonly from: number;
  to: number;
  readonly hashes: Map<number, string>;
}

export function createVerifier(): Verifier {
  const growing = new Map<string, Growing>();
  let firstBad: BadEntry | null = null;

  const bad = (entry: TrailEntry | null, where: string | null, why: string): void => {
    firstBad ??= { credential: entry?.credential ?? null, n: entry?.n ?? null, where, why };
  };
  const hashOf = (credential: string, n: number): string | null =>
    growing.get(credential)?.hashes.get(n) ?? null;

  return {
    take(raw, where) {
      const entry = toEntry(raw);
      if (entry === null) return bad(null, where, 'it is no entry of a trail');
      const why = faultOf(entry, growing.get(entry.credential));
      if (why !== null) bad(entry, where, why);
      const chain = growing.get(entry.credential) ?? {
        from: entry.n,
        to: entry.n,
        hashes: new Map<number, string>(),
      };
      growing.set(entry.credential, chain);
      if (chain.hashes.has(entry.n)) return;
      chain.hashes.set(entry.n, entry.hash);
      chain.to = Math.max(chain.to, entry.n);
    },
    refuse: (why, where) => bad(null, where, why),
    chains: () =>
      [...growing].map(([credential, { from, to, hashes }]) => ({
        credential,
        from,
        to,
        head: hashes.get(to) ?? TRAIL_START,
      })),
    hashOf,
    result() {
      const checked = [...growing.values()].reduce((sum, { hashes }) => sum + hashes.size, 0);
      return { ok: firstBad === null, checked, firstBad };
    },
  };
}

/**
 * Checks that every entry has the hash of its content and follows the one before it. The first of a credential may
 * have any number: what came before it may have gone elsewhere.
 */
export function verifyTrail(entries: Iterable<unknown>): Verified & { readonly chains: readonly Chain[] } {
  const verifier = createVerifier();
  for (const entry of entries) verifier.take(entry, null);
  return { ...verifier.result(), chains: verifier.chains() };
}

/** Why an entry does not belong where it stands; null when it does. */
function faultOf(entry: TrailEntry, chain: Growing | undefined): string | null {
  const { hash, ...content } = entry;
  if (entryHash(content) !== hash) return 'its content is not what its hash says';
  if (entry.n === 1 && entry.prev !== TRAIL_START) return 'it is the first, and follows another';
  if (chain === undefined) return null;
  const held = chain.hashes.get(entry.n);
  if (held !== undefined) return held === hash ? null : 'there is another entry of this number';
  if (entry.n < chain.to) return `it comes after number ${chain.to}`;
  if (entry.n > chain.to + 1) return `${missing(chain.to + 1, entry.n - 1)} before it`;
  return entry.prev === chain.hashes.get(chain.to) ? null : 'it does not follow the entry before it';
}

function missing(from: number, to: number): string {
  return from === to ? `number ${from} is missing` : `numbers ${from} to ${to} are missing`;
}

const HASH = /^[0-9a-f]{64}$/;
/** How deep an entry may be nested; ours are two deep. */
const DEEPEST = 16;

/** Fields that a newer version adds are part of what is hashed, and no reason to refuse. */
function toEntry(raw: unknown): TrailEntry | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const { n, credential, prev, hash, at, event } = raw as Readonly<Record<string, unknown>>;
  const texts = [credential, prev, hash, at, event];
  if (!texts.every((text) => typeof text === 'string')) return null;
  if (!Number.isSafeInteger(n) || (n as number) < 1) return null;
  if (!HASH.test(prev as string) || !HASH.test(hash as string)) return null;
  return isHashable(raw, DEEPEST) ? (raw as TrailEntry) : null;
}

/** Whether its hash can be told: not nested without end, and without numbers that JSON cannot write again. */
function isHashable(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isHashable(inner, depth - 1));
}
