import { createSign, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ErrorCode } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import type { VaultStore } from '../../src/stores/vault/index.ts';
import { type Listener, listen, say } from '../stores/vault-listener.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { anotherLocation, startBench, type VaultBench } from './vault-bench.ts';

const { signal } = new AbortController();
const POLICY = 'path "secret/*" { capabilities = ["create", "read", "update", "delete", "list"] }';

let vault: VaultBench;
/** Between the store and Vault, to see what is sent. */
let wire: FaultProxy;
let folder: string;
const atEnd: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  vault = await startBench();
  wire = await startFaultProxy(vault.url, ({ method, path }) => `${method} ${path}`);
  folder = await mkdtemp(join(tmpdir(), 'keyturn-vault-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const end of atEnd.splice(0)) await end();
});
afterAll(async () => {
  await wire.close();
  await vault.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What was sent while the work was done. */
async function sent(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = wire.calls.length;
  await work();
  return wire.calls.slice(before).map(({ name }) => name);
}

const login = 'POST /v1/auth/approle/login';
const renewal = 'POST /v1/auth/token/renew-self';
const revocation = 'POST /v1/auth/token/revoke-self';

async function useful(store: VaultStore): Promise<void> {
  const location = anotherLocation();
  const { version } = await store.stage({ location, mark: 'r1.1', text: Secret.of('some text') }, signal);
  await store.promote({ location, version, base: null }, signal);
  expect((await store.read(location, 'current', signal))?.text.open()).toBe('some text');
}

async function refusal(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  return await work.then(
    () => undefined,
    (error: { code: ErrorCode }) => error.code,
  );
}

const tokensAlive = async () =>
  (await vault.api('GET', 'auth/token/accessors?list=true')).json.data.keys.length;

describe('AppRole', () => {
  /** A store with a clock that a test can move. */
  const opened = async (options: Readonly<Record<string, unknown>>) => {
    const { auth, environment } = await vault.role(POLICY, options);
    const clock = { now: Date.now() };
    const context = { now: () => clock.now };
    const store = vault.open({ auth, address: wire.url }, { environment, context });
    atEnd.push(() => store.close());
    return { store, clock, auth, environment };
  };

  test('logs in once for a run, and revokes its token at the end', async () => {
    const before = await tokensAlive();
    const { store } = await opened({ token_ttl: '10m' });
    const calls = await sent(async () => {
      await Promise.all([useful(store), useful(store), useful(store)]);
    });
    expect(calls.filter((call) => call === login)).toHaveLength(1);
    expect(await tokensAlive()).toBe(before + 1);
    expect(await sent(async () => store.close())).toEqual([revocation]);
    expect(await tokensAlive()).toBe(before);
    expect(await sent(async () => store.close())).toEqual([]);
  });

  test('renews a token that ends soon, also where the secret id was good for one login', async () => {
    const { store, clock } = await opened({ token_ttl: '2m', token_max_ttl: '1h', secret_id_num_uses: 1 });
    await useful(store);
    clock.now += 100_000;
    const calls = await sent(() => useful(store));
    expect(calls[0]).toBe(renewal);
    expect(calls).not.toContain(login);
  });

  test('logs in again where a token cannot be renewed any further', async () => {
    const { store, clock } = await opened({ token_ttl: '3s', token_max_ttl: '3s' });
    await useful(store);
    // Vault counts by its own clock, so this is real time.
    await delay(2_300);
    clock.now += 2_300;
    const calls = await sent(() => useful(store));
    expect(calls.slice(0, 2)).toEqual([renewal, login]);
  });

  test('logs in again where a token is over', async () => {
    const { store, clock } = await opened({ token_ttl: '1m' });
    await useful(store);
    clock.now += 3_600_000;
    const calls = await sent(() => useful(store));
    expect(calls[0]).toBe(login);
    expect(calls).not.toContain(renewal);
  });

  test.each([
    ['', 60_000],
    [', and the clock was put back', -3_600_000],
  ])('goes on with another token where the present one was ended by somebody%s', async (_, ahead) => {
    const { store, clock } = await opened({ token_ttl: '10m' });
    await useful(store);
    const { json } = await vault.api('GET', 'auth/token/accessors?list=true');
    for (const accessor of json.data.keys) {
      const { data } = (await vault.api('POST', 'auth/token/lookup-accessor', { accessor })).json;
      if (data.path === 'auth/approle/login')
        await vault.api('POST', 'auth/token/revoke-accessor', { accessor });
    }
    clock.now += ahead;
    const calls = await sent(() => useful(store));
    expect(calls.filter((call) => call === login)).toHaveLength(1);
  });

  test('of batch tokens works, and revokes none', async () => {
    const { store } = await opened({ token_type: 'batch', token_ttl: '10m' });
    await useful(store);
    expect(await sent(async () => store.close())).toEqual([]);
  });

  test('that is refused says so, and what to do', async () => {
    const { auth, environment } = await vault.role(POLICY);
    const store = vault.open({ auth }, { environment: { ...environment, SECRET_ID: 'no-such-secret-id' } });
    const error = await store.read('x', 'current', signal).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ADMIN_REFUSED', detail: { unsent: true } });
    expect(JSON.stringify(error)).not.toContain('no-such-secret-id');
    const elsewhere = vault.open({ auth: { ...auth, mount: 'nowhere' } }, { environment });
    expect(await refusal(elsewhere.read('x', 'current', signal))).toBe('ADMIN_REFUSED');
  });
});

describe('a token that is given', () => {
  test('is read for every call, and is not revoked', async () => {
    const made = async () => (await vault.api('POST', 'auth/token/create', {})).json.auth.client_token;
    const environment: Record<string, string> = { VAULT_TOKEN: await made() };
    const store = vault.open({ address: wire.url }, { environment });
    await useful(store);
    const { json } = await vault.api('POST', 'auth/token/lookup', { token: environment.VAULT_TOKEN });
    await vault.api('POST', 'auth/token/revoke-accessor', { accessor: json.data.accessor });
    expect(await refusal(useful(store))).toBe('ADMIN_REFUSED');
    const fresh = vault.open({ address: wire.url }, { environment: { VAULT_TOKEN: await made() } });
    await useful(fresh);
    expect(await sent(async () => fresh.close())).toEqual([]);
  });

  test('that has expired is told apart from one without rights', async () => {
    await vault.api('POST', 'sys/policies/acl/nothing', {
      policy: 'path "other/*" { capabilities = ["read"] }',
    });
    const { json } = await vault.api('POST', 'auth/token/create', { policies: ['nothing'] });
    const poor = vault.open({}, { environment: { VAULT_TOKEN: json.auth.client_token } });
    expect(await refusal(poor.read('prod/x', 'current', signal))).toBe('DENIED');
    const gone = vault.open({}, { environment: { VAULT_TOKEN: 'hvs.plainly-not-a-token' } });
    expect(await refusal(gone.read('prod/x', 'current', signal))).toBe('ADMIN_REFUSED');
  });
});

describe('the identity of a CI job', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const identity = (claims: Readonly<Record<string, unknown>>) => {
    const seconds = Math.floor(Date.now() / 1000);
    const all = {
      iss: 'https://ci.example',
      aud: 'https://vault.example',
      iat: seconds,
      exp: seconds + 300,
      ...claims,
    };
    const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(all)}`;
    return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`;
  };
  const claims = { sub: 'project:acme/rotation:ref:main', project: 'acme/rotation', ref: 'main' };
  const storeWith = (jwt: string) => {
    const auth = { method: 'jwt', role: 'keyturn', jwt: 'env:CI_TOKEN' };
    return vault.open({ auth }, { environment: { CI_TOKEN: jwt } });
  };

  beforeAll(async () => {
    await vault.api('POST', 'sys/auth/jwt', { type: 'jwt' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    await vault.api('POST', 'auth/jwt/config', {
      jwt_validation_pubkeys: [pem],
      bound_issuer: 'https://ci.example',
    });
    await vault.api('POST', 'sys/policies/acl/ci', { policy: POLICY });
    await vault.api('POST', 'auth/jwt/role/keyturn', {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: ['https://vault.example'],
      bound_claims: { project: 'acme/rotation', ref: 'main' },
      token_policies: ['ci'],
      token_ttl: '10m',
    });
  });

  test('logs in', async () => {
    const store = storeWith(identity(claims));
    await useful(store);
    await store.close();
  });

  test.each([
    ['of another branch', { ref: 'feature' }],
    ['for another audience', { aud: 'https://other.example' }],
    ['that is over', { exp: 1_000_000_000 }],
  ])('%s is refused', async (_, other) => {
    const jwt = identity({ ...claims, ...other });
    const error = await useful(storeWith(jwt)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ADMIN_REFUSED' });
    expect(JSON.stringify(error)).not.toContain(jwt.slice(0, 40));
  });
});

describe('the service account of a pod', () => {
  let cluster: Listener;
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'RS256' })}.${part({
    iss: 'kubernetes/serviceaccount',
    sub: 'system:serviceaccount:jobs:keyturn',
    'kubernetes.io/serviceaccount/namespace': 'jobs',
    'kubernetes.io/serviceaccount/service-account.name': 'keyturn',
    'kubernetes.io/serviceaccount/service-account.uid': 'uid-1',
  })}.c2lnbmF0dXJl`;

  beforeAll(async () => {
    // It stands for the cluster, which Vault asks whether the token is one of its own.
    cluster = await listen(({ body }, reply) => {
      const ours = (JSON.parse(body) as { spec: { token: string } }).spec.token === token;
      const user = {
        username: 'system:serviceaccount:jobs:keyturn',
        uid: 'uid-1',
        groups: ['system:serviceaccounts'],
      };
      say(reply, 201, { status: ours ? { authenticated: true, user } : { authenticated: false } });
    });
    await vault.api('POST', 'sys/auth/kubernetes', { type: 'kubernetes' });
    await vault.api('POST', 'auth/kubernetes/config', {
      kubernetes_host: cluster.url,
      disable_local_ca_jwt: true,
      disable_iss_validation: true,
    });
    await vault.api('POST', 'sys/policies/acl/pods', { policy: POLICY });
    await vault.api('POST', 'auth/kubernetes/role/keyturn', {
      bound_service_account_names: ['keyturn'],
      bound_service_account_namespaces: ['jobs'],
      token_policies: ['pods'],
      token_ttl: '10m',
    });
  });
  afterAll(() => cluster.close());

  const storeWith = async (text: string) => {
    const tokenFile = join(folder, 'service-account-token');
    await writeFile(tokenFile, text);
    await chmod(tokenFile, 0o644);
    return vault.open({ auth: { method: 'kubernetes', role: 'keyturn', tokenFile } });
  };

  test('logs in, by a file that every user of the pod may read', async () => {
    const store = await storeWith(`${token}\n`);
    await useful(store);
    expect(cluster.heard.length).toBeGreaterThan(0);
    await store.close();
  });

  test('that the cluster does not know is refused, and a file that is missing is named', async () => {
    expect(await refusal(useful(await storeWith(`${token}x`)))).toBe('ADMIN_REFUSED');
    const auth = { method: 'kubernetes', role: 'keyturn', tokenFile: join(folder, 'no-such-file') };
    expect(await refusal(useful(vault.open({ auth })))).toBe('REFERENCE');
  });
});

describe('a certificate of a private authority', () => {
  test('is trusted by `ca`, and by nothing else', async () => {
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, vault.authority);
    await useful(vault.open({ address: vault.tlsUrl, ca }));
    // node-vault would take any certificate then.
    vi.stubEnv('VAULT_SKIP_VERIFY', 'true');
    // So would Node.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(await refusal(useful(vault.open({ address: vault.tlsUrl })))).toBe('UNREACHABLE');
    await writeFile(ca, 'not a certificate');
    expect(await refusal(useful(vault.open({ address: vault.tlsUrl, ca })))).toBe('CONFIG');
  });
});
