import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { hash } from './random.ts';
import { describeFailure, simulateAll } from './run.ts';
import type { Simulation } from './simulate.ts';

const SCHEDULES = 2_000;

/** Another commit tries other schedules, and the same commit always the same. Outside git they never change. */
function base(): number {
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' });
    return hash(Number.parseInt(commit.slice(0, 8), 16));
  } catch {
    return 20_261_125;
  }
}

describe('the simulation', () => {
  it('keeps every promise under crashes, faults and interleavings', { timeout: 300_000 }, async () => {
    const first = base();
    const failed: Simulation[] = [];
    console.log(`${SCHEDULES} schedules from seed ${first}`);
    await simulateAll(
      Array.from({ length: SCHEDULES }, (_, index) => (first + index) % 0xffffffff),
      (simulation) => {
        if (simulation.violation !== null) failed.push(simulation);
        return failed.length === 0;
      },
    );
    const [one] = failed;
    expect(one === undefined ? '' : await describeFailure(one)).toBe('');
  });
});
