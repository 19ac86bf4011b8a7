import { grpc } from 'google-gax';
import { afterEach, expect, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import type { SecretStore } from '../../src/core/store.ts';
import { type GcpBench, openGcp, type Variant } from './gcp-bench.ts';

/* What happens between two calls, and what reads show that are not consistent. */

const { signal } = new AbortController();
const location = 'wa-test';
const at = { credential: 'wa-test', location };

let bench: GcpBench;
const start = async (variant: Variant): Promise<SecretStore> => {
  bench = await openGcp(variant);
  return bench.store;
};
afterEach(() => bench.close());

const stage = async (store: SecretStore, mark: string) =>
  (await store.stage({ location, mark, text: Secret.of(`words of ${mark}`) }, signal)).version;
const promote = async (store: SecretStore, version: string, base: string | null) =>
  (await store.promote({ location, version, base }, signal)).version;
const put = async (store: SecretStore, mark: string, base: string | null) =>
  promote(store, await stage(store, mark), base);
const read = async (store: SecretStore) => {
  const found = await store.read(location, 'current', signal);
  return found === null ? null : { version: found.version, text: found.text.open() };
};
const codeOf = async (work: Promise<unknown>) => {
  const caught = await work.then(
    () => null,
    (error: unknown) => error,
  );
  return caught instanceof KeyturnError ? caught.code : caught;
};
const numberOf = (secret: string) => bench.fake.world.now(bench.path(secret)).versions.length;
const enabled = (secret: string) =>
  bench.fake.world.now(bench.path(secret)).versions.filter(({ state }) => state === 'ENABLED').length;

test('a promote on an old view of the secret is refused, and consumers keep what they have', async () => {
  const store = await start('alias');
  const first = await put(store, 'r1.1', null);
  const second = await stage(store, 'r1.2');
  bench.fake.world.freeze();
  await bench.overwrite(location, 'theirs');
  expect((await read(store))?.version).toBe(first);
  expect(await codeOf(promote(store, second, first))).toBe('CONFLICT');
  expect(await bench.consume(location)).not.toBe('words of r1.2');
  bench.fake.world.thaw();
  const theirs = await read(store);
  expect(theirs?.text).toBe('theirs');
  await promote(store, second, theirs?.version ?? null);
  expect(await bench.consume(location)).toBe('words of r1.2');
});

test('what a list does not show yet is found by its number', async () => {
  const store = await start('alias');
  await stage(store, 'r1.1');
  bench.fake.world.freeze();
  const version = await stage(store, 'r1.2');
  const found = await bench.open().read(location, { mark: 'r1.2' }, signal);
  expect(found).toMatchObject({ version });
  expect(await stage(bench.open(), 'r1.2')).toBe(version);
  expect(numberOf('wa-test--staged')).toBe(2);
});

test('a ledger that was saved here is what is loaded next; on an old one nobody can save', async () => {
  const store = await start('alias');
  const ledgers = store.ledgers ?? expect.fail('no ledgers');
  const first = await ledgers.save(at, 'one', null, signal);
  bench.fake.world.freeze();
  const second = await ledgers.save(at, 'two', first.revision, signal);
  expect(await ledgers.load(at, signal)).toEqual({ document: 'two', revision: second.revision });
  const fresh = bench.open().ledgers;
  const old = await fresh.load(at, signal);
  expect(old?.document).toBe('one');
  expect(await codeOf(fresh.save(at, 'three', old?.revision ?? null, signal))).toBe('CONFLICT');
  bench.fake.world.thaw();
  expect((await fresh.load(at, signal))?.document).toBe('two');
});

test('a promote that was cut off between its two changes uses the version that it had added', async () => {
  const store = await start('alias');
  const first = await put(store, 'r1.1', null);
  const second = await stage(store, 'r1.2');
  const fault = { do: 'fail', when: 'before', code: grpc.status.UNAVAILABLE } as const;
  bench.fake.faults.push({ method: 'UpdateSecret', secret: location, fault });
  expect(await codeOf(promote(store, second, first))).toBe('UNREACHABLE');
  expect((await read(store))?.version).toBe(first);
  expect(await promote(bench.open(), second, first)).toBe('v2');
  expect(numberOf(location)).toBe(2);
});

test('what such a promote had added ends with the value', async () => {
  const store = await start('alias');
  await put(store, 'r1.1', null);
  const second = await stage(store, 'r1.2');
  const fault = { do: 'fail', when: 'before', code: grpc.status.UNAVAILABLE } as const;
  bench.fake.faults.push({ method: 'UpdateSecret', secret: location, fault });
  await codeOf(promote(store, second, 'v1'));
  expect(enabled(location)).toBe(2);
  await store.discard(location, second, signal);
  expect(enabled(location)).toBe(1);
  expect(await bench.consume(location)).toBe('words of r1.1');
});

test.each(['alias', 'aliasOnly'] as const)(
  'a discard never ends what became current unseen, %s',
  async (variant) => {
    const store = await start(variant);
    const staged = await stage(store, 'r1.1');
    const first = await promote(store, staged, null);
    await put(store, 'r1.2', first);
    bench.fake.world.freeze();
    const name = bench.path(location);
    const versionAliases = { ...bench.fake.world.now(name).aliases, current: '1' };
    bench.fake.ask('UpdateSecret', {
      secret: { name, versionAliases },
      updateMask: { paths: ['version_aliases'] },
    });
    expect(await codeOf(store.discard(location, staged, signal))).toBe('CONFLICT');
    bench.fake.world.thaw();
    expect(await bench.consume(location)).toBe('words of r1.1');
  },
);

test('aliasOnly: a value that was added when the process ended is found by its mark', async () => {
  const store = await start('aliasOnly');
  await put(store, 'r1.1', null);
  bench.fake.faults.push({ method: 'AddSecretVersion', fault: { do: 'reset', when: 'after' } });
  expect(await codeOf(stage(store, 'r1.2'))).toBe('UNREACHABLE');
  const found = await bench.open().read(location, { mark: 'r1.2' }, signal);
  expect(found?.text.open()).toBe('words of r1.2');
  expect(await stage(bench.open(), 'r1.2')).toBe(found?.version);
  expect(numberOf(location)).toBe(2);
});

test('latest: whoever was first in the same instant is put back', async () => {
  const store = await start('latest');
  const first = await put(store, 'r1.1', null);
  const second = await stage(store, 'r1.2');
  let struck = false;
  bench.fake.rule = async ({ method, secret }) => {
    if (method === 'AddSecretVersion' && secret === location && !struck) {
      struck = true;
      await bench.overwrite(location, 'theirs');
    }
    return null;
  };
  expect(await codeOf(promote(store, second, first))).toBe('CONFLICT');
  expect(await bench.consume(location)).toBe('theirs');
  expect((await read(store))?.text).toBe('theirs');
});

test('latest: a change that a list does not show yet is seen all the same', async () => {
  const store = await start('latest');
  const first = await put(store, 'r1.1', null);
  const second = await stage(store, 'r1.2');
  bench.fake.world.freeze();
  await bench.overwrite(location, 'theirs');
  expect(await codeOf(promote(store, second, first))).toBe('CONFLICT');
  bench.fake.world.thaw();
  expect(await bench.consume(location)).toBe('theirs');
});

test('latest: a newest version that is disabled is told, since consumers fail', async () => {
  const store = await start('latest');
  await put(store, 'r1.1', null);
  bench.fake.ask('DisableSecretVersion', { name: `${bench.path(location)}/versions/1` });
  expect(await codeOf(read(store))).toBe('UNREADABLE');
});
