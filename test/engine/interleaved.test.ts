import { describe, expect, it } from 'vitest';
import { PATIENCE, sampled } from './long.ts';
import { type Ended, type Scene, sceneOf } from './scene.ts';
import { DAY } from './world.ts';

/** Runs of calls by one process before the other goes on; the last one goes to its end. */
type Plan = readonly { readonly name: string; readonly calls: number }[];

const TRAITS = {
  plain: {},
  'by id, with marks': { revokesBy: 'id', marks: true },
  'client-made': { secretFrom: 'client' },
} as const;

async function two(scene: Scene, plan: Plan): Promise<readonly Ended[]> {
  const left = plan.map((part) => ({ ...part }));
  scene.clock.schedule = (waiting) => {
    while (left.length > 0) {
      const part = left[0];
      if (part === undefined) break;
      if (part.calls > 0 && waiting.includes(part.name)) {
        part.calls -= 1;
        return part.name;
      }
      left.shift();
    }
    return waiting[0] ?? '';
  };
  const ended = await Promise.all(
    ['a', 'b'].map((name) => scene.run({ process: scene.clock.process(name), runner: { host: name } })),
  );
  scene.clock.schedule = null;
  return ended;
}

async function check(traits: keyof typeof TRAITS, phase: 'rotate' | 'revoke', plan: Plan): Promise<void> {
  const scene = sceneOf({ traits: TRAITS[traits] });
  await scene.adopt(100);
  if (phase === 'revoke') {
    await scene.run();
    scene.clock.advance(DAY + 1);
  }
  const ended = await two(scene, plan);
  const name = `${traits}, ${phase}: ${plan.map((part) => `${part.name}${part.calls}`).join(' ')}`;
  const codes = ended.map((one) => (one === 'crashed' ? one : one.exitCode));
  expect(
    codes.every((code) => code === 0 || code === 5),
    `${name}: ${codes}`,
  ).toBe(true);
  expect(codes, name).toContain(0);
  expect(scene.issuer.keys.length, name).toBe(2);
  const promoted = [...scene.watch.entries.values()].filter((entry) => entry.event === 'promoted');
  expect(promoted.length, name).toBe(1);
  await scene.untilRest();
  expect(scene.watch.violations, name).toEqual([]);
}

describe.each(Object.keys(TRAITS) as (keyof typeof TRAITS)[])(
  'two runs of one due credential: %s',
  (traits) => {
    it.each(['rotate', 'revoke'] as const)(
      '%s: one stops after every call, and the other runs to its end',
      async (phase) => {
        for (let calls = 0; calls < 60; calls += 1)
          if (sampled(calls, 3))
            await check(traits, phase, [
              { name: 'a', calls },
              { name: 'b', calls: 500 },
            ]);
      },
      PATIENCE,
    );

    it.each(['rotate', 'revoke'] as const)(
      '%s: both stop once, at every pair of calls',
      async (phase) => {
        let place = 0;
        for (let a = 1; a < 40; a += 1)
          for (let b = 1; b < 40; b += 1) {
            place += 1;
            if (sampled(place, traits === 'plain' ? 43 : 97))
              await check(traits, phase, [
                { name: 'a', calls: a },
                { name: 'b', calls: b },
                { name: 'a', calls: 500 },
              ]);
          }
      },
      PATIENCE,
    );
  },
);
