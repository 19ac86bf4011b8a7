import { KeyturnError, toKeyturnError } from '../core/errors.ts';
import { isCrowded, type Ledger } from '../core/ledger.ts';
import {
  dropThrough,
  expand,
  TRAIL_KEPT,
  TRAIL_WAITING_BYTES,
  type TrailEntry,
  type TrailSegment,
} from '../core/trail.ts';
import { guarded } from './guard.ts';
import type { Run } from './run.ts';

/** The ledger with a trail that fits: entries that every sink has, or that are too many, leave it. */
export async function makeRoom(run: Run, ledger: Ledger, signal: AbortSignal): Promise<Ledger> {
  if (run.sinks.length === 0) return keepNewest(ledger);
  const taken = trimTaken(run, ledger);
  const crowded = waitingBytes(taken) > TRAIL_WAITING_BYTES || isCrowded(taken);
  if (!crowded || taken.trail.entries.length < 2) return taken;
  const entries = expand(taken.trail, taken.credential);
  const moving = entries.slice(0, Math.ceil(entries.length / 2));
  const first = moving[0];
  const last = moving.at(-1);
  if (first === undefined || last === undefined) return taken;
  const segment: TrailSegment = { name: `${first.n}-${last.n}`, from: first.n, to: last.n, hash: last.hash };
  const at = { credential: run.credential.name, location: run.credential.location };
  await guarded(run.world, 'write a segment of the trail', signal, (inner) =>
    run.ledgers.writeSegment(at, segment.name, JSON.stringify(moving), inner),
  );
  const trail = dropThrough(taken.trail, taken.credential, last.n);
  return { ...taken, trail: { ...trail, segments: [...(trail.segments ?? []), segment] } };
}

function keepNewest(ledger: Ledger): Ledger {
  const { count, entries } = ledger.trail;
  let fitting = { ...ledger, trail: dropThrough(ledger.trail, ledger.credential, count - TRAIL_KEPT) };
  while (
    fitting.trail.entries.length > 1 &&
    (waitingBytes(fitting) > TRAIL_WAITING_BYTES || isCrowded(fitting))
  ) {
    const through = count - fitting.trail.entries.length + Math.ceil(fitting.trail.entries.length / 4);
    fitting = { ...fitting, trail: dropThrough(fitting.trail, fitting.credential, through) };
  }
  return entries.length === fitting.trail.entries.length ? ledger : fitting;
}

function trimTaken(run: Run, ledger: Ledger): Ledger {
  const least = Math.min(...run.sinks.map((sink) => ledger.trail.taken[sink.id] ?? 0));
  return { ...ledger, trail: dropThrough(ledger.trail, ledger.credential, least) };
}

function waitingBytes(ledger: Ledger): number {
  return Buffer.byteLength(JSON.stringify(ledger.trail.entries), 'utf8');
}

/** The ledger that says what was taken, and the segments that it needs no more. */
export interface Delivered {
  readonly ledger: Ledger;
  readonly unneeded: readonly string[];
}

/**
 * Gives every sink the entries that it has not taken, in order, from segments first. Null: nothing was given.
 * Only what is saved is given: an entry that a lost race takes back was never there.
 * A sink that is down is reported and stops nothing, unless it is required and this is no emergency.
 */
export async function deliver(
  run: Run,
  ledger: Ledger,
  saved: number,
  signal: AbortSignal,
): Promise<Delivered | null> {
  let changed = ledger;
  let given = false;
  for (const sink of run.sinks) {
    const from = changed.trail.taken[sink.id] ?? 0;
    if (from >= saved) continue;
    try {
      const entries = (await waiting(run, changed, from, signal)).filter((entry) => entry.n <= saved);
      await guarded(run.world, `write the trail to ${sink.id}`, signal, (inner) => sink.take(entries, inner));
      const taken = { ...changed.trail.taken, [sink.id]: saved };
      changed = { ...changed, trail: { ...changed.trail, taken } };
      given = true;
    } catch (caught) {
      const error = toKeyturnError(caught, `write the trail to ${sink.id}`);
      run.report({
        kind: 'sink-down',
        credential: run.credential.name,
        sink: sink.id,
        message: error.message,
      });
      if (sink.required && ledger.rotation?.kind !== 'emergency') {
        throw new KeyturnError('PERSON', `the required trail sink ${sink.id} is down: ${error.message}`, {
          hint: 'mend the sink, or take required: true from it, then run again',
          unsent: true,
        });
      }
    }
  }
  return given ? withoutDelivered(run, changed) : null;
}

async function waiting(
  run: Run,
  ledger: Ledger,
  from: number,
  signal: AbortSignal,
): Promise<readonly TrailEntry[]> {
  const at = { credential: run.credential.name, location: run.credential.location };
  const entries: TrailEntry[] = [];
  for (const segment of ledger.trail.segments ?? []) {
    if (segment.to <= from) continue;
    const text = await guarded(run.world, 'read a segment of the trail', signal, (inner) =>
      run.ledgers.readSegment(at, segment.name, inner),
    );
    if (text === null) {
      throw new KeyturnError('LEDGER', `the segment ${segment.name} of the trail is not in the store`, {
        hint: 'restore it from a backup of the store; the entries in it are not delivered until then',
      });
    }
    entries.push(...(JSON.parse(text) as TrailEntry[]));
  }
  entries.push(...expand(ledger.trail, ledger.credential));
  return entries.filter((entry) => entry.n > from);
}

/** Segments that every sink has are no longer named; their documents go once a ledger is saved that does not name them. */
function withoutDelivered(run: Run, ledger: Ledger): Delivered {
  const least = Math.min(...run.sinks.map((sink) => ledger.trail.taken[sink.id] ?? 0));
  const segments = ledger.trail.segments ?? [];
  const left = segments.filter((segment) => segment.to > least);
  const unneeded = segments.filter((segment) => segment.to <= least).map((segment) => segment.name);
  return {
    ledger: { ...ledger, trail: { ...ledger.trail, segments: left.length === 0 ? undefined : left } },
    unneeded,
  };
}

/** Removes documents that no saved ledger names. One that stays behind harms nothing. */
export async function dropSegments(run: Run, names: readonly string[], signal: AbortSignal): Promise<void> {
  const at = { credential: run.credential.name, location: run.credential.location };
  for (const name of names) {
    try {
      await guarded(run.world, 'drop a segment of the trail', signal, (inner) =>
        run.ledgers.dropSegment(at, name, inner),
      );
    } catch (caught) {
      if (!(caught instanceof KeyturnError)) throw caught;
    }
  }
}
