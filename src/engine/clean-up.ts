import { toInstant } from '../core/credential.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Ledger } from '../core/ledger.ts';
import { rowOf, wasCurrent } from '../core/rows.ts';
import { guarded } from './guard.ts';
import { verified } from './looks.ts';
import { freshSeen, type Session } from './session.ts';

const MOST_MERGES = 10;

/**
 * After somebody else saved: takes over what is saved. A key that this run made and that nobody knows of is merged
 * into its own row, loading and saving until that succeeds; if nobody has staged it, the same save enters its
 * revocation, and it is revoked here, where its value is.
 */
export async function cleanUp(session: Session): Promise<void> {
  const { run, book } = session;
  const made = session.history.findLast((change) => change.type === 'created');
  const closing = new AbortController().signal;
  await book.reload(run.signal.aborted ? closing : run.signal);
  const hand = session.seen.hand;
  session.seen = { ...freshSeen(run), ...(hand === undefined ? {} : { hand }) };
  if (made?.type !== 'created') return;
  if (knows(book.ledger, made.row)) return;
  for (let round = 0; round < MOST_MERGES; round += 1) {
    const row = rowOf(book.ledger, made.row);
    const staged =
      row?.storeVersion !== undefined || (row?.stagedAs !== undefined && row.state === 'pending');
    book.merge(made.row, made.facts, staged ? null : toInstant(run.world.now()));
    try {
      await book.saveBeside(closing);
      if (!staged) await revokeHere(session, made.row);
      return;
    } catch (caught) {
      if (!(caught instanceof KeyturnError) || caught.code !== 'CONFLICT') throw caught;
      await run.world.sleep(50 * 2 ** round, closing);
      await book.reload(closing);
    }
  }
}

/** Whether the row already says what this run knows of the key. */
function knows(ledger: Ledger, id: string): boolean {
  const row = rowOf(ledger, id);
  return (
    row !== null && row.state !== 'intended' && row.state !== 'possible' && row.fingerprints !== undefined
  );
}

async function revokeHere(session: Session, id: string): Promise<void> {
  const { run, book, values } = session;
  const row = rowOf(book.ledger, id);
  const secret = values.held(id);
  if (row === null || secret === null || run.issuer.revoke === undefined || wasCurrent(row)) return;
  // Which of two a promotion ends is for the run that knows what is current.
  if (run.issuer.traits.revokesBy === 'promotion') return;
  const current = await values.readCurrent(run.signal);
  const caller = current?.key ?? null;
  if (caller === null || caller.equals(secret)) return;
  if ((await verified(run, caller, 'the key in current')).verdict !== 'works') return;
  try {
    await guarded(run.world, `revoke ${id}`, run.signal, async (signal) => {
      await run.issuer.revoke?.({
        role: 'new',
        secret,
        caller,
        ...(row.issuerKeyId === undefined ? {} : { issuerKeyId: row.issuerKeyId }),
        signal,
      });
    });
  } catch (caught) {
    // The row says that the revocation was entered: whoever holds the lease pays it.
    if (!(caught instanceof KeyturnError)) throw caught;
    return;
  }
  const answer = await verified(run, secret, id);
  if (answer.verdict !== 'refused' || answer.why !== 'dead') return;
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
