import { describe, expect, it } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import type { Gate, OwedEffect } from '../../src/engine/run.ts';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import type { Around } from './tap.ts';
import { DAY, HOUR } from './world.ts';

async function adopted(options: Parameters<typeof sceneOf>[0] = {}, days = 100): Promise<Scene> {
  const scene = sceneOf(options);
  outcomeIn(await scene.adopt(days));
  return scene;
}

const refusing: Around = async (call, perform) => {
  if (call.op === 'issuer.create') throw new KeyturnError('REFUSED', 'not now', { hint: 'mend it' });
  return perform();
};

/** Refuses every new key after it was made, so that a rotation fails without promote. */
const unstageable: Around = async (call, perform) => {
  if (call.op === 'store.stage') throw new KeyturnError('DENIED', 'no right to write', { hint: 'grant it' });
  return perform();
};

describe('failure has a memory', () => {
  it('run stays away for 1 h, doubling to 24 h; rotate and a new configuration start afresh', async () => {
    const scene = await adopted();
    const pauses: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const outcome = outcomeIn(await scene.run({ around: refusing }));
      expect(outcome).toMatchObject({ exitCode: 4 });
      const again = outcomeIn(await scene.run({ around: refusing }));
      expect(again).toMatchObject({ outcome: 'held', exitCode: 4 });
      pauses.push(((again.until ?? 0) - scene.clock.now()) / HOUR);
      scene.clock.advance((again.until ?? 0) - scene.clock.now() + 1);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 24, 24]);
    expect(outcomeIn(await scene.run({ around: refusing })).exitCode).toBe(4);
    const policy = scene.policy({ config: 'config-2' });
    expect(outcomeIn(await scene.run({ patch: { policy } }))).toMatchObject({
      outcome: 'overlap',
      exitCode: 0,
    });
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('rotate does not wait for the back-off', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run({ around: refusing }));
    const outcome = outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'now' } }));
    expect(outcome).toMatchObject({ outcome: 'overlap', exitCode: 0 });
  });

  it('makes at most 3 keys in a day', async () => {
    const scene = await adopted();
    for (let round = 0; round < 5; round += 1) {
      // Every time another configuration, so that no pause stands in the way.
      const policy = scene.policy({ config: `config-${round + 2}` });
      expect(outcomeIn(await scene.run({ patch: { policy }, around: unstageable })).exitCode).toBe(4);
      scene.clock.advance(HOUR);
    }
    expect(scene.issuer.keys).toHaveLength(4);
    outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'mended' }, around: unstageable }));
    scene.clock.advance(DAY);
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('a new key that cannot be told to work is neither promoted nor revoked', async () => {
    const scene = await adopted();
    scene.issuer.faults.verify = 'unknown';
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'failed', exitCode: 3 });
    scene.clock.advance(DAY);
    expect(outcomeIn(await scene.run()).exitCode).toBe(3);
    expect(scene.issuer.keys.map((key) => key.diedAt)).toEqual([null, null]);
    expect(await scene.watch.current()).toBe(scene.issuer.keys[0]?.value);
    delete scene.issuer.faults.verify;
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    expect(scene.watch.violations).toEqual([]);
  });

  it('a new key that does not work counts as unknown while the issuer settles, then it dies', async () => {
    const scene = await adopted({ traits: { settles: 30_000 } });
    const killing: Around = async (call, perform) => {
      const result = await perform();
      if (call.op === 'store.stage') scene.issuer.kill(scene.issuer.keys.at(-1)?.value ?? '');
      return result;
    };
    const started = scene.clock.now();
    const outcome = outcomeIn(await scene.run({ around: killing }));
    expect(outcome).toMatchObject({ outcome: 'failed', exitCode: 4 });
    expect(scene.clock.now() - started).toBeGreaterThanOrEqual(30_000);
    expect((await scene.watch.ledger())?.failures).toMatchObject({ count: 1, code: 'REFUSED' });
    expect(await scene.watch.current()).toBe(scene.issuer.keys[0]?.value);
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });
});

describe('when a rotation is due', () => {
  it('by age, not a day before', async () => {
    const scene = await adopted({}, 89);
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'none', exitCode: 0 });
    scene.clock.advance(DAY);
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'overlap' });
  });

  it('a third of its life before it expires', async () => {
    const scene = await adopted({ traits: { longestLife: 60 * DAY } }, 39);
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'none' });
    scene.clock.advance(DAY);
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'overlap' });
  });

  it('a key that expired is replaced at once, and never called revoked before its time', async () => {
    const scene = await adopted({ traits: { longestLife: 60 * DAY } }, 10);
    scene.clock.advance(51 * DAY);
    const outcome = outcomeIn(await scene.run());
    expect(outcome.exitCode, outcome.reason).toBe(0);
    expect(scene.issuer.isAlive(await scene.watch.current())).toBe(true);
    await scene.untilRest();
    const row = (await scene.watch.ledger())?.keys[0];
    expect(row).toMatchObject({ state: 'revoked', proof: { by: 'expiry' } });
    expect(scene.watch.violations).toEqual([]);
  });

  it('the issuer says that it is dead: the new key is promoted and verified afterwards', async () => {
    const scene = await adopted({}, 10);
    scene.issuer.kill(scene.issuer.keys[0]?.value ?? '');
    const outcome = outcomeIn(await scene.run());
    expect(outcome.exitCode, outcome.reason).toBe(0);
    expect(scene.issuer.isAlive(await scene.watch.current())).toBe(true);
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('a missing scope is a reason once per configuration', async () => {
    const policy = { scopes: ['messaging'] };
    const scene = await adopted({ policy }, 10);
    scene.issuer.faults.verify = 'scope-missing';
    const outcome = outcomeIn(await scene.run());
    expect(outcome.exitCode).not.toBe(0);
    expect(scene.issuer.keys).toHaveLength(2);
    for (let round = 0; round < 3; round += 1) {
      scene.clock.advance(2 * DAY);
      await scene.run();
    }
    expect(scene.issuer.keys).toHaveLength(2);
    await scene.run({ patch: { policy: scene.policy({ scopes: ['messaging'], config: 'config-2' }) } });
    expect(scene.issuer.keys).toHaveLength(3);
    expect(scene.watch.violations).toEqual([]);
  });
});

describe('hooks, mirrors and gates', () => {
  it('a hook that fails is owed and paid later, without another key; the overlap starts when the last is paid', async () => {
    let broken = true;
    let calls = 0;
    const hook: OwedEffect = {
      name: 'restart',
      kind: 'hook',
      perform: async () => {
        calls += 1;
        if (broken) throw new KeyturnError('UNAVAILABLE', 'no answer', { hint: 'wait' });
      },
    };
    const scene = await adopted({ policy: { hooks: ['restart'] }, effects: [hook] });
    expect(outcomeIn(await scene.run()).exitCode).toBe(3);
    scene.clock.advance(2 * DAY);
    expect(outcomeIn(await scene.run()).exitCode).toBe(3);
    expect(scene.issuer.keys[0]?.diedAt).toBeNull();
    broken = false;
    scene.clock.advance(2 * HOUR);
    const paid = scene.clock.now();
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    expect(calls).toBeGreaterThan(2);
    const row = (await scene.watch.ledger())?.keys[0];
    expect(Date.parse(row?.overlapFrom ?? '')).toBe(paid);
    scene.clock.advance(DAY - HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[0]?.diedAt).toBeNull();
    scene.clock.advance(2 * HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[0]?.diedAt).not.toBeNull();
    expect(scene.issuer.keys).toHaveLength(2);
    expect(scene.watch.violations).toEqual([]);
  });

  it('a mirror that fell back to the old key is written again, and that key gets its overlap anew', async () => {
    let held: string | null = null;
    let broken = true;
    const mirror: OwedEffect = {
      name: 'ci',
      kind: 'mirror',
      perform: async ({ text }) => {
        if (broken) throw new KeyturnError('UNAVAILABLE', 'no answer', { hint: 'wait' });
        held = text.open();
      },
      holds: async (text) => text.open() === held,
    };
    const scene = await adopted({ policy: { mirrors: ['ci'] }, effects: [mirror] });
    broken = false;
    outcomeIn(await scene.run());
    expect(held).toBe(scene.issuer.keys[1]?.value);
    held = scene.issuer.keys[0]?.value ?? null;
    scene.clock.advance(DAY + HOUR);
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    expect(held).toBe(scene.issuer.keys[1]?.value);
    scene.clock.advance(DAY - HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[0]?.diedAt).toBeNull();
    scene.clock.advance(2 * HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[0]?.diedAt).not.toBeNull();
    expect(scene.watch.violations).toEqual([]);
  });

  it('a gate that does not pass keeps the old key alive and makes exit 4', async () => {
    let reason: string | null = 'used 5 minutes ago';
    const gate: Gate = { name: 'idle', check: async () => reason };
    const scene = await adopted({ policy: { gates: ['idle'] }, gates: [gate] });
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    scene.clock.advance(3 * DAY);
    const outcome = outcomeIn(await scene.run());
    expect(outcome).toMatchObject({ outcome: 'overlap', exitCode: 4 });
    expect(outcome.reason).toContain('used 5 minutes ago');
    expect(scene.issuer.keys[0]?.diedAt).toBeNull();
    reason = null;
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[0]?.diedAt).not.toBeNull();
    expect(scene.watch.violations).toEqual([]);
  });

  it('revoke skips the gates', async () => {
    const gate: Gate = { name: 'idle', check: async () => 'in use' };
    const scene = await adopted({ policy: { gates: ['idle'] }, gates: [gate] });
    outcomeIn(await scene.run());
    scene.watch.allowed.earlyDeath = true;
    outcomeIn(await scene.run({ order: { do: 'revoke', reason: 'sure' } }));
    expect(scene.issuer.keys[0]?.diedAt).not.toBeNull();
  });
});
