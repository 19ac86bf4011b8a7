import { describe, expect, test } from 'vitest';
import type { ScenarioBench, ScenarioStore } from './bench.ts';
import { callsOfRotation } from './faults.ts';
import { inBatches, startTrial, type Trial } from './trial.ts';

const DAY = 86_400_000;
const WIDTH = 8;

/** Somebody puts a key of their own into place, in the middle of a rotation, before each of its calls. */
export function strangerScenarios({ open }: ScenarioStore): void {
  describe('somebody else changes current', () => {
    test('before each call of a rotation: theirs is kept, and a hold stands', async () => {
      const count = await callsOfRotation(open, DAY);
      const points = Array.from({ length: count }, (_, index) => index + 1);
      const told = { unpromoted: 0, promoted: 0 };
      await inBatches(points, WIDTH, async (point) => {
        const bench = await open();
        try {
          const seen = await changeAt(bench, point);
          told[seen] += 1;
        } finally {
          await bench.close();
        }
      });
      // Both halves of the rule were met.
      expect(told.unpromoted, JSON.stringify(told)).toBeGreaterThan(0);
      expect(told.promoted, JSON.stringify(told)).toBeGreaterThan(0);
    });
  });
}

async function changeAt(bench: ScenarioBench, point: number): Promise<'promoted' | 'unpromoted'> {
  const trial = await startTrial(bench, DAY);
  const { issuer, location } = trial;
  const [old] = issuer.keys;
  const { front } = bench;
  const before = front.calls.length;
  let theirs = '';
  let found: string | null = null;
  front.rule(async ({ n }) => {
    if (n - before === point) {
      found = await bench.consume(location);
      theirs = issuer.make().value;
      await bench.overwrite(location, theirs);
    }
    return { verdict: 'pass' };
  });
  await trial.run();
  front.rule(null);
  for (let round = 0; round < 3; round += 1) await trial.run();

  const what = `changed before call ${point}, ${front.calls[before + point - 1]?.name}`;
  const promoted = found !== old?.value;
  expect(await bench.consume(location), `${what}: theirs is kept`).toBe(theirs);
  expect(issuer.isAlive(theirs), `${what}: theirs lives`).toBe(true);
  expect((await trial.ledger()).hold?.kind, `${what}: a hold`).toBe('foreign');
  expect(issuer.isAlive(old?.value ?? null), `${what}: the old key lives`).toBe(true);
  expectOurs(trial, theirs, promoted, what);
  return promoted ? 'promoted' : 'unpromoted';
}

/** Keys that consumers never read are revoked; after promote nothing is. */
function expectOurs({ issuer }: Trial, theirs: string, promoted: boolean, what: string): void {
  const ours = issuer.keys.filter(({ value, mark }) => value !== theirs && mark !== null);
  const alive = ours.map(({ diedAt }) => diedAt === null);
  expect(alive, `${what}: our key`).toEqual(promoted ? [true] : ours.map(() => false));
}
