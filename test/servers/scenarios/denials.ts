import { beforeAll, describe, expect, test } from 'vitest';
import { built } from '../../cli/harness.ts';
import type { Call, ScenarioBench, ScenarioStore } from './bench.ts';
import { type House, type Member, withHouse } from './house.ts';
import { inBatches } from './trial.ts';

const WIDTH = 2;
const DENIED_EXITS = [2, 3, 4];

/** Each thing that a rotation asks of the server is denied in turn, from the first time that it is asked. */
export function denialScenarios({ open }: ScenarioStore): void {
  describe('a right is missing', () => {
    beforeAll(() => built());

    test('the error names it and what grants it; with the right, all goes on', async () => {
      const names = await withHouse(open, async ({ front }, house, { name }) => {
        const before = front.calls.length;
        expect((await house.keyturn(['rotate', name])).code).toBe(0);
        return [...new Set(front.calls.slice(before).map((call) => call.name))];
      });
      await inBatches(
        names.map((_, index) => index),
        WIDTH,
        (index) => withHouse(open, (bench, house, member) => deny(bench, house, member, index)),
      );
    });
  });
}

async function deny(
  { front, denial }: ScenarioBench,
  house: House,
  member: Member,
  index: number,
): Promise<void> {
  const kinds: string[] = [];
  let denied: Call | null = null;
  const before = front.calls.length;
  front.rule((call) => {
    if (!kinds.includes(call.name)) kinds.push(call.name);
    if (kinds.indexOf(call.name) !== index) return { verdict: 'pass' };
    denied ??= call;
    return { verdict: 'denied' };
  });
  const answers = [await house.keyturn(['rotate', member.name]), await house.keyturn(['run', member.name])];
  front.rule(null);
  const call = front.calls.slice(before).find(({ n }) => n === denied?.n);
  if (call === undefined) return;
  const expected = denial(call);
  if (expected === null) {
    expect(answers[0]?.code, `${call.name} was denied`).toBe(0);
    return;
  }
  const { says, grant } = expected;
  const said = answers.map(({ stdout, stderr }) => stdout + stderr).join('');
  expect(said, `${call.name} was denied`).toContain(says);
  expect(said, `${call.name} was denied`).toContain(grant);
  expect(DENIED_EXITS, `${call.name} was denied: ${said}`).toContain(answers[0]?.code);
  const again = await house.keyturn(['rotate', member.name]);
  expect([0, 3], `${call.name} is allowed again: ${again.stderr}`).toContain(again.code);
  await house.settle(member.name);
  expect(await house.faults(member), `${call.name} was denied`).toEqual([]);
}
