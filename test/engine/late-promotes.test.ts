import { expect, it } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import type { Order } from '../../src/core/protocol/orders.ts';
import { Secret } from '../../src/core/secret.ts';
import type { StoredValue } from '../../src/core/store.ts';
import { adopt } from '../../src/engine/adopt.ts';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import type { Around } from './tap.ts';
import { NAME } from './world.ts';

/** A promote whose reply is lost may land an hour later, or has landed and was undone. Its key is treated as one that was read. */
const MINUTE = 60_000;
const never = new AbortController().signal;
const silence = (): Promise<never> => new Promise(() => undefined);

const stored = async (scene: Scene): Promise<StoredValue> => {
  const value = await scene.store.read(NAME, 'current', never);
  if (value === null) throw new Error('nothing is stored');
  return value;
};
const lastRow = async (scene: Scene) => (await scene.watch.ledger())?.keys.at(-1);

/** Somebody changes another field of the shared document, as it was when they opened it. */
const editing =
  (scene: Scene, { text }: StoredValue) =>
  (port: string): Promise<unknown> =>
    scene.overwrite(JSON.stringify({ ...JSON.parse(text.open() ?? ''), PORT: port }));

/** A run that dies as soon as it has revoked a key. */
async function runUntilRevoked(scene: Scene, order: Order = { do: 'run' }): Promise<void> {
  const process = scene.clock.process();
  const around: Around = async (call, perform) => {
    const answer = await perform();
    if (call.op !== 'issuer.revoke') return answer;
    process.kill();
    return silence();
  };
  await scene.run({ process, around, order });
}

async function currentWorks(scene: Scene): Promise<boolean> {
  await scene.watch.look();
  return scene.issuer.isAlive((await scene.watch.current()) ?? '');
}

it('one that landed and was undone in a shared document keeps the overlap of its key', async () => {
  const scene = sceneOf({ traits: { longestLife: null }, fields: { value: 'TOKEN' } });
  scene.store.overwrite(NAME, '{"PORT":"1"}');
  await scene.adopt(100);
  const save = editing(scene, await stored(scene));
  const process = scene.clock.process();
  let landed = false;
  const around: Around = async (call, perform) => {
    if (call.op === 'store.promote' && !landed) {
      landed = true;
      await perform();
      await save('2');
      throw new KeyturnError('UNREACHABLE', 'the connection broke', { hint: 'wait' });
    }
    if (call.op !== 'store.stage' || !landed) return perform();
    process.kill();
    return silence();
  };
  await scene.run({ around, process });
  scene.clock.advance(MINUTE);
  outcomeIn(await scene.run({ order: { do: 'rollback', reason: 'not today' } }));
  expect(await lastRow(scene)).toMatchObject({ state: 'retiring' });
  expect(scene.issuer.keys.map(({ diedAt }) => diedAt)).toEqual([null, null]);
  expect(scene.watch.violations).toEqual([]);
});

it('one that may land is not forgotten because the store shows an older document', async () => {
  const policy = { converges: 5 * MINUTE };
  const scene = sceneOf({ traits: { longestLife: null }, fields: { value: 'TOKEN' }, policy });
  scene.store.overwrite(NAME, '{"PORT":"1"}');
  await scene.adopt(100);
  const old = await stored(scene);
  await editing(scene, old)('2');
  const process = scene.clock.process();
  let late: (() => Promise<unknown>) | null = null;
  const around: Around = (call, perform) => {
    if (call.op === 'store.promote') {
      late = () => perform('late');
      return silence();
    }
    if (call.op === 'store.stage' && late !== null) {
      process.kill();
      return silence();
    }
    return call.op === 'store.read' && call.args[1] === 'current' && late !== null
      ? Promise.resolve(old)
      : perform();
  };
  await scene.run({ around, process });
  scene.clock.advance(MINUTE);
  await runUntilRevoked(scene, { do: 'rollback', reason: 'not today' });
  await (late as unknown as () => Promise<unknown>)().catch(() => undefined);
  expect(await currentWorks(scene)).toBe(true);
  expect(scene.watch.violations).toEqual([]);
});

it('one that may land is remembered by all that it was sent against', async () => {
  const policy = { overlap: 30 * MINUTE, converges: 5 * MINUTE };
  const scene = sceneOf({ traits: { longestLife: null }, policy });
  scene.watch.allowed.earlyDeath = true;
  await scene.adopt(100);
  const old = await stored(scene);
  await scene.run({ order: { do: 'rotate', reason: 'due' } });
  scene.clock.advance(MINUTE);
  const process = scene.clock.process();
  let late: (() => Promise<unknown>) | null = null;
  const around: Around = (call, perform) => {
    if (call.op === 'store.promote') {
      if (late !== null) return perform().finally(() => process.kill());
      late = () => perform('late');
      return silence();
    }
    return call.op === 'store.read' && call.args[1] === 'current' && late !== null
      ? Promise.resolve(old)
      : perform();
  };
  await scene.run({ order: { do: 'emergency', reason: 'leaked' }, around, process });
  scene.clock.advance(2 * MINUTE);
  await scene.run({ order: { do: 'rollback', reason: 'a false alarm' } });
  scene.clock.advance(13 * MINUTE);
  await scene.run();
  scene.clock.advance(25 * MINUTE);
  await scene.run();
  scene.clock.advance(12 * MINUTE);
  await runUntilRevoked(scene);
  await (late as unknown as () => Promise<unknown>)().catch(() => undefined);
  expect(await currentWorks(scene)).toBe(true);
});

it('an old document, two changes back, is no change of somebody', async () => {
  const policy = { converges: 60 * MINUTE };
  const scene = sceneOf({ traits: { longestLife: null }, fields: { value: 'TOKEN' }, policy });
  scene.store.overwrite(NAME, '{"PORT":"1"}');
  await scene.adopt(100);
  scene.clock.advance(3 * policy.converges);
  const save = editing(scene, await stored(scene));
  await save('2');
  const old = await stored(scene);
  scene.clock.advance(10 * MINUTE);
  await save('3');
  await scene.run({ order: { do: 'rotate', reason: 'due' } });
  scene.clock.advance(5 * MINUTE);
  const around: Around = (call, perform) =>
    call.op === 'store.read' && call.args[1] === 'current' ? Promise.resolve(old) : perform();
  await scene.run({ around });
  const ledger = await scene.watch.ledger();
  expect(ledger?.hold).toBeUndefined();
  expect(ledger?.keys.map(({ state }) => state)).toEqual(['retiring', 'current']);
});

it('one of an adoption that was given up, which lands, is offered for adoption', async () => {
  const scene = sceneOf({ traits: { longestLife: null } });
  const key = scene.issuer.make();
  const process = scene.clock.process();
  let late: (() => Promise<unknown>) | null = null;
  const around: Around = (call, perform) => {
    if (call.op !== 'store.promote') return perform();
    late = () => perform('late');
    process.kill();
    return silence();
  };
  await scene.run({
    process,
    around,
    work: async (run) => (await adopt(run, { secret: Secret.of(key.value) })).outcome,
  });
  scene.clock.advance(2 * MINUTE);
  const second = scene.clock.process();
  const dies: Around = (call, perform) => {
    if (call.op !== 'store.discard') return perform();
    second.kill();
    return silence();
  };
  await scene.run({ process: second, around: dies, order: { do: 'rollback', reason: 'not now' } });
  await (late as unknown as () => Promise<unknown>)();
  scene.clock.advance(2 * MINUTE);
  expect(outcomeIn(await scene.run())).toMatchObject({ exitCode: 4, hint: /keyturn adopt/ });
  // Nothing that is asked for overwrites it unseen.
  const rotated = outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'due' } }));
  expect(rotated).toMatchObject({ exitCode: 4, hint: /keyturn adopt/ });
  const taken = await scene.run({ work: async (run) => (await adopt(run, {})).outcome });
  expect(outcomeIn(taken)).toMatchObject({ exitCode: 0 });
  expect(scene.issuer.isAlive(key.value)).toBe(true);
  // What is kept of it is kept once, and as long as it lives.
  const rows = (await scene.watch.ledger())?.keys ?? [];
  expect(rows.map(({ state, storeVersion }) => `${state} ${storeVersion !== undefined}`)).toEqual([
    'settled false',
    'current true',
  ]);
});

it('a run that stood still after its look hands nothing on before it has looked again', async () => {
  let isUp = false;
  const given: string[] = [];
  const mirror = {
    name: 'ci',
    kind: 'mirror' as const,
    perform: async ({ text }: { readonly text: Secret }) => {
      if (!isUp) throw new KeyturnError('UNREACHABLE', 'no answer', { hint: 'wait' });
      given.push(text.open() ?? '');
    },
    holds: async () => false,
  };
  const scene = sceneOf({ traits: { longestLife: null }, policy: { mirrors: ['ci'] }, effects: [mirror] });
  scene.watch.allowed.foreign = true;
  await scene.adopt(100);
  await scene.run({ order: { do: 'rotate', reason: 'due' } });
  isUp = true;
  scene.clock.advance(120 * MINUTE);
  const process = scene.clock.process();
  let sleeps = true;
  const around: Around = async (call, perform) => {
    const answer = await perform();
    if (sleeps && call.op === 'store.read' && call.args[1] === 'current') {
      sleeps = false;
      process.suspend(10 * MINUTE);
      scene.store.overwrite(NAME, scene.issuer.make().value);
    }
    return answer;
  };
  expect(outcomeIn(await scene.run({ around, process }))).toMatchObject({ exitCode: 4 });
  expect(given).toEqual([]);
});
