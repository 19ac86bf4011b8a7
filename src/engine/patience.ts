import type { Step } from '../core/protocol/changes.ts';
import type { Run } from './run.ts';

/** How long a run keeps asking by itself, beyond the time that the issuer says it needs. */
const EXTRA_PATIENCE = 60_000;

/** The longest pause between two questions that nobody asked us to wait for. */
const LONGEST_PAUSE = 10_000;

/** How long to stay for a step that waits, in milliseconds; null: not worth it. */
export type Patience = (step: Extract<Step, { do: 'wait' }>) => number | null;

/**
 * A run stays for what settles by itself, as long as the issuer says that it may take and a minute more, or as long
 * as the other side asks, within the run's time. It stays for the end of an overlap only when it was told to.
 */
export function patienceFor(run: Run): Patience {
  let spent = 0;
  let pauses = 0;
  const budget = run.policy.issuer.settles + EXTRA_PATIENCE;
  return (step) => {
    if (step.until === null) return null;
    const now = run.world.now();
    const ms = Math.max(step.until - now, 0) + 1;
    if (step.for === 'overlap') return run.waitForOverlap ? ms : null;
    if (step.for !== 'retry' && step.for !== 'proof') return null;
    if (step.until > run.deadline) return null;
    if (step.told === true) return ms;
    // Asking again and again helps nobody: each pause of our own is longer than the one before.
    const own = Math.min(Math.max(ms, 1_000 * 2 ** pauses), Math.max(ms, LONGEST_PAUSE));
    if (spent + own > budget || now + own > run.deadline) return null;
    pauses += 1;
    spent += own;
    return own;
  };
}
