import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import {
  type Answer,
  freshToken,
  type GraphServer,
  graphError,
  startGraphServer,
} from './meta-graph-server.ts';
import { failed, issuerOn, only, SCOPES, says } from './meta-harness.ts';

const { signal } = new AbortController();
const EXCHANGE = { mode: 'exchange', adminToken: undefined };
let graph: GraphServer;

beforeEach(async () => {
  graph = await startGraphServer();
  onTestFinished(() => graph.close());
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

  test('once where a refusal has a token in it', async () => {
    const refusal = says(104);
    graph.override = only('mint', () => ({
      ...refusal,
      body: { ...(refusal.body as object), access_token: `EAA${'x'.repeat(40)}` },
    }));
    await create();
    expect(graph.callsTo('mint')).toHaveLength(1);
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

  test.each<[string, Answer]>([
    ['412', says(412)],
    ['an object that is not there', says(100, 33)],
    ['a de-authorised app', says(190, 458, 401)],
  ])('says so where the installation is not seen yet (%s), and that no key was made', async (_, answer) => {
    graph.override = only('mint', answer);
    const error = await failed(create());
    expect([error.code, error.ambiguous, error.detail.retryAfterMs]).toEqual(['UNAVAILABLE', false, 60_000]);
    expect(graph.callsTo('mint')).toHaveLength(2);
  });

  test.each<[string, Answer, string]>([
    ['an object that is not there', says(100, 33), 'REFUSED'],
    ['a de-authorised app', says(190, 458, 401), 'ADMIN_REFUSED'],
  ])('waits for no installation that was refused (%s)', async (_, answer, code) => {
    graph.override = (call) =>
      call.route === 'mint' ? answer : call.route === 'install' ? says(100, 33) : null;
    expect(await failed(create())).toMatchObject({ code, ambiguous: false });
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
