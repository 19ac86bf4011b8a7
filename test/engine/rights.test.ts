import { describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import type { MissingRight, SecretStore } from '../../src/core/store.ts';
import { plan } from '../../src/engine/plan.ts';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import { runOf } from './world.ts';

/* Where a store can tell that it would not take a key, none is made. */

const MISSING: MissingRight = {
  permission: 'versions.add',
  on: 'projects/p/secrets/token',
  grant: 'roles/adder',
};

/** The scene's store, with an answer about rights that is counted. */
function asked(scene: Scene, answer: () => readonly MissingRight[] | null) {
  let times = 0;
  const store: SecretStore = {
    ...scene.store,
    rights: async (at) => {
      expect(at.location).not.toBe('');
      times += 1;
      return answer();
    },
  };
  return { patch: { store }, times: () => times };
}

describe('rights are asked for before a key is made', () => {
  test.each([
    ['rotate', { do: 'rotate', reason: 'asked for' }],
    ['run', { do: 'run' }],
  ] as const)('%s makes none where one is missing', async (_, order) => {
    const scene = sceneOf();
    await scene.adopt(100);
    const { patch } = asked(scene, () => [MISSING]);
    const ended = outcomeIn(await scene.run({ order, patch }));
    expect(ended.error).toMatchObject({ code: 'DENIED', exitCode: 4 });
    expect(ended.error?.message).toContain('versions.add on projects/p/secrets/token');
    expect(ended.error?.hint).toContain('roles/adder');
    expect(scene.issuer.keys).toHaveLength(1);
    expect((await scene.watch.ledger())?.rotation).toBeUndefined();
    const granted = asked(scene, () => []);
    expect(outcomeIn(await scene.run({ order, patch: granted.patch })).error).toBeNull();
    expect(scene.issuer.keys).toHaveLength(2);
    expect(granted.times()).toBe(1);
  });

  test('a rotation that was opened before asks again, and goes on where it can', async () => {
    const scene = sceneOf();
    await scene.adopt(100);
    await scene.run({
      around: async ({ op }, perform) => {
        if (op === 'issuer.create') throw new KeyturnError('RATE_LIMITED', 'too often', { hint: 'wait' });
        return perform();
      },
    });
    expect((await scene.watch.ledger())?.rotation?.phase).toBe('create');
    scene.clock.advance(3_600_000);
    const { patch } = asked(scene, () => [MISSING]);
    expect(outcomeIn(await scene.run({ patch })).error).toMatchObject({ code: 'DENIED' });
    expect(scene.issuer.keys).toHaveLength(1);
    await scene.untilRest();
  });

  test('plan says so with --live, and asks nothing without', async () => {
    const scene = sceneOf();
    await scene.adopt(100);
    const { patch, times } = asked(scene, () => [MISSING]);
    const run = runOf(scene.clock.process(), scene.issuer, patch.store, {});
    await expect(plan(run, { do: 'run' }, true)).rejects.toMatchObject({ code: 'DENIED' });
    expect(times()).toBe(1);
    expect((await plan(run, { do: 'run' }, false)).action).toBe('start');
    expect(times()).toBe(1);
  });

  test('a store that cannot tell, or an emergency, is not held up', async () => {
    const scene = sceneOf();
    await scene.adopt(100);
    expect(outcomeIn(await scene.run({ patch: asked(scene, () => null).patch })).error).toBeNull();
    expect(scene.issuer.keys).toHaveLength(2);
    const { patch, times } = asked(scene, () => [MISSING]);
    await scene.run({ order: { do: 'emergency', reason: 'leaked' }, patch });
    expect(times()).toBe(0);
    expect(scene.issuer.keys).toHaveLength(3);
  });

  test('nothing is asked where no key is to be made', async () => {
    const scene = sceneOf();
    await scene.adopt(1);
    const { patch, times } = asked(scene, () => [MISSING]);
    expect(outcomeIn(await scene.run({ patch })).outcome).toBe('none');
    expect(times()).toBe(0);
  });
});
