import { toInstant } from '../core/credential.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Key, Ledger } from '../core/ledger.ts';
import type { Change } from '../core/protocol/changes.ts';
import { door } from '../core/protocol/door.ts';
import { isDead, rowOf, sameKey, wasCurrent } from '../core/rows.ts';
import type { Secret } from '../core/secret.ts';
import { guarded, pause } from './guard.ts';
import { lookAt, twinOf, verified } from './looks.ts';
import { freshSeen, type Session } from './session.ts';

const MOST_MERGES = 10;
const MOST_LOOKS = 10;

type Created = Extract<Change, { type: 'created' }>;

/**
 * After somebody else saved: takes over what is saved. A key that this run made and that nobody knows of is merged
 * into its own row, loading and saving until that succeeds; if nobody has staged it, the same save enters its
 * revocation, and it is revoked here, where its value is.
 */
export async function cleanUp(session: Session): Promise<void> {
  const { run, book } = session;
  const made = unsavedCreation(session);
  const closing = new AbortController().signal;
  const { hand } = session.seen;
  session.seen = { ...freshSeen(run), ...(hand === undefined ? {} : { hand }) };
  const takeOver = async (): Promise<void> => {
    await book.reload(made !== null || run.signal.aborted ? closing : run.signal);
    forgetInvented(session);
    if (made !== null && !knows(book.ledger, made.row)) await mergeHere(session, made, closing);
  };
  // Whatever stands in the way, nobody but this run knows of the key.
  await (made === null ? takeOver() : again(session, takeOver, () => true, closing));
}

/** Does it once more after each failure that may pass, with longer and longer pauses: half a minute of them at most. */
async function again<T>(
  { run }: Session,
  work: () => Promise<T>,
  passes: (error: KeyturnError) => boolean,
  signal: AbortSignal,
): Promise<T> {
  for (let round = 0; ; round += 1) {
    try {
      return await work();
    } catch (caught) {
      if (!(caught instanceof KeyturnError) || !passes(caught) || round + 1 >= MOST_MERGES) throw caught;
      await pause(run.world, 'put a new key aside', 50 * 2 ** round, signal);
    }
  }
}

async function mergeHere(session: Session, made: Created, signal: AbortSignal): Promise<void> {
  const { run, book } = session;
  const known = await isKnown(session, made);
  // The issuer gave a key that somebody has already: it is left alone, and there is nothing to write down.
  if (known === true) return;
  const row = rowOf(book.ledger, made.row);
  const staged = row?.storeVersion !== undefined || (row?.stagedAs !== undefined && row.state === 'pending');
  const ends = !staged && known === false;
  book.merge(made.row, made.facts, ends ? toInstant(run.world.now()) : null);
  await book.saveBeside(signal);
  if (ends) await revokeHere(session, made.row);
}

/** Another run may have invented another secret for the same row: only what is stored counts. */
export function forgetInvented(session: Session): void {
  if (session.run.policy.issuer.secretFrom !== 'client') return;
  const { hand: _, ...seen } = session.seen;
  session.seen = seen;
  session.values.forget();
}

/** The key that this run made and that no saved ledger tells of; one that was found to be no new key is none. */
export function unsavedCreation({ history, saved }: Session): Created | null {
  const unsaved = history.slice(saved.history);
  const made = unsaved.findLast((change) => change.type === 'created') ?? null;
  return unsaved.some((change) => change.type === 'same-key') ? null : made;
}

/** What became of the key that this run made and could not save, for people; empty where none was made. */
export function fateOf({ book, run }: Session, made: Created | null): string {
  if (made === null) return '';
  const row = rowOf(book.ledger, made.row);
  return !book.dirty && row !== null && isDead(row)
    ? `; the key that was made, ${made.row}, is revoked`
    : `; a key was made, ${made.row}, and its value is lost: keyturn status ${run.credential.name} says what becomes of it`;
}

/** Whether the row already says what this run knows of the key. */
function knows(ledger: Ledger, id: string): boolean {
  const row = rowOf(ledger, id);
  return (
    row !== null && row.state !== 'intended' && row.state !== 'possible' && row.fingerprints !== undefined
  );
}

/** Whether another row or another credential has this very key; null: that could not be told. */
async function isKnown({ run, book, values }: Session, made: Created): Promise<boolean | null> {
  const rows = book.ledger.keys.filter((key) => key.id !== made.row);
  if (rows.some((key) => sameKey(key, made.facts))) return true;
  try {
    if ((await run.siblings()).some((key) => sameKey(key, made.facts))) return true;
    return (await twinOf(run, values, book.ledger, made.row)) !== null;
  } catch (caught) {
    if (!(caught instanceof KeyturnError)) throw caught;
    return null;
  }
}

/** Whether the one door lets this revocation through. */
async function isOpen(session: Session, row: Key): Promise<boolean> {
  const { run, book, values } = session;
  const { hand } = session.seen;
  let seen = { ...freshSeen(run), ...(hand === undefined ? {} : { hand }) };
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const step = door(book.ledger, run.policy, seen, row, run.world.now());
    if (step === null) return true;
    if (step.do !== 'look') return false;
    seen = await lookAt(run, values, book.ledger, seen, step.at);
  }
  return false;
}

async function revokeHere(session: Session, id: string): Promise<void> {
  const { run, values } = session;
  const secret = values.held(id);
  // Which of two a promotion ends is for the run that knows what is current.
  if (secret === null || run.issuer.revoke === undefined || run.issuer.traits.revokesBy === 'promotion')
    return;
  try {
    // A store or an issuer that has just come back may fail once more, and later nobody has the value.
    const send = (): Promise<boolean> => sendHere(session, id, secret);
    const mayPass = (error: KeyturnError): boolean => error.retryable && run.world.now() < run.deadline;
    if (!(await again(session, send, mayPass, run.signal))) return;
  } catch (caught) {
    // The row says that the revocation was entered: whoever holds the lease pays it.
    if (!(caught instanceof KeyturnError)) throw caught;
    return;
  }
  await proveHere(session, id);
}

/** False: the door is closed. */
async function sendHere(session: Session, id: string, secret: Secret): Promise<boolean> {
  const { run, values } = session;
  const row = await fencedRow(session, id);
  if (row === null) return false;
  const caller = values.current?.key ?? null;
  await guarded(run.world, `revoke ${id}`, run.signal, async (signal) => {
    await run.issuer.revoke?.({
      role: 'new',
      secret,
      ...(caller === null ? {} : { caller }),
      ...(row.issuerKeyId === undefined ? {} : { issuerKeyId: row.issuerKeyId }),
      signal,
    });
  });
  return true;
}

/** The row, once the door is open and the last save is young enough to send by; null: it is left to others. */
async function fencedRow(session: Session, id: string): Promise<Key | null> {
  const { run, book } = session;
  for (let round = 0; round < MOST_MERGES; round += 1) {
    const row = rowOf(book.ledger, id);
    if (row === null || isDead(row) || wasCurrent(row) || !(await isOpen(session, row))) return null;
    if (book.fresh) return row;
    try {
      await book.saveBeside(run.signal);
    } catch (caught) {
      if (!(caught instanceof KeyturnError) || caught.code !== 'CONFLICT') throw caught;
      await book.reload(run.signal);
    }
  }
  return null;
}

/** Writes the death down where the issuer says so at once; otherwise it stays owed. */
async function proveHere(session: Session, id: string): Promise<void> {
  const { run, book, values } = session;
  const secret = values.held(id);
  if (secret === null) return;
  const answer = await verified(run, secret, id);
  if (answer.verdict !== 'refused' || answer.why !== 'dead' || run.policy.issuer.settles > 0) return;
  for (let round = 0; round < MOST_MERGES; round += 1) {
    book.record({ type: 'dead', row: id, by: 'issuer' });
    try {
      await book.saveBeside(run.signal);
      return;
    } catch (caught) {
      if (!(caught instanceof KeyturnError) || caught.code !== 'CONFLICT') throw caught;
      await book.reload(run.signal);
    }
  }
}
