import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { connect, type VaultCall } from '../../src/stores/vault/client.ts';
import { createVaultStore } from '../../src/stores/vault/index.ts';
import { openSession } from '../../src/stores/vault/session.ts';
import { vaultSettings } from '../../src/stores/vault/settings.ts';
import { openWire } from '../../src/stores/vault/wire.ts';
import { contextIn } from './plugin-context.ts';
import { type Heard, type Listener, listen, say } from './vault-listener.ts';

/* Each pitfall of node-vault 0.12.0, by what goes over the wire. Each test fails when its fence is taken away. */

const TOKEN = 'hvs.not-a-token-but-a-canary';
const VALUE = 'not-a-value-but-a-canary';
const { signal } = new AbortController();
const context = { ...contextIn('/nowhere', { TOKEN, ROLE: 'role', ID: VALUE }), now: () => 0 };
const wire = openWire(null, context);
const open: { close(): unknown }[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of open.splice(0)) await one.close();
});

async function server(answer: Parameters<typeof listen>[0]): Promise<Listener> {
  const listener = await listen(answer);
  open.push(listener);
  return listener;
}

const written = { data: { version: 1, created_time: '2026-11-25T10:00:00.5Z', deletion_time: '' } };
const write = (of: Partial<VaultCall> = {}): VaultCall => ({
  method: 'POST',
  path: ['secret', 'data', 'x'],
  body: JSON.stringify({ data: { value: VALUE } }),
  token: TOKEN,
  doing: 'write secret/data/x',
  signal,
  ...of,
});

function read(of: Partial<VaultCall> = {}): VaultCall {
  const { body: _, ...rest } = write();
  return { ...rest, method: 'GET', ...of };
}

async function failureOf(work: Promise<unknown>): Promise<KeyturnError> {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!(error instanceof KeyturnError)) throw new Error(`expected a KeyturnError, got ${inspect(error)}`);
  const told = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error) + error.stack;
  expect(told).not.toContain(TOKEN);
  expect(told).not.toContain(VALUE);
  return error;
}

describe('the client of Vault', () => {
  test('keeps token and body out of the errors of the network', async () => {
    const closed = await server(() => undefined);
    await closed.close();
    const refused = await failureOf(connect({ address: closed.url }, wire)(write()));
    expect(refused).toMatchObject({ code: 'UNREACHABLE', detail: { unsent: true } });

    const resets = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    open.push(resets);
    await new Promise<void>((resolve) => resets.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(resets.address() as AddressInfo).port}`;
    const reset = await failureOf(connect({ address }, wire)(write()));
    expect(reset).toMatchObject({ code: 'UNREACHABLE', ambiguous: true });
  });

  test.each([400, 403, 404, 405, 412, 413, 429, 472, 473, 500, 501, 502, 503])(
    'quotes nothing of an answer that echoes the request: %i',
    async (status) => {
      const echo = await server(({ body, headers }, reply) =>
        say(reply, status, { errors: [`no handler for route ${body} ${headers['x-vault-token']}`] }),
      );
      expect((await failureOf(connect({ address: echo.url }, wire)(write()))).hint).not.toBe('');
    },
  );

  test('prints nothing, whatever DEBUG says', async () => {
    const vault = await server((_, reply) => say(reply, 200, written));
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-vault-'));
    open.push({ close: () => rm(folder, { recursive: true, force: true }) });
    const outfile = join(folder, 'child.cjs');
    const source = (name: string) => JSON.stringify(new URL(`../../src/${name}`, import.meta.url).pathname);
    await build({
      stdin: {
        contents: `
          import { connect } from ${source('stores/vault/client.ts')};
          import { openWire } from ${source('stores/vault/wire.ts')};
          const send = connect({ address: '${vault.url}' }, openWire(null, { now: Date.now, sleep: async () => {} }));
          const call = ${JSON.stringify(write())};
          await send({ ...call, signal: new AbortController().signal });
          await send({ ...call, method: 'GET', body: undefined, signal: new AbortController().signal });
        `,
        resolveDir: process.cwd(),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      outfile: outfile.replace('.cjs', '.mjs'),
      logLevel: 'error',
    });
    const env = { ...process.env, DEBUG: '*', NODE_DEBUG: '' };
    const done = await promisify(execFile)(process.execPath, [outfile.replace('.cjs', '.mjs')], { env });
    expect(vault.heard).toHaveLength(2);
    expect(`${done.stdout}${done.stderr}`).toBe('');
  });

  test('sends the token of each call, not that of the first', async () => {
    const vault = await server((_, reply) => say(reply, 200, written));
    const send = connect({ address: vault.url }, wire);
    await send(write({ token: 'first' }));
    await send(write({ token: 'second' }));
    expect(vault.heard.map(({ headers }) => headers['x-vault-token'])).toEqual(['first', 'second']);
  });

  test('logs in without any token, also when it logs in again', async () => {
    let now = 0;
    const vault = await server(({ target }, reply) => {
      const auth = { client_token: TOKEN, lease_duration: 60, renewable: false, token_type: 'service' };
      say(reply, 200, target.endsWith('/login') ? { auth } : written);
    });
    const send = connect({ address: vault.url }, wire);
    const { auth } = vaultSettings.parse({
      kind: 'vault',
      address: vault.url,
      auth: { method: 'approle', roleId: 'env:ROLE', secretId: 'env:ID' },
    });
    const session = openSession(auth, send, { ...context, now: () => now });
    expect(await session.token(signal)).toBe(TOKEN);
    now = 59_000;
    expect(await session.token(signal)).toBe(TOKEN);
    expect(vault.heard.map(({ target }) => target)).toEqual([
      '/v1/auth/approle/login',
      '/v1/auth/approle/login',
    ]);
    expect(vault.heard.map(({ headers }) => headers['x-vault-token'])).toEqual([undefined, undefined]);
  });

  test('encodes every step of a path', async () => {
    const vault = await server((_, reply) => say(reply, 200, written));
    const send = connect({ address: vault.url }, wire);
    await send(write({ path: ['secret', 'data', 'a b#c?d%2F/é&#x2F;'] }));
    expect(vault.heard[0]?.target).toBe('/v1/secret/data/a%20b%23c%3Fd%252F%2F%C3%A9%26%23x2F%3B');
  });

  test.each([
    '..',
    'a/../b',
    './a',
    'a//b',
    '/a',
    'a/',
    'a/*',
    'a/+/b',
    'a\u200bb',
    'a\nb',
    '',
    'keyturn/x',
    'keyturn',
  ])('refuses the location %j before anything is sent', async (location) => {
    const vault = await server((_, reply) => say(reply, 200, written));
    const settings = { kind: 'vault', address: vault.url, auth: { method: 'token', token: 'env:TOKEN' } };
    const store = createVaultStore(vaultSettings.parse(settings), context);
    const text = Secret.of(VALUE);
    expect((await failureOf(store.read(location, 'current', signal))).code).toBe('CONFIG');
    expect((await failureOf(store.stage({ location, mark: 'r1.1', text }, signal))).code).toBe('CONFIG');
    const at = { credential: 'wa-prod', location };
    expect((await failureOf(store.ledgers.load(at, signal))).code).toBe('CONFIG');
    expect((await failureOf(store.ledgers.save(at, '{}', null, signal))).code).toBe('CONFIG');
    expect(vault.heard).toEqual([]);
  });

  test.each(['with\nline', 'nön-ascii', 'two words', ' '])(
    'refuses the token %j before anything is sent',
    async (text) => {
      const vault = await server((_, reply) => say(reply, 200, written));
      const settings = { kind: 'vault', address: vault.url, auth: { method: 'token', token: 'env:TOKEN' } };
      const of = { ...contextIn('/nowhere', { TOKEN: text }), now: () => 0 };
      const store = createVaultStore(vaultSettings.parse(settings), of);
      expect((await failureOf(store.read('prod/x', 'current', signal))).code).toBe('REFERENCE');
      expect(vault.heard).toEqual([]);
    },
  );

  test('sets the headers of its requests itself, and never by update()', async () => {
    const heard = (method: VaultCall['method']) =>
      expect.objectContaining({ method: method === 'LIST' ? 'GET' : method }) as Heard;
    const vault = await server((_, reply) => say(reply, 200, written));
    const send = connect({ address: vault.url, namespace: 'team-a' }, wire);
    const methods = ['GET', 'LIST', 'POST', 'DELETE'] as const;
    for (const method of methods) await send(method === 'POST' ? write() : read({ method }));
    expect(vault.heard).toEqual(methods.map(heard));
    for (const { headers } of vault.heard) {
      expect(headers).toMatchObject({ 'x-vault-token': TOKEN, 'x-vault-namespace': 'team-a' });
    }
    expect(vault.heard[2]?.headers['content-type']).toBe('application/json');
    expect(vault.heard[1]?.target).toBe('/v1/secret/data/x?list=true');
  });

  test('ends a call that gets no answer', async () => {
    const vault = await server(() => undefined);
    const hung = connect({ address: vault.url, deadlineMs: 150 }, wire)(write());
    expect(await failureOf(hung)).toMatchObject({ code: 'TIMEOUT', ambiguous: true });
    const gone = new AbortController();
    const given = connect({ address: vault.url }, wire)(write({ signal: gone.signal }));
    setTimeout(() => gone.abort(), 50);
    expect((await failureOf(given)).code).toBe('INTERRUPTED');
  });

  test('sends many calls in turn, and counts the time of each from when it is sent', async () => {
    let now = 0;
    let most = 0;
    const vault = await server((_, reply) => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
        say(reply, 200, written);
      }, 20);
    });
    const send = connect({ address: vault.url, deadlineMs: 2_000 }, openWire(null, context));
    await Promise.all(Array.from({ length: 200 }, () => send(read())));
    expect(vault.heard).toHaveLength(200);
    expect(most).toBeLessThanOrEqual(16);
  });

  test('repeats what only reads, nothing else, and says how long to stay away', async () => {
    const vault = await server((_, reply) => {
      reply.setHeader('retry-after', '0');
      say(reply, 429, { errors: ['rate limit quota exceeded'] });
    });
    const send = connect({ address: vault.url }, wire);
    const error = await failureOf(send(write()));
    expect(error).toMatchObject({ code: 'RATE_LIMITED', detail: { retryAfterMs: 0 } });
    expect(vault.heard).toHaveLength(1);
    await failureOf(send(read()));
    expect(vault.heard).toHaveLength(4);
  });

  test('follows no redirect, and sends nothing to the other host', async () => {
    const other = await server((_, reply) => say(reply, 200, written));
    const vault = await server(({ target }, reply) => {
      reply.writeHead(307, { location: `${other.url}${target}` });
      reply.end();
    });
    const send = connect({ address: vault.url }, wire);
    expect((await failureOf(send(write()))).code).toBe('CONFIG');
    expect((await failureOf(send(read()))).code).toBe('CONFIG');
    expect(other.heard).toEqual([]);
  });

  test('tells absence from success, also where the path looks like that of the state of Vault', async () => {
    const vault = await server((_, reply) => say(reply, 404, { errors: [] }));
    const send = connect({ address: vault.url }, wire);
    const path = ['secret', 'data', 'sys', 'health'];
    expect(await send(read({ path }))).toMatchObject({ missing: true });
    const sealed = await server((_, reply) => say(reply, 503, { errors: ['Vault is sealed'] }));
    const error = await failureOf(connect({ address: sealed.url }, wire)(write({ path })));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', detail: { unsent: true } });
  });

  test('takes nothing from the environment', async () => {
    const other = await server((_, reply) => say(reply, 200, written));
    const vault = await server((_, reply) => say(reply, 200, written));
    vi.stubEnv('VAULT_ADDR', other.url);
    vi.stubEnv('VAULT_TOKEN', 'token-of-the-environment');
    vi.stubEnv('VAULT_NAMESPACE', 'namespace-of-the-environment');
    vi.stubEnv('VAULT_PREFIX', '/prefix');
    const send = connect({ address: vault.url }, wire);
    const { token: _, ...without } = write();
    await send(without);
    expect(other.heard).toEqual([]);
    expect(vault.heard[0]?.target).toBe('/v1/secret/data/x');
    expect(vault.heard[0]?.headers).not.toHaveProperty('x-vault-token');
    expect(vault.heard[0]?.headers).not.toHaveProperty('x-vault-namespace');
  });
});
