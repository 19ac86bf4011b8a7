import type { KeyturnError } from '../core/errors.ts';
import type { Failure, Step } from '../core/protocol/changes.ts';
import { retryStep } from '../core/protocol/steps.ts';
import { rowOf } from '../core/rows.ts';
import { record, type Session } from './session.ts';

/** How long an interrupted run may still take to put a new key aside. */
const SHELTER_MS = 10_000;

/** A key was made and is in this process alone. */
export function holdsUnstaged({ book, seen, run }: Session): boolean {
  const row = rowOf(book.ledger, seen.hand?.row);
  return (
    run.policy.issuer.secretFrom !== 'client' && row?.state === 'pending' && row.storeVersion === undefined
  );
}

/**
 * Whether an interrupted run goes on for a moment: it holds a new key whose value is nowhere else yet, and to leave now
 * would be to lose it. From here on the run has a signal of its own.
 */
export function shelters(session: Session): boolean {
  if (session.sheltered || !holdsUnstaged(session)) return false;
  const grace = new AbortController();
  const { world } = session.run;
  void world.sleep(SHELTER_MS, new AbortController().signal).then(() => grace.abort());
  session.sheltered = true;
  session.run = { ...session.run, signal: grace.signal };
  return true;
}

/** Whether a failure does not end the run yet, because it holds a key that would be lost with it. */
export function standsInTheWay(session: Session, { code }: KeyturnError): boolean {
  if (code === 'CONFLICT' || code === 'LEASED' || code === 'BUG') return false;
  return holdsUnstaged(session) && !(code === 'INTERRUPTED' && session.sheltered);
}

/** What is to be done about it: what may pass is waited for. */
export function waitOut(error: KeyturnError, now: number): Step {
  if (error.retryable) return retryStep('retry', error.message, error.detail.retryAfterMs, {}, now);
  return { do: 'stop', code: error.code, reason: error.message, hint: error.hint };
}

/**
 * Ends the rotation whose new key cannot be put aside. What is owed to the key then, its revocation, is paid while its
 * value is still here. An emergency goes on instead, and a key that a person handed over is theirs to end.
 */
export function givesUp(session: Session, step: Step): boolean {
  const { book, run, seen } = session;
  const { rotation } = book.ledger;
  const { revokesBy, can } = run.policy.issuer;
  const ends = can.revoke && (revokesBy === 'id' || revokesBy === 'secret');
  const isPlain = rotation?.kind === 'scheduled' || rotation?.kind === 'manual';
  if (!ends || !isPlain || rotation.new !== seen.hand?.row || !holdsUnstaged(session)) return false;
  record(session, { type: 'failed', failure: failureIn(step) });
  return true;
}

function failureIn(step: Step): Failure {
  if (step.do === 'stop') return { code: step.code, message: step.reason, hint: step.hint };
  const reason = step.do === 'wait' || step.do === 'nothing' ? step.reason : 'the store takes no value';
  return { code: 'UNAVAILABLE', message: reason };
}
