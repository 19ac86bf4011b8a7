import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import {
  type Answer,
  type Call,
  freshToken,
  type GraphServer,
  type Override,
  startGraphServer,
} from './meta-graph-server.ts';
import { failed, issuerOn, only, says } from './meta-harness.ts';

const { signal } = new AbortController();
let graph: GraphServer;

beforeEach(async () => {
  graph = await startGraphServer();
  onTestFinished(() => graph.close());
});

const revoke = (target: string, caller?: string, changed: object = {}) =>
  issuerOn(graph, changed).revoke?.({
    secret: Secret.of(target),
    role: 'old',
    signal,
    ...(caller === undefined ? {} : { caller: Secret.of(caller) }),
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

  test.each<[string, Answer]>([
    ['with a status of failure', { status: 500, body: { success: true } }],
    ['beside an error that cannot be read', { body: { success: true, error: 'planted' } }],
  ])('success %s is none', async (_, answer) => {
    graph.override = only('revoke', answer);
    const error = await failed(revoke(graph.token(), graph.token()));
    expect(error.ambiguous).toBe(true);
  });

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
    expect(error.message).toMatch(/error 200.*nobody was heard.*adminToken$/);
    expect(error.hint).toContain('admin system user');
    expect(graph.callsTo('debug')).toHaveLength(1);
  });

  test('where nobody is heard and there is no admin token, it says what is left', async () => {
    graph.override = only('revoke', says(200));
    const changed = { mode: 'exchange', adminToken: undefined };
    const error = await failed(revoke(graph.token(), graph.token(), changed));
    expect(error.code).toBe('DENIED');
    expect(error.message).toContain('mode exchange has no adminToken');
    expect(error.hint).toMatch(/expires.*mode: mint/);
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
    const said = await issuer.verify(target, signal);
    expect(said).toMatchObject({ verdict: 'unknown', message: expect.stringContaining('appSecret is not') });
    const [check] = (await issuer.check?.(signal)) ?? [];
    expect(check).toMatchObject({ ok: false, message: expect.stringContaining('appSecret is not') });
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
    expect(new Set(callersOf()).size).toBe(code === 'UNAVAILABLE' ? 4 : 1);
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
