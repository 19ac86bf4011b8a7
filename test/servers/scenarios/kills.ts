import { beforeAll, describe, expect, test } from 'vitest';
import { built } from '../../cli/harness.ts';
import type { ScenarioBench, ScenarioStore } from './bench.ts';
import { type House, kill, type Member, withHouse } from './house.ts';
import { inBatches } from './trial.ts';

/** Two processes keep both cores busy. */
const WIDTH = 2;
/** On a slow machine a rotation saves its ledger once more, so the last points may lie beyond its end. */
const LEAST_STRUCK = 15;

/** A rotation is killed (SIGKILL) before and after each call that it makes, and another process goes on. */
export function killScenarios({ open }: ScenarioStore): void {
  describe('a process is killed at each of its calls', () => {
    let points: readonly number[];

    beforeAll(async () => {
      await built();
      const count = await withHouse(open, async ({ front }, house, member) => {
        const before = front.calls.length;
        const { code, stderr } = await house.keyturn(['rotate', member.name]);
        expect(code, stderr).toBe(0);
        expect(await house.faults(member), 'nobody was killed').toEqual([]);
        return front.calls.length - before;
      });
      points = Array.from({ length: count }, (_, index) => index + 1);
    });

    test.each(['before', 'after'] as const)('%s it', async (moment) => {
      let struck = 0;
      await inBatches(points, WIDTH, async (point) => {
        const hit = await withHouse(open, (bench, house, member) =>
          killAt(bench, house, member, { point, moment }),
        );
        struck += hit ? 1 : 0;
      });
      expect(struck, 'processes that were killed').toBeGreaterThan(LEAST_STRUCK);
    });
  });
}

/** False where the rotation was over before this call. */
async function killAt(
  { front }: ScenarioBench,
  house: House,
  member: Member,
  { point, moment }: { readonly point: number; readonly moment: 'before' | 'after' },
): Promise<boolean> {
  const before = front.calls.length;
  const running = house.start(['rotate', member.name]);
  const die = async (): Promise<void> => {
    await kill(running);
  };
  front.rule(async ({ n }) => {
    if (n - before !== point) return { verdict: 'pass' };
    if (moment === 'after') return { verdict: 'lost', after: die };
    await die();
    return { verdict: 'reset' };
  });
  const { signal } = await running.answer;
  front.rule(null);
  const what = `killed ${moment} call ${point}, ${front.calls[before + point - 1]?.name}`;
  const reached = front.calls.length - before >= point;
  if (reached) expect(signal, what).toBe('SIGKILL');
  await house.settle(member.name).catch((error: Error) => {
    throw new Error(`${what}: ${error.message}`);
  });
  expect(await house.faults(member), what).toEqual([]);
  // One is made by the rotation. A value that died with the process is made anew.
  expect(house.minted(), `${what}: keys made`).toBeLessThanOrEqual(2);
  return reached;
}
