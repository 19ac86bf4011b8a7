import { toMs } from '../credential.ts';
import type { ErrorCode } from '../errors.ts';
import type { Key, Ledger } from '../ledger.ts';
import type { Step } from './changes.ts';
import type { Look, WaitFor } from './seen.ts';

const SHORTEST_PAUSE = 1_000;

export function look(at: Look): Step {
  return { do: 'look', at };
}

export function stop(code: ErrorCode, reason: string, hint: string): Step {
  return { do: 'stop', code, reason, hint };
}

/** Waits for the pause that the other side asked for, or for a short one of our own. */
export function retryStep(
  what: WaitFor,
  reason: string,
  retryAfterMs: number | undefined,
  row: Pick<Key, 'nextTry' | 'told'>,
  now: number,
): Step {
  const own = row.nextTry === undefined ? now + SHORTEST_PAUSE : toMs(row.nextTry);
  return {
    do: 'wait',
    for: what,
    reason,
    until: Math.max(own, now + (retryAfterMs ?? 0), now + SHORTEST_PAUSE),
    told: (retryAfterMs ?? 0) > SHORTEST_PAUSE || (row.told === true && own > now),
  };
}

/** What puts another key in place at once: an emergency that is open already would only be resumed. */
export function emergencyCommand(ledger: Ledger): string {
  const again = ledger.rotation?.kind === 'emergency' ? ' --again' : '';
  return `keyturn emergency ${ledger.credential}${again}`;
}

/** What puts another key in place, with an overlap where that can be had: while a rotation is open, `rotate` resumes it. */
export function replaceCommand(ledger: Ledger): string {
  return ledger.rotation === undefined ? `keyturn rotate ${ledger.credential}` : emergencyCommand(ledger);
}

/** How much a step matters to whoever reads the outcome: the greatest is reported. */
export function weight(step: Step): number {
  switch (step.do) {
    case 'stop':
      return step.code === 'UNSAFE' ? 9 : 8;
    case 'wait':
      return step.for === 'proof' ? 6 : step.for === 'retry' ? 5 : step.for === 'overlap' ? 3 : 4;
    case 'nothing':
      return 0;
    default:
      return 10;
  }
}

/** Whether the step asks the engine to do something now. */
export function isActive(step: Step): boolean {
  return step.do === 'look' || step.do === 'record' || step.do === 'intend' || step.do === 'act';
}

/** What was read from the store may be what was there before. */
export function mayBeOld(now: number): Step {
  return retryStep('retry', 'the store may still show what was there before', undefined, {}, now);
}
