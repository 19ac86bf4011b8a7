import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ErrorCode, KeyturnError } from '../../../src/core/errors.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { AwsStore } from '../../../src/stores/aws/index.ts';
import { openStore, useIdentity } from './bench.ts';
import { type FakeAws, type Instead, startFakeAws } from './fake.ts';

const { signal } = new AbortController();
const location = 'prod/token';
const at = { credential: 'wa-prod', location };
const TEXT = 'plainly-fake-words-in-a-store';

let aws: FakeAws;
let store: AwsStore;
let version: string;

beforeEach(async () => {
  useIdentity();
  aws = await startFakeAws();
  store = openStore(aws.url, {}, { sleep: async () => undefined });
  const staged = await store.stage({ location, mark: 'r1.1', text: Secret.of(TEXT) }, signal);
  ({ version } = await store.promote({ location, version: staged.version, base: null }, signal));
  aws.calls.length = 0;
});
afterEach(async () => {
  await store.close();
  await aws.close();
});

async function refused(code: ErrorCode, work: Promise<unknown>, says: RegExp): Promise<KeyturnError> {
  const caught = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (!(caught instanceof KeyturnError)) throw new Error(`expected a KeyturnError, got ${inspect(caught)}`);
  expect(`${caught.message}; ${caught.hint}`).toMatch(says);
  expect(caught.code).toBe(code);
  const shown = inspect(caught, { depth: 10, showHidden: true });
  for (const secret of [TEXT, 'plainly-fake-words-of-aws']) expect(shown).not.toContain(secret);
  expect(caught.cause).toBeUndefined();
  return caught;
}

const read = (from = store) => from.read(location, 'current', signal);
const stage = (text = TEXT) => store.stage({ location, mark: 'r1.2', text: Secret.of(text) }, signal);
/** Every call of an action is answered so; the message of AWS holds the request, as the worst server would. */
const answer = (action: string, other: Instead): void => {
  aws.instead = (asked, ask) =>
    asked === action ? { ...other, message: `${other.message ?? ''} ${JSON.stringify(ask)}` } : null;
};
const times = (action: string) => aws.calls.filter((call) => call.action === action).length;

describe('what AWS answers', () => {
  test.each<[string, ErrorCode, RegExp]>([
    ['UnrecognizedClientException', 'ADMIN_REFUSED', /does not accept the identity.*log in again/],
    ['ExpiredTokenException', 'ADMIN_REFUSED', /ExpiredTokenException.*log in again/],
    ['RequestExpired', 'ADMIN_REFUSED', /clock/],
    ['ThrottlingException', 'RATE_LIMITED', /come back later/],
    ['LimitExceededException', 'FULL', /quota.*20 labels and 100 versions/],
    ['DecryptionFailure', 'PERSON', /KMS key/],
    ['InternalServiceError', 'UNAVAILABLE', /broken for the moment/],
    ['InvalidParameterException', 'REFUSED', /a parameter is not one/],
    ['ValidationException', 'REFUSED', /ValidationException/],
  ])('%s is %s', async (type, code, says) => {
    answer('GetSecretValue', { status: code === 'UNAVAILABLE' ? 500 : 400, type });
    await refused(code, read(), says);
  });

  test('a permission that is missing is named, with the statement that gives it', async () => {
    answer('PutSecretValue', { type: 'AccessDeniedException', message: 'not authorized' });
    const { hint } = await refused(
      'DENIED',
      stage(),
      /PutSecretValue of prod\/token: secretsmanager:PutSecretValue is not allowed/,
    );
    expect(hint).toContain(
      '{"Effect":"Allow","Action":"secretsmanager:PutSecretValue","Resource":"arn:aws:secretsmanager:eu-central-1:*:secret:prod/token-??????"}',
    );
    answer('GetSecretValue', { type: 'AccessDeniedException', message: 'Access to KMS is not allowed' });
    await refused(
      'DENIED',
      read(),
      /kms:Decrypt is not allowed.*"Resource":"arn:aws:kms:eu-central-1:\*:key\/\*"/,
    );
  });

  test.each<[string, Instead, ErrorCode]>([
    ['a page of a proxy', { status: 502, body: '<html>bad gateway</html>' }, 'UNAVAILABLE'],
    ['a page that says yes', { status: 200, body: '<html>welcome</html>' }, 'BAD_REPLY'],
    ['half of a reply', { status: 200, body: '{"SecretString":"pla' }, 'BAD_REPLY'],
    ['nothing', { status: 404, body: '' }, 'REFUSED'],
  ])('%s', async (_, other, code) => {
    answer('GetSecretValue', other);
    await refused(code, read(), /GetSecretValue of prod\/token/);
  });

  test('a clock that is wrong is corrected by the SDK, even where a request is sent once', async () => {
    const date = Date.now() + 3_600_000;
    const { version: staged } = await stage();
    const asked: string[] = [];
    aws.instead = (action, _, headers) => {
      asked.push(String(headers['x-amz-date']));
      const late = Math.abs(Date.parse(isoOf(headers['x-amz-date'])) - date) > 300_000;
      return late
        ? { type: 'InvalidSignatureException', message: `Signature expired ${action}`, date }
        : null;
    };
    await store.promote({ location, version: staged, base: version }, signal);
    expect(asked).toHaveLength(2);
  });
});

/** `20261125T200000Z` as Date.parse reads it. */
function isoOf(stamp: unknown): string {
  return String(stamp).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}

describe('what is sent again', () => {
  test('a read; never a move of AWSCURRENT that may have been done', async () => {
    const { version: staged } = await stage();
    aws.calls.length = 0;
    answer('GetSecretValue', { status: 500, type: 'InternalServiceError' });
    await refused('UNAVAILABLE', read(), /broken/);
    expect(times('GetSecretValue')).toBe(3);
    answer('UpdateSecretVersionStage', { status: 500, type: 'InternalServiceError' });
    const error = await refused(
      'UNAVAILABLE',
      store.promote({ location, version: staged, base: version }, signal),
      /broken/,
    );
    expect(error.ambiguous).toBe(true);
    expect(times('UpdateSecretVersionStage')).toBe(1);
  });

  test('a move that AWS put off, because nothing was done', async () => {
    const { version: staged } = await stage();
    let left = 2;
    aws.instead = (action) => {
      left -= action === 'UpdateSecretVersionStage' ? 1 : 0;
      return left >= 0 && action === 'UpdateSecretVersionStage' ? { type: 'ThrottlingException' } : null;
    };
    await store.promote({ location, version: staged, base: version }, signal);
    expect((await read())?.version).toBe(staged);
  });
});

describe('secrets that keyturn leaves alone', () => {
  const facts = (more: Record<string, unknown>): void => {
    Object.assign(aws.secrets.get(location)?.facts ?? {}, more);
  };

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['rotated by AWS', { RotationEnabled: true }, /is rotated by AWS itself.*cancel-rotate-secret/],
    ['of another service', { OwningService: 'redshift' }, /belongs to another AWS service/],
    ['of an outside service', { Type: 'Some.Partner' }, /outside service/],
    ['a replica', { PrimaryRegion: 'us-east-1' }, /is a replica.*us-east-1/],
  ])('%s', async (_, more, says) => {
    facts(more);
    await refused('PERSON', store.rights(at, signal), says);
    await refused('PERSON', stage(), says);
    expect((await read())?.text.open()).toBe(TEXT);
  });

  test('scheduled for deletion', async () => {
    Object.assign(aws.secrets.get(location) ?? {}, { deletedAt: Date.now() });
    const says = /is scheduled for deletion.*restore-secret --secret-id prod\/token/;
    for (const work of [read, stage, () => store.rights(at, signal)]) await refused('PERSON', work(), says);
  });

  test('with no label left', async () => {
    const [one] = aws.secrets.get(location)?.versions.values() ?? [];
    for (let count = 0; count < 19; count += 1) one?.labels.add(`of-somebody-${count}`);
    await refused('FULL', store.rights(at, signal), /has 20 labels/);
    await refused('FULL', stage(), /has 20 labels/);
  });

  test('of bytes', async () => {
    const held = aws.secrets.get(location)?.versions;
    for (const [id, one] of held ?? []) held?.set(id, { ...one, text: null, binary: true });
    await refused('UNREADABLE', read(), /holds bytes \(SecretBinary\).*SecretString/);
  });

  test('one that was made without a value is filled', async () => {
    aws.secrets.set('prod/empty', { name: 'prod/empty', versions: new Map(), facts: {} });
    const of = { location: 'prod/empty', mark: 'r2.1', text: Secret.of(TEXT) };
    expect(await store.read(of.location, 'current', signal)).toBeNull();
    const { version: staged } = await store.stage(of, signal);
    expect(await store.read(of.location, 'current', signal)).toBeNull();
    await store.promote({ location: of.location, version: staged, base: null }, signal);
    expect((await store.read(of.location, 'current', signal))?.text.open()).toBe(TEXT);
  });
});

describe('names and addresses', () => {
  test.each<[string, RegExp]>([
    ['', /is empty/],
    ['arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-AbCdEf', /is an ARN, not a name/],
    ['with space', /a character that AWS does not allow/],
    ['x'.repeat(301), /longer than 300/],
    ['keyturn/ledger/x', /begins with keyturn\//],
  ])('%j cannot be a location', async (name, says) => {
    await refused('CONFIG', store.read(name, 'current', signal), says);
    expect(aws.calls).toEqual([]);
  });

  test('an address of the environment is held to https', async () => {
    process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = 'http://192.0.2.1';
    try {
      const { kind, region } = { kind: 'aws-secrets-manager', region: 'eu-central-1' } as const;
      const { createAwsStore } = await import('../../../src/stores/aws/index.ts');
      const { contextIn } = await import('../plugin-context.ts');
      const other = createAwsStore({ kind, region }, contextIn('/nowhere', {}));
      await refused('CONFIG', read(other), /begins with http:\/\//);
    } finally {
      delete process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER;
    }
  });

  test('no identity', async () => {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key } = process.env;
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
    process.env.AWS_CONFIG_FILE = '/nowhere';
    process.env.AWS_SHARED_CREDENTIALS_FILE = '/nowhere';
    try {
      await refused('ADMIN_REFUSED', read(openStore(aws.url)), /no AWS identity was found.*aws sso login/);
    } finally {
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key });
      delete process.env.AWS_CONFIG_FILE;
      delete process.env.AWS_SHARED_CREDENTIALS_FILE;
    }
  });

  test('nobody there', async () => {
    await aws.close();
    const error = await refused('UNREACHABLE', read(), /cannot reach 127\.0\.0\.1.*ECONNREFUSED/);
    expect(error.ambiguous).toBe(false);
  });
});
