import { describe, expect, test } from 'vitest';
import { KeyturnError } from '../../../src/core/errors.ts';
import type { ScenarioBench, ScenarioStore, Verdict } from './bench.ts';
import { expectRest, inBatches, startTrial } from './trial.ts';

const FAULTS: readonly Verdict[] = ['lost', 'reset', 'broken', 'busy', 'hang'];
/** Trials at once: most of them wait, and one whose call hangs does nothing else. */
const WIDTH = 12;
const HANGING = 40;

/** Each call of a rotation fails once, in each way; then all is well again. */
export function faultScenarios({ open }: ScenarioStore): void {
  describe('one call fails once', () => {
    test.each(FAULTS)('%s', async (verdict) => {
      const count = await callsOfRotation(open);
      const points = Array.from({ length: count }, (_, index) => index + 1);
      await inBatches(points, verdict === 'hang' ? HANGING : WIDTH, async (point) => {
        const bench = await open();
        try {
          await failOnce(bench, point, verdict);
        } finally {
          await bench.close();
        }
      });
    });
  });
}

async function failOnce(bench: ScenarioBench, point: number, verdict: Verdict): Promise<void> {
  const trial = await startTrial(bench);
  const { front } = bench;
  const before = front.calls.length;
  front.rule(({ n }) => ({ verdict: n - before === point ? verdict : 'pass' }));
  // A run whose first question is not answered ends with that.
  await trial.run().catch((caught: unknown) => {
    if (!(caught instanceof KeyturnError) || !caught.retryable) throw caught;
  });
  front.rule(null);
  const what = `${verdict} at call ${point}, ${front.calls[before + point - 1]?.name}`;
  await trial.settle().catch((error: Error) => {
    throw new Error(`${what}: ${error.message}`);
  });
  await expectRest(trial, what);
  expect(trial.issuer.keys.length, `${what}: keys made`).toBeLessThanOrEqual(3);
}

/** Of one that nothing disturbs, from the load of the ledger to the last save: of its end, or before an overlap. */
export async function callsOfRotation(open: ScenarioStore['open'], overlap = 0): Promise<number> {
  const bench = await open();
  try {
    const trial = await startTrial(bench, overlap);
    const before = bench.front.calls.length;
    const { outcome, reason } = await trial.run();
    expect(outcome, reason).toBe(overlap === 0 ? 'done' : 'overlap');
    return bench.front.calls.length - before;
  } finally {
    await bench.close();
  }
}
