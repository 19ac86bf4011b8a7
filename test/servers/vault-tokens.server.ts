import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import type { VaultStore } from '../../src/stores/vault/index.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { anotherLocation, startBench, type VaultBench } from './vault-bench.ts';

/* What becomes of the token that a login gave, when Vault refuses it or what is asked with it. */

const { signal } = new AbortController();
const POLICY = 'path "secret/data/prod/*" { capabilities = ["create", "read", "update"] }';
const OWN = 'path "secret/data/keyturn/prod/*" { capabilities = ["create", "read", "update"] }';
const login = 'POST /v1/auth/approle/login';
const revocation = 'POST /v1/auth/token/revoke-self';

let vault: VaultBench;
let wire: FaultProxy;
const atEnd: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  vault = await startBench();
  wire = await startFaultProxy(vault.url, ({ method, path }) => `${method} ${path}`);
});
afterEach(async () => {
  for (const end of atEnd.splice(0)) await end();
});
afterAll(async () => {
  await wire.close();
  await vault.stop();
});

async function opened(options: Readonly<Record<string, unknown>>) {
  const { auth, environment } = await vault.role(`${POLICY}\n${OWN}`, options);
  const clock = { now: Date.now() };
  const store = vault.open({ auth, address: wire.url }, { environment, context: { now: () => clock.now } });
  atEnd.push(() => store.close());
  return { store, clock };
}

/** How often each call was sent while the work was done. */
async function sent(work: () => Promise<unknown>): Promise<(name: string) => number> {
  const before = wire.calls.length;
  await work();
  const calls = wire.calls.slice(before).map(({ name }) => name);
  return (name) => calls.filter((call) => call === name).length;
}

async function useful(store: VaultStore): Promise<void> {
  const location = anotherLocation();
  const { version } = await store.stage({ location, mark: 'r1.1', text: Secret.of('some text') }, signal);
  await store.promote({ location, version, base: null }, signal);
  expect((await store.read(location, 'current', signal))?.text.open()).toBe('some text');
}

const denied = (store: VaultStore) =>
  expect(store.read('other/token', 'current', signal)).rejects.toMatchObject({ code: 'DENIED' });

describe('a right that is missing', () => {
  test.each([
    ['', {}],
    [', to a role without the policy `default`', { token_no_default_policy: true }],
  ])('does not cost the token of a role whose secret id was good for one login%s', async (_, more) => {
    const { store, clock } = await opened({ token_ttl: '10m', secret_id_num_uses: 1, ...more });
    await useful(store);
    clock.now += 60_000;
    const count = await sent(() => denied(store));
    expect(count(revocation)).toBe(0);
    await useful(store);
  });

  test('is no reason to log in again', async () => {
    const { store, clock } = await opened({ token_ttl: '10m' });
    await useful(store);
    clock.now += 60_000;
    const count = await sent(async () => {
      await denied(store);
      await denied(store);
    });
    expect(count(login)).toBe(0);
    expect(count(revocation)).toBe(0);
  });
});

describe('a token that is good for some uses', () => {
  test.each([1, 2, 5])('%i: logs in again before they are used up, and no call is refused', async (uses) => {
    const { store } = await opened({ token_ttl: '10m', token_num_uses: uses });
    const statuses: number[] = [];
    wire.rule(async (_, forward) => {
      const reply = await forward();
      statuses.push(reply.status);
      return reply;
    });
    const count = await sent(async () => {
      await useful(store);
      await Promise.all([useful(store), useful(store)]);
    });
    expect(count(login)).toBeGreaterThan(2);
    expect(statuses).not.toContain(403);
  });

  test('is replaced although it is young, where others have used it up', async () => {
    const { store } = await opened({ token_ttl: '10m' });
    await useful(store);
    const { json } = await vault.api('GET', 'auth/token/accessors?list=true');
    for (const accessor of json.data.keys) {
      const { data } = (await vault.api('POST', 'auth/token/lookup-accessor', { accessor })).json;
      if (data.path === 'auth/approle/login')
        await vault.api('POST', 'auth/token/revoke-accessor', { accessor });
    }
    const count = await sent(() => useful(store));
    expect(count(login)).toBe(1);
  });
});
