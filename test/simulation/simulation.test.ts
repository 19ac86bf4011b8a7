import { expect, it } from 'vitest';
import { simulateAll } from './runner.ts';
import { describeFailure } from './shrink.ts';
import type { Simulation } from './simulate.ts';

const SCHEDULES = 800;
/** The same schedules every time; `npm run simulate:long` tries others. */
const BASE = 20_261_300;
/** Schedules that still break a promise. One that is mended fails the test below, so that the list stays true. */
const KNOWN = [20_261_240, 20_263_415, 20_263_476, 20_263_674];

async function failedOf(seeds: readonly number[]): Promise<readonly Simulation[]> {
  const failed: Simulation[] = [];
  await simulateAll(seeds, (simulation) => {
    if (simulation.violation !== null) failed.push(simulation);
  });
  return failed;
}

it('keeps every promise under crashes, faults and interleavings', { timeout: 120_000 }, async () => {
  console.log(`${SCHEDULES} schedules from seed ${BASE}`);
  const failed = await failedOf(Array.from({ length: SCHEDULES }, (_, index) => BASE + index));
  const first = failed[0];
  expect(first === undefined ? '' : `${failed.length} failed; ${await describeFailure(first)}`).toBe('');
});

it('fails where it is known to', { timeout: 60_000 }, async () => {
  const failed = await failedOf(KNOWN);
  expect(failed.map(({ schedule }) => schedule.seed).sort()).toEqual(KNOWN);
});
