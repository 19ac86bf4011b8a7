import { describe, expect, it } from 'vitest';
import { startHarness } from './harness.ts';

describe('the control API', () => {
  it('tells the state without a secret', async () => {
    const { call, simulator, minted, send, debug, revoke } = await startHarness();
    const { world } = simulator;
    const token = await minted();
    await send(token);
    await debug(token);
    await call('GET', `/v25.0/${token}`, { bearer: token });
    await revoke(token, world.adminToken);
    const { status, body } = await call('GET', '/_simulator/state');
    expect(status).toBe(200);
    expect(body.keys[1]).toMatchObject({ id: 'key-2', state: 'revoked', uses: 2, sends: 1 });
    expect(body.requests.map((each: { kind: string }) => each.kind)).toEqual([
      'mint',
      'send',
      'debug',
      'read',
      'revoke',
    ]);
    expect(body.requests[0]).toMatchObject({
      n: 1,
      method: 'POST',
      status: 200,
      caller: 'key-1',
      made: 'key-2',
    });
    expect(body.switches.lifetimeDays).toBe(60);
    expect(body.world.appId).toBe(world.appId);
    const text = JSON.stringify([body, simulator.keys(), simulator.requests()]);
    for (const secret of [token, world.adminToken, world.appSecret, world.otherAppSecret, 'EAASIMULATED']) {
      expect(text).not.toContain(secret);
    }
  });

  it('sets switches, all or none', async () => {
    const { call, simulator } = await startHarness();
    const set = (json: unknown) => call('POST', '/_simulator/switches', { json });
    const { body } = await set({ statusFor190: 400, newTokenDelayS: '5', installResponse: true });
    expect(body.switches).toMatchObject({ statusFor190: 400, newTokenDelayS: 5, installResponse: 'true' });
    const refused = await set({ statusFor190: 401, nonsense: true });
    expect([refused.status, refused.body]).toEqual([400, { error: 'there is no switch "nonsense"' }]);
    expect(simulator.switches.statusFor190).toBe(400);
  });

  it('reads a body as JSON whatever its type is called, and refuses one that is none', async () => {
    const { simulator } = await startHarness();
    const post = (path: string, body: string) =>
      fetch(`${simulator.url}/_simulator/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      });
    expect((await post('switches', '{"statusFor190": 400}')).status).toBe(200);
    expect(simulator.switches.statusFor190).toBe(400);
    const refused = await post('issue', '{"ageDays": 100');
    expect([refused.status, await refused.json()]).toEqual([400, { error: 'the body is no JSON' }]);
  });

  it('adds faults, which strike Graph and never the control API', async () => {
    const { call, simulator } = await startHarness();
    const { status } = await call('POST', '/_simulator/faults', {
      json: [{ kind: 'read', nth: 1, fault: { type: 'html' } }, { fault: { type: 'error', code: 2 } }],
    });
    expect(status).toBe(200);
    expect((await call('GET', '/v25.0/me')).status).toBe(502);
    expect((await call('GET', '/v25.0/me')).status).toBe(500);
    expect((await call('GET', '/_simulator/state')).body.faults).toMatchObject([
      { struck: 1 },
      { struck: 1 },
    ]);
    expect((await call('DELETE', '/_simulator/faults')).body).toEqual({ faults: [] });
    expect(simulator.faults.rules()).toEqual([]);
  });

  it.each([
    ['nothing', 'a rule is an object with a fault'],
    [{ fault: { type: 'explode' } }, /fault.type is one of error, lost-before/],
    [{ fault: { type: 'error' } }, /needs code/],
    [{ fault: { type: 'delay', ms: -1 } }, 'ms is a whole number from 0'],
    [{ fault: { type: 'late', ms: 1, commit: true } }, /no field "commit"/],
    [{ fault: { type: 'html', status: 99 } }, 'status is from 200 to 599'],
    [{ kind: 'teapot', fault: { type: 'html' } }, /kind is one of mint/],
    [{ nth: 'first', fault: { type: 'html' } }, /nth is a number/],
    [{ probability: 2, fault: { type: 'html' } }, 'probability is from 0 to 1'],
    [{ when: 'now', fault: { type: 'html' } }, 'a rule has no field "when"'],
  ])('refuses the fault %j', async (json, problem) => {
    const { call, simulator } = await startHarness();
    const { status, body } = await call('POST', '/_simulator/faults', { json });
    expect(status).toBe(400);
    expect(body.error).toMatch(problem);
    expect(simulator.faults.rules()).toEqual([]);
  });

  it('issues tokens of any age, kills them, and resets the app secret', async () => {
    const { call, simulator, send } = await startHarness();
    const json = { ageDays: 100, expiresInDays: 2, userId: simulator.world.secondUserId };
    const { access_token } = (await call('POST', '/_simulator/issue', { json })).body;
    expect((await send(access_token)).status).toBe(200);
    const key = simulator.lookup(access_token);
    expect(key?.userId).toBe(simulator.world.secondUserId);
    expect((await call('POST', '/_simulator/kill', { json: { id: key?.id } })).status).toBe(200);
    expect((await send(access_token)).status).toBe(401);
    const { app_secret } = (await call('POST', '/_simulator/reset-app-secret')).body;
    expect(app_secret).toBe(simulator.world.appSecret);
    expect((await call('POST', '/_simulator/issue')).status).toBe(200);
  });

  it.each([
    ['issue', { userId: '1' }, 'there is no system user 1'],
    ['issue', { appId: '1' }, 'there is no app 1'],
    ['issue', { age: 1 }, 'issue has no field "age"'],
    ['issue', { ageDays: 'old' }, 'issue cannot take this ageDays'],
    ['kill', { id: 'key-9' }, 'there is no key "key-9"'],
    ['kill', {}, 'kill needs the id of a key'],
    ['explode', {}, 'the simulator has no POST explode'],
  ])('refuses to %s %j', async (operation, json, problem) => {
    const { call } = await startHarness();
    const { status, body } = await call('POST', `/_simulator/${operation}`, { json });
    expect([status, body]).toEqual([400, { error: problem }]);
  });
});
