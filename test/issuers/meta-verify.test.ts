import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import {
  type Answer,
  DAY_S,
  type GraphServer,
  graphError,
  NOW_S,
  type Override,
  startGraphServer,
} from './meta-graph-server.ts';
import { failed, issuerOn, only, SCOPES, says } from './meta-harness.ts';

const { signal } = new AbortController();
let graph: GraphServer;

beforeEach(async () => {
  graph = await startGraphServer();
  onTestFinished(() => graph.close());
});

const verify = (token: string, changed: object = {}) =>
  issuerOn(graph, changed).verify(Secret.of(token), signal);

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

  test.each<[string, object, object]>([
    ['whose it is, strictly', { user_id: undefined }, { strictIdentity: true }],
    ['which permissions it has, strictly', { scopes: undefined }, { strictScopes: true }],
    ['the name of one permission, strictly', { scopes: [...SCOPES, 'two words'] }, { strictScopes: true }],
  ])('could not tell where Meta does not say %s', async (_, changed, settings) => {
    graph.override = debugs(changed);
    expect((await verify(graph.token(), settings)).verdict).toBe('unknown');
    expect((await verify(graph.token())).verdict).toBe('works');
  });

  test('a secret in the place of a permission is not repeated', async () => {
    graph.override = debugs({ scopes: [...SCOPES, graph.appSecret] });
    expect(JSON.stringify(await verify(graph.token()))).not.toContain(graph.appSecret);
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
    [
      'debug valid with a status of failure',
      { ...debug(valid), status: 500 },
      { body: { id: '106540352242922' } },
    ],
    [
      'debug valid beside an error that cannot be read',
      { body: { data: valid, error: 'planted' } },
      { body: { id: '106540352242922' } },
    ],
    [
      'debug valid, but of no app',
      debug({ ...valid, app_id: undefined }),
      { body: { id: '106540352242922' } },
    ],
    [
      'debug valid, of an app that cannot be read',
      debug({ ...valid, app_id: { id: 1 } }),
      { body: { id: '106540352242922' } },
    ],
    ['debug dead with a status of failure', { ...debug(dead), status: 405 }, says(190)],
    [
      'live answers beside an error that cannot be read',
      debug(valid),
      { body: { id: '106540352242922', error: { message: 'planted' } } },
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

  test('what stands among the permissions and might be a secret is not shown', async () => {
    const secret = 'FakeOf43-characters_and-no-word-is-so-long';
    graph.override = only('debug', { body: { data: { scopes: ['ads_read', secret, '0'.repeat(32)] } } });
    expect(await described(graph.token())).toMatchObject({ scopes: ['ads_read'] });
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
