import type { Change } from '../core/protocol/changes.ts';
import { nothingSeen, type Seen } from '../core/protocol/seen.ts';
import type { TrailNote } from '../core/trail.ts';
import { Book } from './book.ts';
import type { Run } from './run.ts';
import { Values } from './values.ts';

/** A run on one credential under way: what it holds and what it has seen. */
export interface Session {
  run: Run;
  /** It was interrupted, and goes on only to put a new key aside. */
  sheltered: boolean;
  /** The store has been asked whether it allows what a rotation does. */
  allowed: boolean;
  readonly book: Book;
  readonly values: Values;
  seen: Seen;
  /** What was recorded, in order, and what the trail says of it: the outcome is read from them. */
  readonly history: Change[];
  readonly noted: TrailNote[];
  /** How many of both are saved. */
  saved: { history: number; noted: number };
}

export async function openSession(run: Run): Promise<Session> {
  const book = await Book.open(run);
  return {
    run,
    sheltered: false,
    allowed: false,
    book,
    values: new Values(run),
    seen: freshSeen(run),
    history: [],
    noted: [],
    saved: { history: 0, noted: 0 },
  };
}

export function record(session: Session, change: Change): void {
  session.history.push(change);
  const note = session.book.record(change);
  if (note !== null) session.noted.push(note);
  if (change.type === 'revoke-taken-back') {
    const { entered: _, ...rest } = session.seen;
    session.seen = rest;
  }
  if (change.type === 'opened') session.seen = { ...session.seen, freshId: newRotationId(session.run) };
}

export async function save(session: Session, lease: 'take' | 'release', signal: AbortSignal): Promise<void> {
  await session.book.save(lease, signal);
  session.saved = { history: session.history.length, noted: session.noted.length };
}

/** Takes back from the account what was recorded and could not be saved. */
export function dropUnsaved(session: Session): void {
  session.history.length = session.saved.history;
  session.noted.length = session.saved.noted;
}

/** Keeps what only this process can know, and what does not change from outside. */
export function forgetAnswers(seen: Seen): Seen {
  const { clock, freshId, hand, siblings, twin } = seen;
  return {
    ...nothingSeen(clock, freshId),
    ...(hand === undefined ? {} : { hand }),
    ...(siblings === undefined ? {} : { siblings }),
    ...(twin === undefined ? {} : { twin }),
  };
}

export function freshSeen(run: Run): Seen {
  return nothingSeen(run.runner.host, newRotationId(run));
}

/** An id that sorts by day and is not used twice: `r20261122-` and eight characters. */
function newRotationId(run: Run): string {
  const day = new Date(run.world.now()).toISOString().slice(0, 10).replaceAll('-', '');
  return `r${day}-${Buffer.from(run.world.random(4)).toString('hex')}`;
}
