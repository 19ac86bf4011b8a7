import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { checkShape } from '../../src/issuers/meta/shape.ts';
import {
  type Answer,
  type Call,
  DAY_S,
  freshToken,
  type GraphServer,
  graphError,
  NOW_S,
  type Override,
  type Route,
  startGraphServer,
} from './meta-graph-server.ts';
import { issuerOn, SCOPES } from './meta-harness.ts';

const { signal } = new AbortController();
const EXCHANGE = { mode: 'exchange', adminToken: undefined };
let graph: GraphServer;

beforeEach(async () => {
  graph = await startGraphServer();
  onTestFinished(() => graph.close());
});

/** One route answers as told, the others as usual. */
const only =
  (route: Route, answer: Answer | ((...of: Parameters<Override>) => Answer | null)): Override =>
  (call, usual) => {
    if (call.route !== route) return null;
    return typeof answer === 'function' ? answer(call, usual) : answer;
  };
const says = (code: number, subcode?: number, status = 400, message?: string): Answer => ({
  status,
  body: graphError(code, subcode, message),
});
const create = (changed: object = {}, current?: Secret) => {
  const made = issuerOn(graph, changed).create?.({
    mark: 'r1.1',
    signal,
    ...(current === undefined ? {} : { current }),
  });
  if (made === undefined) throw new Error('no create');
  return made;
};
const failed = async (doing: Promise<unknown> | undefined): Promise<KeyturnError> => {
  const error = await Promise.resolve(doing).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KeyturnError);
  const own = error as KeyturnError;
  expect(own.message + JSON.stringify(own)).not.toContain('planted');
  return own;
};
const verify = (token: string, changed: object = {}) =>
  issuerOn(graph, changed).verify(Secret.of(token), signal);
const revoke = (target: string, caller?: string, changed: object = {}) =>
  issuerOn(graph, changed).revoke?.({
    secret: Secret.of(target),
    role: 'old',
    signal,
    ...(caller === undefined ? {} : { caller: Secret.of(caller) }),
  });

describe('minting', () => {
  test('asks as documented, with every secret outside of the address', async () => {
    const { secret, facts } = await create();
    const [call] = graph.callsTo('mint');
    expect(call).toMatchObject({
      method: 'POST',
      path: `/v25.0/${graph.systemUserId}/access_tokens`,
      bearer: null,
      query: {},
      params: {
        access_token: graph.adminToken,
        business_app: graph.appId,
        scope: SCOPES.join(','),
        set_token_expires_in_60_days: 'true',
        appsecret_proof: createHmac('sha256', graph.appSecret).update(graph.adminToken).digest('hex'),
      },
    });
    expect(facts).toEqual({
      identity: `${graph.appId}/${graph.systemUserId}`,
      fingerprints: secret.fingerprints(),
    });
    expect(graph.calls).toHaveLength(1);
  });

  test('without an expiry where none is wanted', async () => {
    await create({ expiring: false });
    expect(graph.callsTo('mint')[0]?.params).not.toHaveProperty('set_token_expires_in_60_days');
  });

  test('with the token in a header where the parameter is not seen', async () => {
    graph.override = only('mint', (call, usual) => (call.bearer === null ? says(104) : usual()));
    await create();
    expect(graph.callsTo('mint')).toHaveLength(2);
  });

  test.each<[string, Answer]>([
    ['412', says(412)],
    ['a word of it', says(100, undefined, 400, 'The app is not installed on this system user')],
    ['a permission', says(200, undefined, 403)],
    ['a wrong parameter', says(100)],
    ['an object that is not there', says(100, 33)],
    ['a de-authorised app', says(190, 458, 401)],
    ['a code that nobody knows', says(4711)],
  ])('installs the app where the refusal is %s', async (_, refusal) => {
    graph.installed = false;
    graph.override = only('mint', (__, usual) => (graph.installed ? usual() : refusal));
    await create();
    expect(graph.calls.map(({ route }) => route)).toEqual(['mint', 'install', 'mint']);
    expect(graph.callsTo('install')[0]?.params).toMatchObject({ business_app: graph.appId });
  });

  test.each([true, 'true', { success: true }, { success: 'true' }])(
    'takes %j for installed',
    async (body) => {
      graph.installed = false;
      graph.override = only('install', (_, usual) => ({ ...usual(), body: JSON.stringify(body) }));
      expect((await create()).secret.open()).toMatch(/^EAA/);
    },
  );

  test('says so where the installation is not seen yet, and that no key was made', async () => {
    graph.override = only('mint', says(412));
    const error = await failed(create());
    expect([error.code, error.ambiguous, error.detail.retryAfterMs]).toEqual(['UNAVAILABLE', false, 60_000]);
    expect(graph.callsTo('mint')).toHaveLength(2);
  });

  test('an installation that hangs leaves no key in doubt', async () => {
    graph.installed = false;
    graph.override = only('install', { wire: 'silent' });
    const error = await failed(create());
    expect([error.code, error.ambiguous]).toEqual(['TIMEOUT', false]);
  });

  test('the refusal of the mint counts where the installation is refused too', async () => {
    graph.override = (call) =>
      call.route === 'mint' ? says(200) : call.route === 'install' ? says(100) : null;
    expect(await failed(create())).toMatchObject({ code: 'DENIED', ambiguous: false });
  });

  test.each<[string, Answer, string, string?]>([
    ['a dead admin token', says(190, 463, 401), 'ADMIN_REFUSED', '190/463 trace AbcTrace_0-1'],
    ['the same without a subcode', says(190), 'ADMIN_REFUSED', '190 trace AbcTrace_0-1'],
    ['a checkpoint', says(190, 459), 'ADMIN_REFUSED'],
    ['a wrong proof', says(100, undefined, 400, 'Invalid appsecret_proof provided'), 'ADMIN_REFUSED'],
    ['no session', says(452), 'REFUSED'],
    ['an unknown scope', says(3962), 'REFUSED'],
    ['a policy', says(368, undefined, 403), 'REFUSED'],
    ['the limit of the app', says(4), 'RATE_LIMITED'],
    ['a limit of WhatsApp', says(80007, undefined, 429), 'RATE_LIMITED'],
    ['the other one', says(80008, undefined, 500), 'RATE_LIMITED'],
    ['an error with status 200', says(190, 463, 200), 'ADMIN_REFUSED'],
  ])('%s is a definite no', async (_, answer, code, remoteCode) => {
    graph.override = only('mint', answer);
    const error = await failed(create());
    expect([error.code, error.ambiguous]).toEqual([code, false]);
    if (remoteCode !== undefined) expect(error.detail.remoteCode).toBe(remoteCode);
  });

  test.each<[string, Answer, string]>([
    ['code 1', says(1, undefined, 500), 'UNAVAILABLE'],
    ['code 2', says(2, undefined, 503), 'UNAVAILABLE'],
    ['code 1 with status 400', says(1), 'UNAVAILABLE'],
    [
      'is_transient',
      { status: 400, body: graphError(100, undefined, '', { is_transient: true }) },
      'UNAVAILABLE',
    ],
    ['any other code with a 5xx', says(100, undefined, 500), 'UNAVAILABLE'],
    ['a page with 502', { status: 502, body: '<html>' }, 'UNAVAILABLE'],
    ['a page with 429', { status: 429, body: '<html>' }, 'UNAVAILABLE'],
    ['a page with 200', { body: '<html>' }, 'BAD_REPLY'],
    ['a page with 403', { status: 403, body: '<html>' }, 'BAD_REPLY'],
    ['success without a token', { body: { success: true } }, 'BAD_REPLY'],
    ['a token that is none', { body: { access_token: 'a b' } }, 'BAD_REPLY'],
    ['a cut reply', { body: { access_token: 'EAA'.repeat(50) }, wire: 'cut' }, 'BAD_REPLY'],
    ['a redirect', { status: 302, headers: { location: 'https://example.com/' } }, 'BAD_REPLY'],
    ['an error without a code', { status: 400, body: { error: { message: 'x' } } }, 'BAD_REPLY'],
    ['a reset', { wire: 'reset' }, 'UNREACHABLE'],
    ['silence', { wire: 'silent' }, 'TIMEOUT'],
  ])('%s leaves open whether there is a key', async (_, answer, code) => {
    graph.override = only('mint', answer);
    const error = await failed(create());
    expect([error.code, error.ambiguous]).toEqual([code, true]);
    expect(graph.calls).toHaveLength(1);
  });

  test('waits as the headers say', async () => {
    const usage = JSON.stringify({ '1': [{ type: 'whatsapp', estimated_time_to_regain_access: 12 }] });
    graph.override = only('mint', { ...says(80008), headers: { 'x-business-use-case-usage': usage } });
    expect((await failed(create())).detail.retryAfterMs).toBe(720_000);
  });

  test('a token that came is never lost, whatever came with it', async () => {
    const token = freshToken();
    graph.override = only('mint', { status: 500, body: { access_token: token, ...graphError(1) } });
    expect((await create()).secret.open()).toBe(token);
  });

  test('an admin token with a line break is named, and nothing is sent', async () => {
    const { adminToken, ...account } = graph;
    const issuer = issuerOn({ ...account, adminToken: `${adminToken}\n` });
    const error = await failed(issuer.create?.({ mark: 'r1.1', signal }));
    expect(error.code).toBe('BAD_VALUE');
    expect(error.message).toMatch(/^adminToken /);
    expect(graph.calls).toHaveLength(0);
  });
});

describe('exchanging', () => {
  test('trades the current token, with nothing secret in an address but the one that debug_token needs', async () => {
    const old = graph.token();
    const { secret } = await create(EXCHANGE, Secret.of(old));
    expect(graph.calls.map(({ route, method }) => `${method} ${route}`)).toEqual([
      'GET debug',
      'POST exchange',
    ]);
    expect(graph.callsTo('exchange')[0]).toMatchObject({
      query: {},
      params: {
        grant_type: 'fb_exchange_token',
        client_id: graph.appId,
        client_secret: graph.appSecret,
        set_token_expires_in_60_days: 'true',
        fb_exchange_token: old,
      },
    });
    expect(secret.open()).not.toBe(old);
    expect(graph.tokens.get(old)?.alive).toBe(true);
  });

  test('gives back the same token where Meta does', async () => {
    const old = graph.token();
    graph.override = only('exchange', { body: { access_token: old, expires_in: 'soon' } });
    expect((await create(EXCHANGE, Secret.of(old))).secret.open()).toBe(old);
  });

  test.each<[string, Answer]>([
    ['100/33', says(100, 33)],
    ['its words', says(100, undefined, 400, 'Unsupported post request.')],
    ['404', { status: 404, body: '<html>' }],
    ['405', { status: 405, body: '' }],
  ])('uses GET where POST is refused with %s', async (_, answer) => {
    graph.override = only('exchange', ({ method }, usual) => (method === 'POST' ? answer : usual()));
    await create(EXCHANGE, Secret.of(graph.token()));
    expect(graph.callsTo('exchange').map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  test.each<[string, () => string, RegExp]>([
    ['does not expire', () => graph.token({ expiresAt: 0 }), /does not expire/],
    ['is dead', () => graph.token({ alive: false }), /does not accept/],
    ['is unknown', freshToken, /does not accept/],
  ])('never a token that %s', async (_, token, message) => {
    const error = await failed(create(EXCHANGE, Secret.of(token())));
    expect([error.code, error.ambiguous]).toEqual(['REFUSED', false]);
    expect(error.message).toMatch(message);
    expect(graph.callsTo('exchange')).toHaveLength(0);
  });

  test('never where Meta does not say when the token expires, or whose it is', async () => {
    for (const data of [{ is_valid: true }, { is_valid: true, expires_at: 5, app_id: '1' }]) {
      graph.override = only('debug', { body: { data } });
      expect((await failed(create(EXCHANGE, Secret.of(graph.token())))).code).toBe('REFUSED');
    }
    expect(graph.callsTo('exchange')).toHaveLength(0);
  });

  test('a look that fails leaves no key in doubt', async () => {
    graph.override = only('debug', { status: 502, body: '<html>' });
    const error = await failed(create(EXCHANGE, Secret.of(graph.token())));
    expect([error.code, error.ambiguous]).toEqual(['UNAVAILABLE', false]);
  });

  test.each<[string, Answer, string, boolean]>([
    [
      'a wrong client secret',
      says(1, undefined, 400, 'Error validating client secret.'),
      'ADMIN_REFUSED',
      false,
    ],
    ['a dead token', says(190, 463), 'REFUSED', false],
    ['a limit', says(4), 'RATE_LIMITED', false],
    ['a fault', says(2), 'UNAVAILABLE', true],
    ['no token', { body: { token_type: 'bearer' } }, 'BAD_REPLY', true],
    ['a lost reply', { wire: 'reset' }, 'UNREACHABLE', true],
  ])('%s', async (_, answer, code, ambiguous) => {
    graph.override = only('exchange', answer);
    const error = await failed(create(EXCHANGE, Secret.of(graph.token())));
    expect([error.code, error.ambiguous]).toEqual([code, ambiguous]);
    expect(graph.callsTo('exchange')).toHaveLength(1);
  });

  test('there must be one to trade', async () => {
    expect((await failed(create(EXCHANGE))).hint).toMatch(/adopt/);
  });
});

describe('verify', () => {
  const debug = (data: object): Answer => ({ body: { data } });
  const debugs = (changed: object): Override =>
    only('debug', (_, usual) => {
      const { data } = usual().body as { data: object };
      return debug({ ...data, ...changed });
    });
  const valid = { app_id: '634974688087057', is_valid: true, scopes: SCOPES, expires_at: 0 };
  const dead = { is_valid: false, error: { code: 190, message: 'planted' } };

  test('works, with the facts that Meta has', async () => {
    expect(await verify(graph.token())).toEqual({
      verdict: 'works',
      findings: [],
      facts: {
        identity: `${graph.appId}/${graph.systemUserId}`,
        fingerprints: { value: expect.stringMatching(/^[0-9a-f]{16}$/) },
        issuedAt: new Date(NOW_S * 1000).toISOString(),
        expiresAt: new Date((NOW_S + 60 * DAY_S) * 1000).toISOString(),
        scopes: SCOPES,
      },
    });
    expect(graph.calls).toHaveLength(2);
    const [read] = graph.callsTo('read');
    expect(read?.query).not.toHaveProperty('access_token');
    expect(graph.callsTo('debug')[0]).toMatchObject({ bearer: `${graph.appId}|${graph.appSecret}` });
  });

  test('reads the number and the account where both are named', async () => {
    const checks = { phoneNumber: graph.phoneId, waba: Number(graph.wabaId) };
    expect((await verify(graph.token(), { checks })).verdict).toBe('works');
    expect(graph.callsTo('read').map(({ path }) => path.split('/').at(-1))).toEqual([
      graph.phoneId,
      graph.wabaId,
    ]);
  });

  test('asks as the app with the parameter, where the header is refused like a dead token', async () => {
    graph.override = only('debug', ({ bearer }, usual) => (bearer === null ? usual() : says(190)));
    expect((await verify(graph.token())).verdict).toBe('works');
  });

  test('asks with the token as a parameter where no header is seen', async () => {
    graph.override = (call, usual) => {
      if (call.bearer === null) return usual();
      return call.route === 'debug'
        ? says(100, undefined, 400, '(#100) You must provide an app access token')
        : says(200, undefined, 400, 'Provide valid app ID');
    };
    expect((await verify(graph.token())).verdict).toBe('works');
    expect(graph.calls).toHaveLength(4);
  });

  test.each<[string, object]>([
    ['no type, no issued_at, no granular_scopes', { type: undefined, issued_at: undefined }],
    ['numbers as text', { expires_at: '1765184000', issued_at: '1760000000', app_id: 634974688087057 }],
    [
      'scopes by granular_scopes alone',
      { scopes: undefined, granular_scopes: SCOPES.map((scope) => ({ scope })) },
    ],
    ['target_ids of both kinds', { granular_scopes: [{ scope: SCOPES[0], target_ids: [1, '2'] }] }],
  ])('tolerates %s', async (_, changed) => {
    graph.override = debugs(changed);
    expect(await verify(graph.token())).toMatchObject({ verdict: 'works', findings: [] });
  });

  test.each<[string, object, object, string, RegExp]>([
    ['another user', { user_id: '7' }, {}, 'other', /acts as 7/],
    ['a person', { type: 'USER' }, {}, 'other', /person/],
    ['no scopes', { scopes: undefined }, {}, 'other', /does not say which permissions/],
    ['more scopes', { scopes: [...SCOPES, 'business_management'] }, {}, 'extra-scope', /business_management/],
    ['no expiry', { expires_at: 0 }, {}, 'other', /does not expire/],
    ['another version', {}, { apiVersion: 'v24.0' }, 'version-drift', /v25\.0 where v24\.0/],
  ])('finds %s, and it works all the same', async (_, changed, settings, rule, message) => {
    graph.override = debugs(changed);
    if (_ === 'another version') graph.override = null;
    const verification = await verify(graph.token(), settings);
    expect(verification).toMatchObject({
      verdict: 'works',
      findings: [{ rule, message: expect.stringMatching(message) }],
    });
  });

  test.each<[string, object, object, string]>([
    ['a missing scope', { scopes: [SCOPES[0]] }, {}, 'scope-missing'],
    ['no scope at all', { scopes: [] }, {}, 'scope-missing'],
    ['an extra scope, strictly', { scopes: [...SCOPES, 'ads_read'] }, { strictScopes: true }, 'wrong-kind'],
    ['another user, strictly', { user_id: '7' }, { strictIdentity: true }, 'wrong-kind'],
    ['the token of a page', { type: 'PAGE' }, {}, 'wrong-kind'],
    ['another app', { app_id: '7' }, {}, 'wrong-kind'],
  ])('%s', async (_, changed, settings, why) => {
    graph.override = debugs(changed);
    expect(await verify(graph.token(), settings)).toMatchObject({ verdict: 'refused', why });
  });

  test.each<[string, Answer, string]>([
    ['the proof is refused', says(100, undefined, 400, 'Invalid appsecret_proof'), 'refused'],
    ['the token is refused', says(190), 'refused'],
    ['it works', { body: { id: '106540352242922' } }, 'unknown'],
    ['it is limited', says(4), 'unknown'],
  ])('where debug_token only hints at another app: %s', async (_, live, expected) => {
    const hint = { is_valid: false, error: { code: 100, message: 'planted' } };
    graph.override = ({ route }) => (route === 'debug' ? debug(hint) : live);
    const verification = await verify(graph.token());
    expect(verification.verdict).toBe(expected);
    if (verification.verdict === 'refused') expect(verification.why).toBe('wrong-kind');
  });

  const refused: readonly [string, Answer][] = [
    ['190 with 400', says(190)],
    ['190 with 401', says(190, 467, 401)],
    ['190/463', says(190, 463)],
    ['0', says(0, undefined, 401)],
    ['102', says(102)],
    ['467', says(467)],
  ];
  test.each(refused)('dead where both say so: %s', async (_, answer) => {
    graph.override = (call) => (call.route === 'debug' ? debug(dead) : call.route === 'read' ? answer : null);
    expect(await verify(graph.token())).toMatchObject({ verdict: 'refused', why: 'dead' });
  });

  test.each<[string, object]>([
    ['no error', { is_valid: false }],
    ['a subcode', { is_valid: false, error: { code: 190, subcode: 463, message: 'planted' } }],
    ['error_subcode', { is_valid: 'false', error: { code: '190', error_subcode: 467 } }],
    ['facts', { ...valid, is_valid: false, expires_at: 5, error: { code: 190 } }],
  ])('dead where debug_token says it with %s', async (_, data) => {
    graph.override = (call) => (call.route === 'debug' ? debug(data) : says(190));
    expect(await verify(graph.token())).toMatchObject({ verdict: 'refused', why: 'dead' });
  });

  test.each<[string, Answer, Answer]>([
    ['debug dead, live works', debug(dead), { body: { id: '106540352242922' } }],
    ['debug valid, live dead', debug(valid), says(190)],
    ['debug dead, live forbidden', debug(dead), says(200)],
    ['debug dead for a while', debug({ is_valid: false, error: { code: 190, subcode: 459 } }), says(190)],
    ['live dead for a while', debug(dead), says(190, 490)],
    [
      'live dead, but transient',
      debug(dead),
      { body: graphError(190, undefined, '', { is_transient: true }) },
    ],
    ['debug says nothing', debug({}), { body: { id: '106540352242922' } }],
    ['debug is a page', { status: 502, body: '<html>' }, says(190)],
    ['debug is limited', says(4), says(190)],
    ['live is limited', debug(valid), says(80007)],
    ['live is blocked', debug(valid), says(368)],
    ['live is absent', debug(valid), says(100, 33)],
    ['live is 803', debug(valid), says(803, undefined, 404)],
    ['live is a fault', debug(valid), says(2, undefined, 503)],
    ['live is a page', debug(valid), { body: '<html>' }],
    ['live answers another object', debug(valid), { body: { id: '7' } }],
    ['live answers nothing', debug(valid), { body: {} }],
    ['live hangs', debug(dead), { wire: 'silent' }],
    ['live is reset', debug(dead), { wire: 'reset' }],
    ['a wrong app secret, 190', says(190, undefined, 401), says(190)],
    ['a wrong app secret, 1', says(1, undefined, 400, 'Error validating client secret'), says(190)],
    ['a wrong app secret, 100', says(100), says(100, undefined, 400, 'Invalid appsecret_proof')],
  ])('could not tell: %s', async (_, answer, live) => {
    graph.override = (call) => (call.route === 'debug' ? answer : live);
    const verification = await verify(graph.token());
    expect(verification.verdict).toBe('unknown');
    expect(JSON.stringify(verification)).not.toContain('planted');
    if (_.startsWith('a wrong app secret')) expect(JSON.stringify(verification)).toContain('appSecret');
  });

  test.each([10, 200, 210, 3])('lives, but may not read: %i', async (code) => {
    graph.override = only('read', says(code, undefined, 403));
    expect(await verify(graph.token())).toMatchObject({ verdict: 'refused', why: 'scope-missing' });
  });

  test('a limit tells how long', async () => {
    graph.override = only('read', { ...says(4), headers: { 'retry-after': '90' } });
    expect(await verify(graph.token())).toMatchObject({ verdict: 'unknown', retryAfterMs: 90_000 });
    expect(graph.callsTo('read')).toHaveLength(1);
  });

  test('a passing fault is asked again', async () => {
    let times = 0;
    graph.override = only('debug', (_, usual) => (++times < 3 ? says(2, undefined, 503) : usual()));
    expect((await verify(graph.token())).verdict).toBe('works');
  });

  test('one number that answers and one that says dead disagree', async () => {
    graph.override = only('read', ({ path }, usual) => (path.endsWith(graph.wabaId) ? says(190) : usual()));
    const checks = { phoneNumber: graph.phoneId, waba: graph.wabaId };
    expect((await verify(graph.token(), { checks })).verdict).toBe('unknown');
  });

  test('what cannot be a token is not sent anywhere', async () => {
    expect(await verify('two words')).toMatchObject({ verdict: 'refused', why: 'wrong-kind' });
    expect(graph.calls).toHaveLength(0);
  });

  test('a missing app secret is a mistake in the configuration, not an answer', async () => {
    expect(
      (await failed(issuerOn({ ...graph, appSecret: '' }).verify(Secret.of(graph.token()), signal))).code,
    ).toBe('BAD_VALUE');
  });
});

describe('describe', () => {
  const described = (token: string) => issuerOn(graph).describe?.(Secret.of(token), signal);

  test('the living, the dead, and those of others', async () => {
    expect(await described(graph.token({ expiresAt: 0 }))).toMatchObject({ alive: true, expiresAt: null });
    expect(await described(graph.token({ alive: false }))).toMatchObject({ alive: false });
    graph.override = only('debug', { body: { data: { app_id: '7', is_valid: true } } });
    expect(await described(graph.token())).toBeNull();
    graph.override = only('debug', { body: { data: { scopes: ['a'] } } });
    expect(await described(graph.token())).toMatchObject({ alive: null, scopes: ['a'] });
  });

  test.each<[string, Answer, string]>([
    ['a wrong secret', says(190), 'ADMIN_REFUSED'],
    ['a limit', says(4), 'RATE_LIMITED'],
    ['a page', { body: '<html>' }, 'BAD_REPLY'],
    ['no data', { body: {} }, 'BAD_REPLY'],
  ])('%s is a failure, not an absence', async (_, answer, code) => {
    graph.override = only('debug', answer);
    expect((await failed(described(graph.token()))).code).toBe(code);
  });
});

describe('revoking', () => {
  test('as documented, by the new token', async () => {
    const [old, current] = [graph.token(), graph.token()];
    await revoke(old, current);
    expect(graph.calls).toHaveLength(1);
    expect(graph.calls[0]).toMatchObject({
      method: 'GET',
      path: '/v25.0/oauth/revoke',
      bearer: current,
      params: { client_id: graph.appId, client_secret: graph.appSecret, revoke_token: old },
    });
    expect([graph.tokens.get(old)?.alive, graph.tokens.get(current)?.alive]).toEqual([false, true]);
  });

  test.each(['true', '"true"', '{"success":true}', '{"success":"true"}', '{"success":"true",}'])(
    '%s is success',
    async (body) => {
      graph.override = only('revoke', { body });
      await revoke(graph.token(), graph.token());
      expect(graph.calls).toHaveLength(1);
    },
  );

  const callerOf = (call: Call) => call.bearer ?? call.params.access_token ?? '';
  const callersOf = () => graph.callsTo('revoke').map(callerOf);
  const refusing = (answer: Answer, from: readonly string[]): Override =>
    only('revoke', (call, usual) => (from.includes(callerOf(call)) ? answer : usual()));

  test.each<[string, Answer]>([
    ['a permission', says(200)],
    ['190', says(190)],
    ['100', says(100, undefined, 400, 'Invalid caller')],
    ['false', { body: { success: false } }],
  ])('goes on to the app, itself and the admin where the caller is refused with %s', async (_, answer) => {
    const [old, current] = [graph.token(), graph.token()];
    const app = `${graph.appId}|${graph.appSecret}`;
    graph.override = refusing(answer, [current, app, old]);
    await revoke(old, current);
    expect(new Set(callersOf())).toEqual(new Set([current, app, old, graph.adminToken]));
    expect(graph.tokens.get(old)?.alive).toBe(false);
    expect(graph.callsTo('debug')).toHaveLength(1);
  });

  test.each([says(104), says(190), says(200), says(100)])(
    'puts the caller where the sample has it: %j',
    async (answer) => {
      const [old, current] = [graph.token(), graph.token()];
      graph.override = only('revoke', ({ bearer }, usual) => (bearer === null ? usual() : answer));
      await revoke(old, current);
      expect(graph.callsTo('revoke').map(({ query }) => query.access_token)).toEqual([undefined, current]);
      expect(graph.tokens.get(old)?.alive).toBe(false);
    },
  );

  test('without a caller it begins with the app', async () => {
    const old = graph.token();
    await revoke(old);
    await revoke(old, old);
    expect(callersOf()[0]).toBe(`${graph.appId}|${graph.appSecret}`);
    expect(callersOf()[1]).toBe(`${graph.appId}|${graph.appSecret}`);
  });

  test('where nobody is heard and the token lives, it fails', async () => {
    const old = graph.token();
    graph.override = only('revoke', says(200));
    const error = await failed(revoke(old, graph.token()));
    expect(error.code).toBe('DENIED');
    expect(graph.callsTo('debug')).toHaveLength(1);
  });

  test.each<[string, Answer]>([
    ['190', says(190, 466)],
    ['100', says(100, undefined, 400, 'The token is not valid')],
    ['a code that nobody knows', says(4711)],
  ])('already dead is success, by the word of debug_token: %s', async (_, answer) => {
    graph.override = only('revoke', answer);
    await revoke(graph.token({ alive: false }), graph.token());
    await revoke(freshToken(), graph.token());
    expect(graph.callsTo('revoke')).toHaveLength(2);
  });

  test('a wrong app secret is never success', async () => {
    const issuer = issuerOn({ ...graph, appSecret: 'planted-wrong-secret' });
    const target = Secret.of(graph.token({ alive: false }));
    const error = await failed(issuer.revoke?.({ secret: target, role: 'old', signal }));
    expect(error.code).toBe('ADMIN_REFUSED');
    expect(error.hint).toContain('appSecret');
  });

  test.each<[string, Answer, string]>([
    ['a limit', says(4), 'RATE_LIMITED'],
    ['a fault', says(2, undefined, 503), 'UNAVAILABLE'],
    ['a page', { body: '<html>' }, 'BAD_REPLY'],
    ['nothing said', { body: {} }, 'BAD_REPLY'],
    ['a reset', { wire: 'reset' }, 'UNREACHABLE'],
    ['silence', { wire: 'silent' }, 'TIMEOUT'],
  ])('%s ends it, and nobody else is asked', async (_, answer, code) => {
    graph.override = only('revoke', answer);
    expect((await failed(revoke(graph.token(), graph.token()))).code).toBe(code);
    expect(new Set(callersOf()).size).toBe(1);
  });

  test('a token of another app is not ours to end', async () => {
    graph.override = (call) =>
      call.route === 'revoke' ? says(100) : { body: { data: { app_id: '7', is_valid: true } } };
    expect((await failed(revoke(graph.token(), graph.token()))).message).toMatch(/app 7/);
  });

  test('a lost value needs a person', async () => {
    expect((await failed(issuerOn(graph).revoke?.({ role: 'old', signal }))).code).toBe('PERSON');
  });
});

describe('shape', () => {
  test.each<[string, RegExp]>([
    [`Bearer ${'x'.repeat(40)}`, /the word Bearer/],
    [`EAA${'x'.repeat(40)} `, /spaces/],
    [`EAA${'x'.repeat(40)}\u0007`, /spaces, line breaks or characters/],
    [`EAA${'x'.repeat(40)}é`, /characters/],
    [`634974688087057|${'x'.repeat(32)}`, /app token/],
    ['0123456789abcdef'.repeat(2), /app secret/],
    [`SK${'0123456789abcdef'.repeat(2)}`, /key of a provider/],
    ['01234567-89ab-cdef-0123-456789abcdef', /key of a provider/],
    ['EAAshort', /shorter/],
    ['', /shorter/],
  ])('%j is none', (value, message) => {
    expect(() => checkShape(Secret.of(value))).toThrow(message);
    try {
      checkShape(Secret.of(value));
    } catch (error) {
      expect(error).toMatchObject({ code: 'BAD_VALUE', exitCode: 2 });
      if (value !== '')
        expect(`${(error as Error).message}${(error as KeyturnError).hint}`).not.toContain(value);
    }
  });

  test('several parts are none', () => {
    expect(() => checkShape(Secret.fromParts({ sid: 'a', secret: 'b' }))).toThrow(/several parts/);
  });

  test('anything else may be one', () => {
    for (const value of [freshToken(), 'x'.repeat(30), `EAAB${'-_.~'.repeat(20)}`])
      checkShape(Secret.of(value));
  });
});
