import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { anotherLocation, startBench, type VaultBench } from './vault-bench.ts';
import { rotationAt } from './vault-rotation.ts';

const { signal } = new AbortController();
let vault: VaultBench;
let wire: FaultProxy;
beforeAll(async () => {
  vault = await startBench();
  wire = await startFaultProxy(vault.url, ({ method, path }) => `${method} ${path}`);
});
afterAll(async () => {
  await wire.close();
  await vault.stop();
});

/** The answer of Vault as it wrote it. */
async function raw(location: string): Promise<string> {
  const reply = await fetch(`${vault.url}/v1/secret/data/${location}`, {
    headers: { 'X-Vault-Token': vault.rootToken },
  });
  return await reply.text();
}

async function put(location: string, data: string): Promise<void> {
  const reply = await fetch(`${vault.url}/v1/secret/data/${location}`, {
    method: 'POST',
    headers: { 'X-Vault-Token': vault.rootToken },
    body: `{"data":${data}}`,
  });
  expect(reply.status).toBe(200);
}

describe.each(['document', 'value'] as const)('a document of several fields, with data: %s', (data) => {
  const open = () => vault.open({ data });
  const read = async (location: string) => {
    const { json } = await vault.api('GET', `secret/data/${location}`);
    return data === 'document' ? json.data.data : JSON.parse(json.data.data.value);
  };
  const byHand = (location: string, document: unknown) =>
    data === 'document'
      ? put(location, JSON.stringify(document))
      : put(location, JSON.stringify({ value: JSON.stringify(document) }));

  test('is rotated by two credentials at once while a third field is changed by hand', async () => {
    const location = anotherLocation();
    await byHand(location, { PORT: '0' });
    const a = rotationAt(location, { name: 'wa-a', fields: { value: 'TOKEN_A' } });
    const b = rotationAt(location, { name: 'wa-b', fields: { value: 'TOKEN_B' } });
    const pair = [a, b];
    const store = { a: open(), b: open() };
    let port = 0;
    for (let round = 0; round < 14; round += 1) {
      port += 1;
      await Promise.all([
        a.run(store.a),
        b.run(store.b),
        (async () => {
          await byHand(location, { ...(await read(location)), PORT: String(port) }).catch(() => undefined);
        })(),
      ]);
      for (const one of pair) one.later(round % 3 === 0 ? 91 : 2);
    }
    for (let round = 0; round < 4; round += 1) {
      await a.run(store.a);
      await b.run(store.b);
      for (const one of pair) one.later(2);
    }
    const now = await read(location);
    expect(Object.keys(now).sort()).toEqual(['PORT', 'TOKEN_A', 'TOKEN_B']);
    expect(now.PORT).toMatch(/^[0-9]+$/);
    expect(a.issuer.isAlive(now.TOKEN_A)).toBe(true);
    expect(b.issuer.isAlive(now.TOKEN_B)).toBe(true);
    for (const one of pair) expect(one.issuer.keys.length).toBeGreaterThan(1);
  });
});

describe('the fields of a secret as the document', () => {
  const store = () => vault.open({ data: 'document' });
  const fields = { value: 'token' };

  test('all stay as they are but ours', async () => {
    const location = anotherLocation();
    const others = '"a":1e23,"b":{"c":[1.50,null,true]},"d":"<&>\\u0000\u{1f511}"';
    const rotation = rotationAt(location, { fields });
    const old = rotation.issuer.make(100).value;
    await put(location, `{${others},"token":"${old}"}`);
    const before = await raw(location);
    await rotation.adopt(store());
    rotation.later(100);
    expect(await rotation.run(store())).toMatchObject({ outcome: 'overlap' });
    const own = (text: string) => /"data":(\{"a".*\}),"metadata"/.exec(text)?.[1] ?? '';
    const now = own(await raw(location));
    expect(now).toContain('1e+23');
    expect(now).toBe(
      own(before).replace(JSON.stringify(old), JSON.stringify(rotation.issuer.keys[1]?.value)),
    );
  });

  test('a promote whose answer was lost is seen to have landed, however Vault sorts the fields', async () => {
    const at = anotherLocation();
    const one = store();
    const text = Secret.of('{ "z": "1",\n "a": {"y": 1, "x": 2} }');
    const { version } = await one.stage({ location: at, mark: 'r1.1', text }, signal);
    const promoted = await one.promote({ location: at, version, base: null }, signal);
    expect(await one.promote({ location: at, version, base: null }, signal)).toEqual(promoted);
    expect((await one.read(at, 'current', signal))?.text.open()).toBe('{"a":{"x":2,"y":1},"z":"1"}');
    expect((await one.read(at, { mark: 'r1.1' }, signal))?.text.equals(text)).toBe(true);
  });

  test.each(['plain words', '[1]', '"text"', '7', '{"a":'])('refuses the text %j', async (text) => {
    const staged = store().stage(
      { location: anotherLocation(), mark: 'r1.1', text: Secret.of(text) },
      signal,
    );
    await expect(staged).rejects.toMatchObject({ code: 'BAD_VALUE' });
  });

  test('a credential without fields is refused before a key is made', async () => {
    const rotation = rotationAt(anotherLocation());
    const error = await rotation.whole(store()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'CONFIG' });
    expect(rotation.issuer.keys).toEqual([]);
  });
});

describe('a standby that answers with less than was just written', () => {
  test('is asked again, and a whole rotation goes through', async () => {
    const rotation = rotationAt(anotherLocation());
    const store = vault.open({ address: wire.url });
    /** What each path last answered, given once more to the first read after a write. */
    const last = new Map<string, { status: number; headers: Record<string, string>; body: string }>();
    const stale = new Set<string>();
    let given = 0;
    wire.rule(async ({ name }, forward) => {
      const [method = '', path = ''] = name.split(' ');
      const absent = { status: 404, headers: { 'content-type': 'application/json' }, body: '{"errors":[]}' };
      if (method === 'GET' && stale.delete(path)) {
        given += 1;
        return last.get(path) ?? absent;
      }
      const reply = await forward();
      if (method === 'GET') last.set(path, { ...reply, headers: { ...reply.headers } });
      if (method === 'POST' && reply.status === 200) stale.add(path);
      return reply;
    });
    await rotation.whole(store);
    expect(given).toBeGreaterThan(3);
    expect(rotation.issuer.keys).toHaveLength(2);
    expect(rotation.issuer.keys.map(({ diedAt }) => diedAt === null)).toEqual([false, true]);
  });
});

test('a call that is given up does not take along another that waits for the same', async () => {
  let hung = 0;
  wire.rule(async ({ name }, forward) => {
    hung += name.includes('/mounts/') ? 1 : 0;
    return name.includes('/mounts/') && hung === 1 ? 'hang' : await forward();
  });
  const store = vault.open({ address: wire.url });
  const gone = new AbortController();
  const reads = wire.calls.filter(({ name }) => name.includes('/data/')).length;
  const first = store.read(anotherLocation(), 'current', gone.signal);
  await vi.waitUntil(() => hung === 1, { timeout: 60_000 });
  const second = store.read(anotherLocation(), 'current', signal);
  // Its own read is under way now, and waits for what the first has asked.
  await vi.waitUntil(() => wire.calls.filter(({ name }) => name.includes('/data/')).length === reads + 2, {
    timeout: 60_000,
  });
  gone.abort();
  await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(await second).toBeNull();
  expect(hung).toBe(2);
});

test('the calls of a rotation are those that its page states', async () => {
  const rotation = rotationAt(anotherLocation());
  await rotation.whole(vault.open({ address: wire.url }));
  rotation.later(100);
  wire.rule((_, forward) => forward());
  const first = wire.calls.length;
  const count = () => wire.calls.length - first;
  const store = vault.open({ address: wire.url });
  await rotation.run(store);
  const opened = count();
  rotation.later(2);
  await rotation.run(vault.open({ address: wire.url }));
  const page = readFileSync(new URL('../../docs/stores/vault.md', import.meta.url), 'utf8');
  expect(page).toContain(
    `One rotation makes ${count()} calls: ${opened} until the overlap, ${count() - opened} after it.`,
  );
});
