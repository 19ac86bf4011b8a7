import { describe, expect, it } from 'vitest';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import { type Around, faulty } from './tap.ts';
import { DAY } from './world.ts';

const EMERGENCY = { do: 'emergency', reason: 'leaked' } as const;

async function adopted(options: Parameters<typeof sceneOf>[0] = {}): Promise<Scene> {
  const scene = sceneOf(options);
  outcomeIn(await scene.adopt(10));
  scene.watch.allowed.earlyDeath = true;
  return scene;
}

async function crashAt(scene: Scene, op: string): Promise<void> {
  const process = scene.clock.process();
  const crash = { crash: () => process.kill(), later: () => undefined };
  const around: Around = (call, perform) =>
    call.op === op ? faulty('crash-after', crash, perform) : perform();
  const order = { do: 'rotate', reason: 'test' } as const;
  expect(await scene.run({ process, around, order })).toBe('crashed');
}

describe('emergency', () => {
  it('replaces and kills in one run, in this order', async () => {
    const scene = await adopted();
    const ops: string[] = [];
    const around: Around = (call, perform) => {
      ops.push(call.op);
      return perform();
    };
    const outcome = outcomeIn(await scene.run({ order: EMERGENCY, around }));
    expect(outcome).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(outcome.times.provenDead).not.toBeNull();
    const effects = ops.filter((op) => /create|stage|promote|revoke/.test(op));
    expect(effects).toEqual(['issuer.create', 'store.stage', 'store.promote', 'issuer.revoke']);
    expect(scene.issuer.keys.map((key) => key.diedAt === null)).toEqual([false, true]);
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it.each(['issuer.create', 'store.stage', 'store.promote'])(
    'replaces a rotation that was open at %s: all its keys die, at once and without waiting for the lease',
    async (op) => {
      const scene = await adopted({ traits: { revokesBy: 'id', marks: true } });
      await crashAt(scene, op);
      const outcome = outcomeIn(await scene.run({ order: EMERGENCY }));
      expect(outcome.exitCode, outcome.reason).toBe(0);
      const value = await scene.watch.current();
      const live = scene.issuer.keys.filter((key) => key.diedAt === null);
      expect(live.map((key) => key.value)).toEqual([value]);
      await scene.watch.atRest();
      expect(scene.watch.violations).toEqual([]);
    },
  );

  it('kills both keys of an overlap', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'test' } }));
    const outcome = outcomeIn(await scene.run({ order: EMERGENCY }));
    expect(outcome).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(scene.issuer.keys.map((key) => key.diedAt === null)).toEqual([false, false, true]);
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('is resumed, not started over, unless it is asked for again', async () => {
    const scene = await adopted();
    const process = scene.clock.process();
    const crash = { crash: () => process.kill(), later: () => undefined };
    const around: Around = (call, perform) =>
      call.op === 'store.promote' ? faulty('crash-before', crash, perform) : perform();
    expect(await scene.run({ order: EMERGENCY, process, around })).toBe('crashed');
    outcomeIn(await scene.run({ order: EMERGENCY }));
    expect(scene.issuer.keys).toHaveLength(2);
    outcomeIn(await scene.run({ order: { ...EMERGENCY, again: true } }));
    expect(scene.issuer.keys).toHaveLength(3);
    expect(scene.watch.violations).toEqual([]);
  });

  it('--revoke-first kills the old key before the new one exists, and promotes unseen', async () => {
    const scene = await adopted();
    scene.watch.allowed.lastKey = true;
    const ops: string[] = [];
    const around: Around = (call, perform) => {
      ops.push(call.op);
      return perform();
    };
    const outcome = outcomeIn(await scene.run({ order: { ...EMERGENCY, revokeFirst: true }, around }));
    expect(outcome).toMatchObject({ outcome: 'done', exitCode: 0 });
    const effects = ops.filter((op) => /create|promote|revoke/.test(op));
    expect(effects).toEqual(['issuer.revoke', 'issuer.create', 'store.promote']);
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it.each(['issuer.revoke', 'issuer.create', 'store.stage', 'store.promote'])(
    '--revoke-first survives a crash around %s',
    async (op) => {
      for (const when of ['crash-before', 'crash-after'] as const) {
        const scene = await adopted({ traits: { revokesBy: 'id', marks: true } });
        scene.watch.allowed.lastKey = true;
        const process = scene.clock.process();
        const crash = { crash: () => process.kill(), later: () => undefined };
        const around: Around = (call, perform) => (call.op === op ? faulty(when, crash, perform) : perform());
        const order = { ...EMERGENCY, revokeFirst: true } as const;
        expect(await scene.run({ order, process, around })).toBe('crashed');
        outcomeIn(await scene.run({ order }));
        await scene.untilRest();
        expect(scene.watch.violations, `${op} ${when}`).toEqual([]);
        const value = await scene.watch.current();
        expect(scene.issuer.isAlive(value)).toBe(true);
      }
    },
  );

  it('with all slots taken by strangers it says so and does nothing', async () => {
    const scene = await adopted({ traits: { maxLive: 2 } });
    const stranger = scene.issuer.make();
    const outcome = outcomeIn(await scene.run({ order: EMERGENCY }));
    expect(outcome.exitCode).toBe(4);
    expect(stranger.diedAt).toBeNull();
    expect(scene.issuer.keys[0]?.diedAt).toBeNull();
    expect(outcome.hint).toContain('--revoke-first --reason TEXT');
  });

  it('--revoke-first frees a slot of a set that strangers hold, also of an emergency that stands at it', async () => {
    const scene = await adopted({ traits: { maxLive: 2 } });
    scene.watch.allowed.lastKey = true;
    const stranger = scene.issuer.make();
    expect(outcomeIn(await scene.run({ order: EMERGENCY })).exitCode).toBe(4);
    const outcome = outcomeIn(await scene.run({ order: { ...EMERGENCY, revokeFirst: true } }));
    expect(outcome, outcome.reason).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(scene.issuer.keys.map((key) => key.diedAt === null)).toEqual([false, true, true]);
    expect(stranger.diedAt).toBeNull();
    expect(scene.watch.violations).toEqual([]);
  });

  it('an issuer that is asked with the key itself is offered no --revoke-first, and refuses it untouched', async () => {
    const scene = await adopted({ traits: { maxLive: 2, asksWith: 'current' } });
    const before = await scene.watch.ledger();
    const order = { ...EMERGENCY, revokeFirst: true } as const;
    const refused = outcomeIn(await scene.run({ order }));
    expect(refused.exitCode).toBe(2);
    expect(refused.reason).toContain('nothing can make its successor');
    expect(await scene.watch.ledger()).toEqual(before);
    scene.issuer.make();
    const full = outcomeIn(await scene.run({ order: EMERGENCY }));
    expect(full.exitCode).toBe(4);
    expect(full.hint).toContain('cannot be revoked first');
    expect(full.hint).not.toContain('--revoke-first');
    expect(outcomeIn(await scene.run({ order })).exitCode).toBe(2);
    expect(scene.issuer.keys.every((key) => key.diedAt === null)).toBe(true);
  });

  it.each([EMERGENCY, { do: 'rotate', reason: 'test' }, { do: 'run' }] as const)(
    'is not begun where the key in current asks and there is none, nor is anything else ($do)',
    async (order) => {
      const scene = sceneOf({ traits: { asksWith: 'current' } });
      const refused = outcomeIn(await scene.run({ order }));
      expect([refused.exitCode, refused.hint]).toEqual([4, expect.stringContaining('keyturn adopt')]);
      expect((await scene.watch.ledger())?.rotation).toBeUndefined();
      expect(outcomeIn(await scene.adopt(10)).exitCode).toBe(0);
    },
  );

  it.each([EMERGENCY, { do: 'rotate', reason: 'test' }, { do: 'run' }] as const)(
    'is not begun where the key in current asks and is dead: a person makes one ($do)',
    async (order) => {
      const scene = await adopted({ traits: { asksWith: 'current' } });
      const [dead] = scene.issuer.keys;
      scene.issuer.kill(dead?.value ?? '');
      const refused = outcomeIn(await scene.run({ order }));
      expect([refused.exitCode, refused.hint]).toEqual([6, expect.stringContaining('put it into the store')]);
      expect(scene.issuer.keys).toHaveLength(1);
      await scene.overwrite(scene.issuer.make().value);
      expect(outcomeIn(await scene.adoptAgain()).exitCode).toBe(0);
      expect(outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'test' } })).exitCode).toBe(0);
      await scene.untilRest();
      expect(scene.watch.violations).toEqual([]);
    },
  );

  it('with all slots taken by rows of ours it makes room from those that are not current', async () => {
    const scene = await adopted({ traits: { maxLive: 2 } });
    outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'test' } }));
    const outcome = outcomeIn(await scene.run({ order: EMERGENCY }));
    expect(outcome, outcome.reason).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(scene.issuer.keys.map((key) => key.diedAt === null)).toEqual([false, false, true]);
    expect(scene.watch.violations).toEqual([]);
  });

  it('ignores holds, back-off and the number of keys in a day', async () => {
    const scene = await adopted();
    for (let round = 0; round < 4; round += 1) {
      scene.clock.advance(60_000);
      outcomeIn(await scene.run({ order: { ...EMERGENCY, reason: `leaked ${round}` } }));
    }
    expect(scene.issuer.keys).toHaveLength(5);
    expect(scene.watch.violations).toEqual([]);
  });

  it('is finished by a plain run where it was left', async () => {
    const scene = await adopted();
    const process = scene.clock.process();
    const crash = { crash: () => process.kill(), later: () => undefined };
    const around: Around = (call, perform) =>
      call.op === 'issuer.revoke' ? faulty('crash-before', crash, perform) : perform();
    expect(await scene.run({ order: EMERGENCY, process, around })).toBe('crashed');
    scene.clock.advance(DAY);
    outcomeIn(await scene.run());
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });
});
