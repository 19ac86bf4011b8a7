import { inspect } from 'node:util';
import { grpc } from 'google-gax';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import type { SecretStore } from '../../src/core/store.ts';
import { gcpSettings } from '../../src/stores/gcp/settings.ts';
import type { Fault } from '../servers/google-fake/faults.ts';
import { type GcpBench, openGcp } from './gcp-bench.ts';

const { signal } = new AbortController();
const location = 'wa-test';
const TEXT = `plainly-fake-${process.pid.toString(36)}-words`;
const { status } = grpc;

let bench: GcpBench;
beforeEach(async () => {
  bench = await openGcp('alias');
});
afterEach(() => bench.close());

async function failure(work: Promise<unknown>): Promise<KeyturnError> {
  const caught = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (!(caught instanceof KeyturnError)) throw new Error(`expected a KeyturnError, got ${inspect(caught)}`);
  expect(inspect(caught, { depth: 10 })).not.toContain(TEXT);
  expect(caught.hint).not.toBe('');
  return caught;
}

const read = (store: SecretStore = bench.store) => store.read(location, 'current', signal);
const stage = (store: SecretStore = bench.store, text = TEXT) =>
  store.stage({ location, mark: 'r1.1', text: Secret.of(text) }, signal);
const put = async () => {
  const { version } = await stage();
  return bench.store.promote({ location, version, base: null }, signal);
};

describe('what Google refuses is told in our words', () => {
  test.each<[string, Omit<Extract<Fault, { do: 'fail' }>, 'do' | 'when'>, Partial<KeyturnError>, RegExp]>([
    [
      'no API',
      { code: status.PERMISSION_DENIED, reason: 'SERVICE_DISABLED' },
      { code: 'CONFIG' },
      /services enable/,
    ],
    [
      'another project',
      { code: status.PERMISSION_DENIED, reason: 'CONSUMER_INVALID' },
      { code: 'CONFIG' },
      /`project`/,
    ],
    [
      'no money',
      { code: status.FAILED_PRECONDITION, reason: 'BILLING_DISABLED' },
      { code: 'CONFIG' },
      /billing account/,
    ],
    [
      'too small a scope',
      { code: status.PERMISSION_DENIED, reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' },
      { code: 'DENIED' },
      /cloud-platform/,
    ],
    [
      'no right',
      { code: status.PERMISSION_DENIED },
      { code: 'DENIED', ambiguous: false },
      /grant secretmanager\.versions\.add on .*wa-test--staged/,
    ],
    [
      'an expired login',
      { code: status.UNAUTHENTICATED },
      { code: 'ADMIN_REFUSED', ambiguous: false },
      /gcloud auth/,
    ],
    [
      'a quota',
      { code: status.RESOURCE_EXHAUSTED },
      { code: 'RATE_LIMITED', ambiguous: false },
      /wait a minute/,
    ],
    [
      'a time limit of its own',
      { code: status.DEADLINE_EXCEEDED },
      { code: 'TIMEOUT', ambiguous: true },
      /status\.cloud/,
    ],
    ['no answer', { code: status.UNAVAILABLE }, { code: 'UNREACHABLE', ambiguous: true }, /status\.cloud/],
    ['a fault', { code: status.INTERNAL }, { code: 'UNAVAILABLE', ambiguous: true }, /status\.cloud/],
    [
      'an invalid request',
      { code: status.INVALID_ARGUMENT },
      { code: 'REFUSED', ambiguous: false },
      /location/,
    ],
    ['a call that is not there', { code: status.UNIMPLEMENTED }, { code: 'UNSUPPORTED' }, /endpoint/],
  ])('%s', async (_, fault, wanted, hint) => {
    const message = `it repeats ${TEXT}`;
    bench.fake.faults.push({
      method: 'AddSecretVersion',
      fault: { do: 'fail', when: 'before', message, ...fault },
    });
    const error = await failure(stage());
    expect(error).toMatchObject(wanted);
    expect(error.hint).toMatch(hint);
    expect(error.message).toContain(`projects/${bench.fake.project}/secrets/wa-test--staged`);
  });

  test('a change is sent once, and a read again', async () => {
    const fault = { do: 'fail', when: 'before', code: status.UNAVAILABLE } as const;
    bench.fake.faults.push({ method: 'AccessSecretVersion', secret: location, fault });
    expect(await read()).toBeNull();
    bench.fake.faults.push({ method: 'AddSecretVersion', fault });
    expect((await failure(stage())).code).toBe('UNREACHABLE');
    expect(bench.fake.calls.filter(({ method }) => method === 'AddSecretVersion')).toHaveLength(1);
  });

  test('a connection that breaks leaves open what happened', async () => {
    bench.fake.faults.push({ method: 'AddSecretVersion', fault: { do: 'reset', when: 'after' } });
    // The secret is not there yet, so the first add fails, and the second is struck.
    bench.fake.ask('CreateSecret', {
      parent: `projects/${bench.fake.project}`,
      secretId: 'wa-test--staged',
      secret: { replication: { automatic: {} } },
    });
    expect(await failure(stage())).toMatchObject({ code: 'UNREACHABLE', ambiguous: true });
    const found = await bench.store.read(location, { mark: 'r1.1' }, signal);
    expect(found?.text.open()).toBe(TEXT);
    expect((await stage()).version).toBe(found?.version);
  });

  test('nobody listening means that nothing was sent', async () => {
    const away = bench.open({ endpoint: 'http://127.0.0.1:9' });
    expect(await failure(stage(away))).toMatchObject({ code: 'UNREACHABLE', ambiguous: false });
  });

  test('a payload that was damaged on its way is not used', async () => {
    await put();
    bench.fake.faults.push({ method: 'AccessSecretVersion', fault: { do: 'damage' } });
    expect((await failure(read())).code).toBe('BAD_REPLY');
    expect((await read())?.text.open()).toBe(TEXT);
  });

  test('a caller who gives up gets the answer at once, and the call is ended', async () => {
    bench.fake.faults.push({ method: 'AccessSecretVersion', fault: { do: 'hang', when: 'before' } });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const error = await failure(bench.store.read(location, 'current', controller.signal));
    expect(error).toMatchObject({ code: 'INTERRUPTED', ambiguous: true });
  });
});

describe('bad input', () => {
  test.each([
    ['prod/token', /only letters, digits/],
    ['prod token', /only letters, digits/],
    ['x'.repeat(250), /too long/],
    ['token--staged', /what keyturn keeps/],
    ['a--ledger--b', /what keyturn keeps/],
  ])('a location that is not allowed: %s', async (name, says) => {
    const error = await failure(bench.store.read(name, 'current', signal));
    expect(error).toMatchObject({ code: 'CONFIG', exitCode: 2, ambiguous: false });
    expect(error.message).toMatch(says);
    expect(bench.fake.calls).toEqual([]);
  });

  test('a version that is disabled or destroyed is told, not taken for none', async () => {
    await put();
    const name = `${bench.path(location)}/versions/1`;
    bench.fake.ask('DisableSecretVersion', { name });
    const error = await failure(read());
    expect(error).toMatchObject({ code: 'UNREADABLE', exitCode: 4 });
    expect(error.message).toContain('versions/current is disabled');
    bench.fake.ask('DestroySecretVersion', { name });
    expect((await failure(read())).code).toBe('UNREADABLE');
  });

  test('a kept version that somebody disabled is not called lost', async () => {
    const { version } = await stage();
    bench.fake.ask('DisableSecretVersion', { name: `${bench.path('wa-test--staged')}/versions/1` });
    expect((await failure(bench.store.read(location, { version }, signal))).code).toBe('UNREADABLE');
  });

  test('another project, and an API that is not enabled', async () => {
    const elsewhere = bench.open({ project: 'some-other-project' });
    expect(await failure(read(elsewhere))).toMatchObject({ code: 'CONFIG' });
    bench.fake.enabled = false;
    const findings = await bench.store.check?.(signal);
    expect(findings).toMatchObject([
      { name: 'access', ok: false, hint: expect.stringContaining('services enable') },
    ]);
  });

  test('what a secret must be like is asked before a key is made', async () => {
    const rights = () => bench.store.rights?.({ location, credential: 'wa-test' }, signal);
    expect(await rights()).toEqual([]);
    bench.fake.ask('CreateSecret', {
      parent: `projects/${bench.fake.project}`,
      secretId: location,
      secret: { replication: { automatic: {} } },
    });
    expect(await rights()).toEqual([]);
    bench.fake.ask('AddSecretVersion', { parent: bench.path(location), payload: { data: Buffer.from('x') } });
    const error = await failure(Promise.resolve(rights()));
    expect(error.code).toBe('CONFIG');
    expect(error.hint).toContain(`--update-version-aliases=current=1`);
    bench.fake.ask('CreateSecret', {
      parent: `projects/${bench.fake.project}`,
      secretId: 'managed',
      secret: { replication: { automatic: {} }, secretType: 'CLOUD_SQL_DB_CREDENTIALS' },
    });
    const managed = bench.store.rights?.({ location: 'managed', credential: 'wa-test' }, signal);
    expect((await failure(Promise.resolve(managed))).code).toBe('UNSUPPORTED');
  });

  test('a ledger that Google would not hold', async () => {
    const at = { location, credential: 'wa-test' };
    const { ledgers } = bench.store;
    expect((await failure(ledgers.save(at, 'x'.repeat(16_300), null, signal))).code).toBe('FULL');
    expect(await ledgers.load(at, signal)).toBeNull();
  });
});

describe('settings', () => {
  const good = { kind: 'gcp-secret-manager', project: 'my-project' };
  const faultsOf = (settings: object): string => {
    const parsed = z.safeParse(gcpSettings, { ...good, ...settings });
    return parsed.success ? '' : parsed.error.issues.map(({ message }) => message).join('; ');
  };

  test.each([
    [{}, /^$/],
    [{ location: 'europe-west3', mode: 'latest', accept: 'race', converges: '30m' }, /^$/],
    [{ endpoint: 'http://[::1]:8080' }, /^$/],
    [{ mode: 'latest' }, /accept: race/],
    [{ mode: 'latest', accept: 'race', aliasOnly: true }, /nobody reads latest/],
    [{ project: 'My Project' }, /ID of a project/],
    [{ location: 'Frankfurt' }, /must be a region/],
    [{ endpoint: 'http://10.0.0.1:80' }, /loopback/],
    [{ endpoint: 'https://secretmanager.googleapis.com' }, /loopback/],
    [{ converges: 'soon' }, /duration/],
    [{ accept: 'everything' }, /must be race/],
  ])('%j', (settings, says) => {
    expect(faultsOf(settings)).toMatch(says);
  });
});
