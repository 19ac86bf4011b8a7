import { beforeAll, describe, expect, test } from 'vitest';
import { built } from '../../cli/harness.ts';
import type { ScenarioStore } from './bench.ts';
import { openHouse } from './house.ts';

/** Processes that are started at the same moment on one credential that is due. */
export function raceScenarios({ open }: ScenarioStore): void {
  describe('runs that start together', () => {
    beforeAll(() => built());

    test.each([2, 10])('%i of them: one rotates', async (many) => {
      const bench = await open();
      const member = { name: 'wa-prod', location: bench.location() };
      const house = await openHouse(bench, [member], 'overlap: 24h');
      try {
        const old = await house.adoptOld(member);
        const seen = new Set<string | null>();
        const answers = await Promise.all(
          Array.from({ length: many }, () => house.keyturn(['run', 'wa-prod', '--json'])),
        );
        seen.add(await bench.consume(member.location));
        expect(house.minted(), 'keys made').toBe(1);
        const outcomes = answers.map(({ code, document }) => ({
          code,
          outcome: document.data.credentials[0]?.outcome ?? document.errors[0]?.code,
        }));
        const shown = JSON.stringify(outcomes);
        expect(
          outcomes.filter(({ code }) => code !== 0 && code !== 5),
          shown,
        ).toEqual([]);
        // One run makes it; another may find it made, and wait for the end of the overlap with nothing to do.
        expect(outcomes.filter(({ code }) => code === 0).length, shown).toBeGreaterThanOrEqual(1);
        const { keys } = await house.status('wa-prod');
        expect(keys.map(({ state }) => state).sort()).toEqual(['current', 'retiring']);
        const now = await bench.consume(member.location);
        expect(now).not.toBe(old);
        expect(house.cli.simulator.lookup(now ?? '')?.state).toBe('live');
        expect(house.cli.simulator.lookup(old)?.state).toBe('live');
        expect([...seen]).toEqual([now]);
      } finally {
        await house.close();
        await bench.close();
      }
    });
  });
}
