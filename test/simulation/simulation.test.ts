import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { simulateAll } from './runner.ts';
import { describeFailure } from './shrink.ts';
import type { Simulation } from './simulate.ts';

const SCHEDULES = 3_000;
const WHEN_NO_COMMIT = 20_261_122;

/** Other schedules with every commit, and the same ones for the same commit. */
function seedBase(): number {
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' });
    return Number.parseInt(commit.slice(0, 7), 16);
  } catch (caught) {
    if (!(caught instanceof Error)) throw caught;
    return WHEN_NO_COMMIT;
  }
}

it('keeps every promise under crashes, faults and interleavings', { timeout: 120_000 }, async () => {
  const base = seedBase();
  console.log(`${SCHEDULES} schedules from seed ${base}`);
  const failed: Simulation[] = [];
  const seeds = Array.from({ length: SCHEDULES }, (_, index) => base + index);
  await simulateAll(seeds, (simulation) => {
    if (simulation.violation !== null) failed.push(simulation);
  });
  const first = failed[0];
  expect(first === undefined ? '' : `${failed.length} failed; ${await describeFailure(first)}`).toBe('');
});
