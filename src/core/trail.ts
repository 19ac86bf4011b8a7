import { createHash } from 'node:crypto';
import * as z from 'zod/mini';

/** The hash that the first entry of a trail follows. */
export const TRAIL_START = '0'.repeat(64);
/** What may wait in the ledger before the oldest entries move out of it. */
export const TRAIL_WAITING_BYTES = 5 * 1024;
/** How many entries stay where no sink takes them. */
export const TRAIL_KEPT = 40;

/** One effect or decision, as the ledger holds it. No secret is in it. */
export const noteSchema = z.strictObject({
  at: z.string(),
  event: z.string(),
  by: z.optional(z.string()),
  rotation: z.optional(z.string()),
  key: z.optional(z.string()),
  data: z.optional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
});

export type TrailNote = z.infer<typeof noteSchema>;

/** A note with its place in the chain: numbered from 1, each with the hash of the one before. */
export interface TrailEntry extends TrailNote {
  readonly n: number;
  readonly credential: string;
  readonly prev: string;
  readonly hash: string;
}

const hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** Entries that moved out of the ledger into a write-once document beside it. */
const segmentSchema = z.strictObject({
  name: z.string(),
  from: z.int(),
  to: z.int(),
  /** Hash of the last entry in it. */
  hash,
});

export type TrailSegment = z.infer<typeof segmentSchema>;

export const trailSchema = z.strictObject({
  /** Hash of the newest entry. */
  head: hash,
  /** Number of the newest entry. */
  count: z.int(),
  /** Hash that the oldest waiting entry follows. */
  base: hash,
  /** The newest entries, oldest first; their numbers end at `count`. */
  entries: z.array(noteSchema),
  /** The last number that each sink has taken. */
  taken: z.record(z.string(), z.int()),
  segments: z.optional(z.array(segmentSchema)),
});

export type Trail = z.infer<typeof trailSchema>;

export const EMPTY_TRAIL: Trail = { head: TRAIL_START, count: 0, base: TRAIL_START, entries: [], taken: {} };

/** Where a trail's entries go. It may be given the same entries again; they come in order. */
export interface TrailSink {
  /** Stable across runs: the ledger remembers by it what was taken. */
  readonly id: string;
  /** Whether nothing but an emergency may go on while this sink is down. */
  readonly required: boolean;
  take(entries: readonly TrailEntry[], signal: AbortSignal): Promise<void>;
}

/** The hash of an entry: SHA-256 over its JSON with sorted keys and without `hash`. */
export function entryHash(entry: Omit<TrailEntry, 'hash'>): string {
  return createHash('sha256').update(canonical(entry), 'utf8').digest('hex');
}

export function append(trail: Trail, credential: string, note: TrailNote): Trail {
  const n = trail.count + 1;
  const hash = entryHash({ ...note, n, credential, prev: trail.head });
  return { ...trail, head: hash, count: n, entries: [...trail.entries, note] };
}

/** The waiting entries with their numbers and hashes. */
export function expand(trail: Trail, credential: string): readonly TrailEntry[] {
  let prev = trail.base;
  const first = trail.count - trail.entries.length + 1;
  return trail.entries.map((note, index) => {
    const open = { ...note, n: first + index, credential, prev };
    const hash = entryHash(open);
    prev = hash;
    return { ...open, hash };
  });
}

/** The trail without its waiting entries up to number `n`. */
export function dropThrough(trail: Trail, credential: string, n: number): Trail {
  if (n <= trail.count - trail.entries.length) return trail;
  const entries = expand(trail, credential);
  const gone = entries.filter((entry) => entry.n <= n);
  const last = gone.at(-1);
  if (last === undefined) return trail;
  return { ...trail, base: last.hash, entries: trail.entries.slice(gone.length) };
}

/** JSON with sorted keys and without undefined values: equal content gives equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const pairs = Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`);
    return `{${pairs.join(',')}}`;
  }
  return JSON.stringify(value);
}
