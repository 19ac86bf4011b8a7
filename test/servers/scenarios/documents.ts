import { beforeAll, describe, expect, test } from 'vitest';
import { built } from '../../cli/harness.ts';
import type { ScenarioStore } from './bench.ts';
import { openHouse } from './house.ts';

const QUIET_MS = 500;

/** One JSON document that two credentials share, and a person too. */
export function documentScenarios({ open, losesRaces }: ScenarioStore): void {
  const leftOut = losesRaces === undefined ? '' : `, left out: ${losesRaces}`;
  describe.skipIf(losesRaces !== undefined)(`a shared document${leftOut}`, () => {
    beforeAll(() => built());

    test('is right after two rotations at once and a change by hand', async () => {
      const bench = await open();
      const location = bench.location();
      const members = ['a', 'b'].map((one) => ({ name: `wa-${one}`, location, field: `token_${one}` }));
      const house = await openHouse(bench, members, 'overlap: 0s');
      const { front } = bench;
      try {
        await bench.overwrite(location, '{ "note": "first", "other": [1, 2] }');
        const olds: string[] = [];
        for (const member of members) olds.push(await house.adoptOld(member));

        // The person changes the document while neither process has a request under way.
        const before = front.calls.length;
        let byHand: Promise<void> | null = null;
        const change = async (): Promise<void> => {
          await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
          const text = await bench.consume(location);
          await bench.overwrite(location, JSON.stringify({ ...JSON.parse(text ?? ''), note: 'second' }));
        };
        front.rule(async ({ n }) => {
          if (n - before >= 20) byHand ??= change();
          await byHand;
          return { verdict: 'pass' };
        });
        await Promise.all(members.map(({ name }) => house.keyturn(['rotate', name])));
        expect(byHand, 'the change by hand came in between').not.toBeNull();
        front.rule(null);
        for (const { name } of members) await house.settle(name);

        const document = JSON.parse((await bench.consume(location)) ?? '');
        expect(document).toMatchObject({ note: 'second', other: [1, 2] });
        for (const [index, member] of members.entries()) {
          expect(await house.faults(member), member.name).toEqual([]);
          expect(document[member.field]).not.toBe(olds[index]);
        }
        expect(document.token_a).not.toBe(document.token_b);
      } finally {
        await house.close();
        await bench.close();
      }
    });
  });
}
