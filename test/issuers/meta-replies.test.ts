import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Fault, faultOf } from '../../src/issuers/meta/faults.ts';
import { stayAwayMs } from '../../src/issuers/meta/limits.ts';
import {
  accessTokenOf,
  debugDataOf,
  errorOf,
  objectIdOf,
  parseBody,
  scopesOf,
  successOf,
} from '../../src/issuers/meta/schema.ts';

const error = (code: unknown, more: object = {}) => errorOf({ error: { code, ...more } });
const fault = (code: number, more: object = {}): Fault => {
  const found = error(code, more);
  if (found === null) throw new Error('no envelope');
  return faultOf(found);
};

describe('what an error is about', () => {
  test.each<[Fault, number[]]>([
    ['dead-token', [0, 102, 190, 467]],
    ['rate-limited', [4, 9, 17, 32, 341, 613, 80007, 80008, 80014, 130429, 131056, 131048, 131064, 133016]],
    ['transient', [1, 2, 131000, 131016]],
    ['permission', [3, 10, 200, 210, 299, 131005]],
    ['absent', [33, 803]],
    ['blocked', [368, 131031]],
    ['no-token', [104, 2500]],
    ['not-installed', [412]],
    ['app-secret', [101]],
    ['bad-request', [100, 452, 3962]],
    ['unclear', [5, 199, 300, 4711]],
  ])('%s', (expected, codes) => {
    for (const code of codes) expect([code, fault(code)]).toEqual([code, expected]);
  });

  test.each<[number, object, Fault]>([
    [190, { error_subcode: 463 }, 'dead-token'],
    [190, { error_subcode: 466 }, 'dead-token'],
    [190, { error_subcode: 467 }, 'dead-token'],
    [190, { error_subcode: 4711 }, 'dead-token'],
    [190, { error_subcode: 459 }, 'held-token'],
    [190, { error_subcode: 493 }, 'held-token'],
    [190, { subcode: 490 }, 'held-token'],
    [190, { is_transient: true }, 'transient'],
    [4, { is_transient: true }, 'rate-limited'],
    [200, { is_transient: 'true' }, 'transient'],
    [190, { is_transient: false }, 'dead-token'],
    [100, { error_subcode: 33 }, 'absent'],
    [100, { message: 'Unsupported post request.' }, 'absent'],
    [100, { message: 'Invalid appsecret_proof provided in the API argument' }, 'app-secret'],
    [100, { message: 'API calls from the server require an appsecret_proof argument' }, 'app-secret'],
    [1, { message: 'Error validating client secret.' }, 'app-secret'],
    [100, { message: '(#100) You must provide an app access token, or a user access token' }, 'no-token'],
    [200, { message: 'Provide valid app ID' }, 'no-token'],
    [100, { message: 'App is not installed on this system user' }, 'not-installed'],
    [190, { message: 'The user has not installed the app' }, 'dead-token'],
  ])('%i %j is %s', (code, more, expected) => expect(fault(code, more)).toBe(expected));
});

describe('envelopes', () => {
  test('as lenient as they come', () => {
    expect(error('190', { error_subcode: '463', message: 7, is_transient: null })).toMatchObject({
      code: 190,
      error_subcode: 463,
      message: undefined,
      is_transient: undefined,
    });
  });

  test.each([
    null,
    true,
    'text',
    [],
    {},
    { error: null },
    { error: 'invalid_client' },
    { error: { code: 'x' } },
  ])('none in %j', (body) => expect(errorOf(body)).toBeNull());
});

describe('bodies', () => {
  test('an id of many digits keeps them, and the comma of Meta is forgiven', () => {
    expect(objectIdOf(parseBody('{"id":12345678901234567891,"a":[1,2,],}'))).toBe('12345678901234567891');
    expect(objectIdOf(parseBody('{"id":"12345678901234567891"}'))).toBe('12345678901234567891');
    expect(objectIdOf(parseBody('{"id":106540352242922}'))).toBe('106540352242922');
    expect(parseBody('{"a":1.5000000000000000000000,"b":-1e21,"c":"1234567890123456,}"}')).toEqual({
      a: 1.5,
      b: -1e21,
      c: '1234567890123456,}',
    });
  });

  test.each(['', '<html>', '{"access_token":"EAA', '{"a":"\\', '"'])('%j is none', (text) =>
    expect(parseBody(text)).toBeUndefined(),
  );

  test('any other JSON is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const plain = JSON.stringify(JSON.parse(text));
        fc.pre(!/\d{16}/.test(plain));
        expect(parseBody(plain)).toEqual(JSON.parse(plain));
      }),
    );
  });

  test('a long and hostile one is read in no time', () => {
    const started = performance.now();
    for (const text of [
      '"\\'.repeat(300_000),
      ','.repeat(600_000),
      `${'1'.repeat(600_000)}.`,
      '{"'.repeat(300_000),
    ]) {
      parseBody(text);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test.each<[unknown, boolean | null]>([
    [true, true],
    ['true', true],
    [{ success: true }, true],
    [{ success: 'true' }, true],
    [parseBody('{"success": "true",}'), true],
    [{ success: false }, false],
    [{ success: 'false' }, false],
    [false, false],
    [{}, null],
    [null, null],
    [{ success: 1 }, null],
    [undefined, null],
  ])('%j as success: %s', (body, expected) => expect(successOf(body)).toBe(expected));

  test.each<[unknown, string | null]>([
    [{ access_token: 'EAAx' }, 'EAAx'],
    [{ access_token: 'EAAx', token_type: 'bearer', expires_in: 'soon' }, 'EAAx'],
    [{ access_token: '' }, null],
    [{ access_token: 'EAA x' }, null],
    [{ access_token: 7 }, null],
    [{ data: { access_token: 'EAAx' } }, null],
    [true, null],
  ])('the token in %j', (body, expected) => expect(accessTokenOf(body)).toBe(expected));
});

describe('debug_token', () => {
  test('every field may be absent or odd', () => {
    expect(debugDataOf({ data: {} })).not.toBeNull();
    const data = debugDataOf(
      parseBody(
        '{"data":{"app_id":12345678901234567891,"user_id":104,"is_valid":"true","expires_at":"0","issued_at":null,"scopes":["a",7],"granular_scopes":[{"scope":"b","target_ids":[1]},3],"error":{}}}',
      ),
    );
    expect(data).toMatchObject({
      app_id: '12345678901234567891',
      user_id: '104',
      is_valid: true,
      expires_at: 0,
      issued_at: undefined,
      error: undefined,
    });
    expect(data === null ? null : scopesOf(data)).toEqual(['a', 'b']);
  });

  test('a time that is none is not known', () => {
    for (const expires_at of [-1, 1e15, 'soon', 1.5, null]) {
      expect(debugDataOf({ data: { expires_at } })?.expires_at).toBeUndefined();
    }
  });

  test.each([null, {}, { data: null }, { data: 'x' }, true])('nothing in %j', (body) =>
    expect(debugDataOf(body)).toBeNull(),
  );
});

describe('how long to stay away', () => {
  const buc = (minutes: unknown) =>
    JSON.stringify({
      '102': [{ type: 'whatsapp', estimated_time_to_regain_access: 0 }],
      '103': [
        { type: 'whatsapp_business_management', call_count: 100, estimated_time_to_regain_access: minutes },
      ],
    });

  test.each<[Record<string, string>, number | undefined, number | null]>([
    [{}, undefined, null],
    [{}, 5_000, 5_000],
    [{ 'x-business-use-case-usage': buc(7) }, undefined, 420_000],
    [{ 'x-business-use-case-usage': buc('7') }, undefined, 420_000],
    [{ 'x-business-use-case-usage': buc(1) }, 90_000, 90_000],
    [{ 'x-business-use-case-usage': buc(1e9) }, undefined, 86_400_000],
    [{ 'x-business-use-case-usage': buc('x') }, undefined, null],
    [{ 'x-business-use-case-usage': '<html>' }, undefined, null],
    [{ 'x-app-usage': '{"call_count":100,"total_time":25,"total_cputime":25}' }, undefined, 300_000],
    [{ 'x-app-usage': '{"call_count":28}' }, undefined, null],
    [{ 'x-app-usage': '[]' }, undefined, null],
  ])('%j with Retry-After %s: %s', (headers, retryAfter, expected) => {
    expect(stayAwayMs(new Headers(headers), retryAfter)).toBe(expected);
  });
});
