import { beforeAll, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod/mini';
import { issuerKinds } from '../../src/issuers/registry.ts';
import { built } from '../cli/harness.ts';
import { PROVIDERS } from './all.ts';
import { NAME, openProviderBench, type ProviderBench } from './bench.ts';
import { contextFor } from './context.ts';
import { startDialog360 } from './dialog360.ts';

/** At 360dialog making a key ends the one before, whoever made it. */
async function begun(policy: Record<string, unknown>): Promise<ProviderBench> {
  const bench = await openProviderBench(startDialog360, { policy });
  onTestFinished(bench.close);
  return bench;
}

beforeAll(built, 60_000);

test('a key that somebody made lives, and nothing is made or opened while the gap is not accepted', async () => {
  const bench = await begun({});
  const hub = bench.make();
  const orders = [['plan'], ['run'], ['rotate', NAME], ['emergency', NAME, '--reason', 'a test', '--yes']];
  for (const order of orders) {
    const { code, document } = await bench.keyturn(...order, '--json');
    expect([order[0], code, document.errors?.[0]?.code]).toEqual([order[0], 4, 'REFUSED']);
    expect(document.errors?.[0]?.hint).toContain('accept: gap');
  }
  const { document } = await bench.keyturn('status', '--json');
  expect(document.data.credentials[0]).toMatchObject({ rotation: null, keys: [] });
  expect([bench.server.creates(), hub.deadFrom]).toEqual([0, null]);
});

test('a key that replaced ours by hand is not ended by a job', async () => {
  const bench = await begun({ accept: 'gap' });
  expect((await bench.keyturn('run')).code).toBe(0);
  const hub = bench.make();
  const { code, document } = await bench.keyturn('run', '--json');
  expect([code, document.errors?.[0]?.code]).toEqual([6, 'UNSAFE']);
  expect(document.errors?.[0]?.hint).toMatch(/keyturn adopt .* keyturn emergency/);
  expect([bench.server.creates(), hub.deadFrom]).toEqual([1, null]);
  expect((await bench.keyturn('emergency', NAME, '--reason', 'a test', '--yes')).code).toBe(0);
  expect(bench.ring.live()).toHaveLength(1);
});

test.each(Object.keys(PROVIDERS))('%s says whose its one key is, if it has room for one', async (name) => {
  const provider = await (PROVIDERS[name]?.() ?? Promise.reject(new Error(name)));
  onTestFinished(provider.server.close);
  const kind = await issuerKinds.find((one) => one.kind === name)?.open();
  if (kind === undefined) throw new Error(name);
  const settings = z.parse(kind.settings, provider.settings);
  const { traits } = (await kind.load())(settings, contextFor(provider.env));
  expect(kind.soleKeyOf?.(settings) != null).toBe(traits.maxLive === 1);
});
