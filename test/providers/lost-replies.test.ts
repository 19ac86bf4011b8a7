import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod/mini';
import type { Issuer } from '../../src/core/issuer.ts';
import { type Ledger, parseLedger } from '../../src/core/ledger.ts';
import { adopt } from '../../src/engine/adopt.ts';
import { CALL_DEADLINE } from '../../src/engine/guard.ts';
import { drive } from '../../src/engine/rotate.ts';
import type { Run, World } from '../../src/engine/run.ts';
import { issuerKinds } from '../../src/issuers/registry.ts';
import { createMemoryShelf, createMemoryStore } from '../../src/stores/memory.ts';
import { HOUR, NAME, policyOf, runOf } from '../engine/world.ts';
import { ASKED_BY_KEY, PROVIDERS } from './all.ts';
import { contextFor } from './context.ts';
import type { Provider } from './provider.ts';

/** What becomes of a key whose create got no answer. */
const OUTCOME: Readonly<Record<string, 'ended' | 'used' | 'possible'>> = {
  '360dialog': 'possible',
  infobip: 'ended',
  sendgrid: 'ended',
  sinch: 'ended',
  twilio: 'ended',
  'twilio-auth-token': 'possible',
  vonage: 'used',
};

const FASTER = 50;

interface Scene extends Provider {
  readonly issuer: Issuer;
  ledger(): Promise<Ledger>;
  /** The same on a machine whose clock is later. */
  later(ms: number): void;
  run<T>(work: (run: Run) => Promise<T>): Promise<T>;
}

async function sceneOf(kind: string): Promise<Scene> {
  const provider = await (PROVIDERS[kind]?.() ?? Promise.reject(new Error(kind)));
  onTestFinished(provider.server.close);
  const found = await issuerKinds.find((one) => one.kind === kind)?.open();
  if (found === undefined) throw new Error(kind);
  let ahead = 0;
  const world: World = {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
    // Pauses pass fifty times as fast; the deadlines of calls, which are pauses too, do not.
    sleep: async (ms, signal) => {
      const lasts = ms === CALL_DEADLINE ? ms : ms / FASTER;
      await setTimeout(lasts, undefined, { signal });
      ahead += ms - lasts;
    },
    random: contextFor({}).random,
  };
  const make = await found.load();
  const settings = z.parse(found.settings, { ...provider.settings, timeout: '5s' });
  const issuer = make(settings, { ...contextFor(provider.env), now: world.now });
  const store = createMemoryStore(createMemoryShelf());
  const shared = provider.fields === undefined ? {} : { fields: provider.fields };
  const policy = policyOf(issuer, {
    overlap: 0,
    acceptGap: issuer.traits.maxLive === 1,
    shared: provider.fields !== undefined,
  });
  const scene: Scene = {
    ...provider,
    issuer,
    later: (ms) => {
      ahead += ms;
    },
    ledger: async () => {
      const at = { credential: NAME, location: NAME };
      const saved = await store.ledgers?.load(at, new AbortController().signal);
      return parseLedger(saved?.document ?? '', NAME);
    },
    run: (work) => {
      const credential = { name: NAME, issuer: 'provider', location: NAME, tags: {}, ...shared };
      return work(runOf(world, issuer, store, { policy, credential, waitForOverlap: true }));
    },
  };
  if (ASKED_BY_KEY.includes(kind)) {
    const key = provider.make();
    await scene.run((run) => adopt(run, { secret: provider.secretOf(key), issuerKeyId: key.id }));
  } else {
    await scene.run((run) => drive(run, { do: 'rotate', reason: 'the first key' }));
  }
  expect((await scene.ledger()).keys).toMatchObject([{ state: 'current' }]);
  return scene;
}

const rotate = (run: Run) => drive(run, { do: 'rotate', reason: 'a test' });
const resume = (run: Run) => drive(run, { do: 'run' });

async function onlyCurrentLives(scene: Scene): Promise<void> {
  const live = scene.ring.live();
  expect(live).toHaveLength(1);
  const { keys } = await scene.ledger();
  const current = keys.find(({ state }) => state === 'current');
  expect(current?.fingerprints).toEqual(scene.secretOf(live[0] as (typeof live)[number]).fingerprints());
}

describe.each(Object.keys(PROVIDERS))('%s', (kind) => {
  test('a create whose reply is lost costs no key and is not believed', async () => {
    const scene = await sceneOf(kind);
    const before = scene.ring.keys.length;
    scene.server.fail('lost', 'create', 1);
    const first = await scene.run(rotate);
    scene.later(HOUR);
    await scene.run(resume);
    const { keys } = await scene.ledger();
    const possible = keys.filter(({ state }) => state === 'possible');
    if (OUTCOME[kind] === 'possible') {
      expect(first.problems.map(({ code }) => code)).toContain('PERSON');
      expect(possible).toMatchObject([{ window: { from: expect.any(String) } }]);
    } else {
      expect(possible).toEqual([]);
      await onlyCurrentLives(scene);
      expect(scene.ring.keys.length - before).toBe(OUTCOME[kind] === 'used' ? 1 : 2);
    }
  });

  test('a create that answers without the secret is no key, and none of it is lost', async () => {
    const scene = await sceneOf(kind);
    scene.server.answer((said) => ({ ...said, json: { status: 'ok' } }));
    await scene.run(rotate);
    scene.later(HOUR);
    await scene.run(resume);
    const { keys } = await scene.ledger();
    const possible = keys.filter(({ state }) => state === 'possible');
    // Where keyturn made the secret itself, nothing in the reply is needed.
    if (OUTCOME[kind] === 'possible') expect(possible).toHaveLength(1);
    else await onlyCurrentLives(scene);
  });

  test('a revocation whose reply is lost, and that takes effect late, is proven', async () => {
    const scene = await sceneOf(kind);
    // Ten seconds by the clock of the run.
    scene.ring.delay = 200;
    scene.server.fail('lost', 'revoke', 1);
    await scene.run(rotate);
    scene.later(HOUR);
    await scene.run(resume);
    await onlyCurrentLives(scene);
    const { keys, rotation } = await scene.ledger();
    expect([rotation, keys.map(({ state }) => state).toSorted()]).toEqual([
      undefined,
      ['current', 'revoked'],
    ]);
  });
});

test('a full set is a refusal that says whose each key is, and nothing is made or ended', async () => {
  const scene = await sceneOf('vonage');
  const [own] = scene.ring.live();
  const other = scene.make();
  const refused = await scene.run(rotate);
  expect(refused).toMatchObject({ outcome: 'refused', code: 'FULL' });
  expect(refused.reason).toContain(`${own?.id} (`);
  expect(refused.reason).toMatch(/\(r\d{8}-[0-9a-f]{8}\.\d, current\)/);
  expect(refused.reason).toContain(`${other.id} (not ours)`);
  expect([scene.server.creates(), scene.ring.live().length]).toEqual([0, 2]);
});

test('where making a key ends the other, nothing is made until the gap is accepted', async () => {
  const scene = await sceneOf('360dialog');
  const before = scene.server.creates();
  const strict = await scene.run((run) => rotate({ ...run, policy: { ...run.policy, acceptGap: false } }));
  expect(strict).toMatchObject({ outcome: 'refused', code: 'REFUSED' });
  expect(strict.hint).toContain('accept: gap');
  expect(scene.server.creates()).toBe(before);
  const accepted = await scene.run(rotate);
  expect(accepted.gapMs).toBeGreaterThanOrEqual(0);
  await onlyCurrentLives(scene);
});

test('the gap counts from the first create that may have ended the old key', async () => {
  const scene = await sceneOf('360dialog');
  scene.server.fail('lost', 'create', 1);
  const { gapMs } = await scene.run(rotate);
  const { keys } = await scene.ledger();
  const timeOf = (at = '') => Date.parse(at);
  const promoted = timeOf(keys.find(({ state }) => state === 'current')?.currentSince);
  const asked = timeOf(keys.find(({ state }) => state === 'possible')?.window?.from);
  expect(gapMs).toBe(promoted - asked);
});

test('a dead key in current and no key left to ask for: the emergency is what is said first', async () => {
  const scene = await sceneOf('360dialog');
  scene.server.fail('lost', 'create', 3);
  await scene.run(rotate);
  scene.later(HOUR);
  const said = await scene.run(resume);
  expect(scene.server.creates()).toBe(4);
  expect(said).toMatchObject({ exitCode: 6, code: 'UNSAFE' });
  expect(said.hint).toMatch(/^run keyturn emergency/);
});
