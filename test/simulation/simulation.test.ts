import { describe, expect, it } from 'vitest';
import { describeFailure, simulateAll } from './run.ts';
import type { Simulation } from './simulate.ts';

const SCHEDULES = 800;

/** The same schedules every time; `npm run simulate:long` tries others. */
const BASE = 40_000;

describe('the simulation', () => {
  it('keeps every promise under crashes, faults and interleavings', { timeout: 300_000 }, async () => {
    const failed: Simulation[] = [];
    console.log(`${SCHEDULES} schedules from seed ${BASE}`);
    await simulateAll(
      Array.from({ length: SCHEDULES }, (_, index) => BASE + index),
      (simulation) => {
        if (simulation.violation !== null) failed.push(simulation);
        return failed.length === 0;
      },
    );
    const [one] = failed;
    expect(one === undefined ? '' : await describeFailure(one)).toBe('');
  });
});
