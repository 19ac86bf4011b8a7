import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { searchText } from '../acceptance/secrets.ts';
import {
  certificateIn,
  type Listener,
  startMetadata,
  startProxy,
  startTokens,
  workloadIn,
} from './google-fake/login.ts';
import { type GoogleFake, startGoogleFake } from './google-fake/server.ts';
import { runKeyturn } from './google-process.ts';

/* The way to Google as it is for real: TLS to its host names, and the login of a workload. Only the other end is ours. */

/** Whatever makes the libraries or Node talk. */
const TALK = {
  DEBUG: '*',
  NODE_DEBUG: '*',
  GRPC_TRACE: 'all',
  GRPC_VERBOSITY: 'DEBUG',
  GRPC_NODE_TRACE: 'all',
  GRPC_NODE_VERBOSITY: 'DEBUG',
  GOOGLE_SDK_NODE_LOGGING: '*',
};

/** `exec` refuses to start a command where Node would print its environment. */
const TALK_BUT_CHILDREN = { ...TALK, NODE_DEBUG: 'fetch,http,http2,https,net,stream,timer,tls,undici' };

const TOKEN = `fake-token-${randomBytes(24).toString('hex')}`;
const IDENTITY = `fake-identity-${randomBytes(24).toString('hex')}`;

let folder: string;
let fake: GoogleFake;
let proxy: Listener;
let tokens: Awaited<ReturnType<typeof startTokens>>;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyturn-gcp-'));
  const certificate = certificateIn(folder);
  fake = await startGoogleFake(certificate);
  proxy = await startProxy(Number(new URL(fake.url).port));
  tokens = await startTokens(TOKEN);
  env = {
    grpc_proxy: proxy.url,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: certificate.file,
    GOOGLE_APPLICATION_CREDENTIALS: workloadIn(folder, tokens.url, IDENTITY),
  };
});
afterEach(async () => {
  await fake.stop();
  proxy.stop();
  tokens.stop();
  await rm(folder, { recursive: true, force: true });
});

const keyturn = (args: readonly string[], more: { env?: Record<string, string>; store?: object } = {}) =>
  runKeyturn(folder, args, { store: more.store ?? {}, env: { ...env, ...more.env } });

test('logs in with a workload identity, at the host of the region', async () => {
  expect(await keyturn(['rotate', 'wa-test'])).toMatchObject({ code: 0 });
  expect(fake.logins).toEqual(new Set([`Bearer ${TOKEN}`]));
  expect(new Set(proxy.asked)).toEqual(new Set(['secretmanager.googleapis.com:443']));
  expect(fake.world.has('projects/fake-project/secrets/wa-test')).toBe(true);
  proxy.asked.length = 0;
  const regional = { location: 'europe-west3' };
  expect(await keyturn(['rotate', 'wa-test'], { store: regional })).toMatchObject({ code: 0 });
  expect(new Set(proxy.asked)).toEqual(new Set(['secretmanager.europe-west3.rep.googleapis.com:443']));
  expect(fake.world.has('projects/fake-project/locations/europe-west3/secrets/wa-test')).toBe(true);
});

test('logs in as the machine that it runs on', async () => {
  const metadata = await startMetadata(TOKEN);
  const here = {
    GOOGLE_APPLICATION_CREDENTIALS: '',
    GCE_METADATA_HOST: metadata.url.replace('http://', ''),
    METADATA_SERVER_DETECTION: 'assume-present',
    ...TALK,
  };
  const ran = await keyturn(['rotate', 'wa-test'], { env: here });
  metadata.stop();
  expect(ran.code).toBe(0);
  expect(fake.logins).toEqual(new Set([`Bearer ${TOKEN}`]));
  expect(searchText(new Map([['token', TOKEN]]), ran.stderr, 'stderr')).toEqual([]);
});

test('a login that has expired is told, and nothing is sent', async () => {
  const body = { error: 'invalid_grant', error_description: `${IDENTITY} has expired` };
  tokens.answer = { status: 400, body };
  const { code, stderr } = await keyturn(['status']);
  expect(code).toBe(4);
  expect(stderr).toContain('is not accepted, or has expired');
  expect(stderr).not.toContain(IDENTITY);
  expect(fake.calls).toEqual([]);
});

test('whatever is made to talk says nothing secret', async () => {
  const found: unknown[] = [];
  const values = () =>
    ['wa-test', 'wa-test--staged'].flatMap((secret) => {
      const path = `projects/fake-project/secrets/${secret}`;
      const versions = fake.world.has(path) ? fake.world.now(path).versions : [];
      return versions.flatMap(({ data }, at): [string, string][] =>
        data === null ? [] : [[`${secret} ${at + 1}`, data.toString('utf8').split('\n').at(-1) ?? '']],
      );
    });
  const watch = async (...args: readonly string[]) => {
    const ran = await keyturn(args, { env: args[0] === 'exec' ? TALK_BUT_CHILDREN : TALK });
    const canaries = new Map([['token', TOKEN], ['identity', IDENTITY], ...values()] as [string, string][]);
    for (const [name, text] of Object.entries({ stdout: ran.stdout, stderr: ran.stderr })) {
      // Node writes bytes as pairs of digits.
      const bytes = text.replace(/\b([0-9a-f]{2}) (?=[0-9a-f]{2}\b)/g, '$1');
      found.push(...searchText(canaries, `${text}${bytes}`, `${name} of ${args.join(' ')}`));
    }
    return ran;
  };
  expect((await watch('rotate', 'wa-test')).code).toBe(0);
  expect(values().length).toBeGreaterThan(1);
  await watch('status', '--verbose');
  await watch('exec', 'wa-test', '--', process.execPath, '-e', '0');
  const [secret] = values().map(([, value]) => value);
  const message = `it repeats ${secret} and ${TOKEN}`;
  for (const code of [3, 7, 9, 13, 14, 16]) {
    fake.faults.push({ fault: { do: 'fail', when: 'before', code, message }, times: 3 });
    await watch('exec', 'wa-test', '--', process.execPath, '-e', '0');
    fake.faults.length = 0;
  }
  fake.faults.push({ method: 'AddSecretVersion', fault: { do: 'reset', when: 'after' } });
  await watch('rotate', 'wa-test', '--verbose');
  tokens.answer = { status: 500, body: { error: `it repeats ${IDENTITY} and ${TOKEN}` } };
  await watch('status');
  expect(found).toEqual([]);
});
