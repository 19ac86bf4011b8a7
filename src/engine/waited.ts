import { KeyturnError } from '../core/errors.ts';
import type { Step } from '../core/protocol/changes.ts';
import { forgetInvented } from './clean-up.ts';
import { standsInTheWay } from './in-hand.ts';
import type { Patience } from './patience.ts';
import { forgetAnswers, type Session, save } from './session.ts';

/** A lease with less than this left is renewed before a pause; before a longer pause it is let go of. */
const LEASE_RESERVE = 30_000;

/** Waits where it is worth it. False: the run ends here. */
export async function waited(session: Session, step: Step, patience: Patience): Promise<boolean> {
  if (step.do !== 'wait') return false;
  const { run, book } = session;
  const ms = patience(step);
  if (ms === null) return false;
  run.report({ kind: 'waiting', credential: run.credential.name, reason: step.reason, until: step.until });
  const letsGo = ms > LEASE_RESERVE;
  try {
    const kept = await savedBefore(session, letsGo);
    await run.world.sleep(ms, run.signal);
    if (letsGo && kept) {
      await book.reload(run.signal);
      forgetInvented(session);
    }
  } catch (caught) {
    // An interrupted pause ends the run at the top of its loop; anything else does so here.
    if (!run.signal.aborted) throw caught;
  }
  session.seen = forgetAnswers(session.seen);
  return true;
}

/** Whether nothing is left unsaved. A save that fails while a new key is in this process alone is what the pause is for. */
async function savedBefore(session: Session, letsGo: boolean): Promise<boolean> {
  const { run, book } = session;
  const isRunningOut = book.holdsLease && (letsGo || book.leaseLeft < LEASE_RESERVE);
  if (!book.dirty && !isRunningOut) return true;
  try {
    await save(session, letsGo ? 'release' : 'take', run.signal);
    return true;
  } catch (caught) {
    if (!(caught instanceof KeyturnError) || !standsInTheWay(session, caught)) throw caught;
    return false;
  }
}
