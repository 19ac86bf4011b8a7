import { describe, expect, it } from 'vitest';
import { DAY_MS, START, startHarness } from './harness.ts';

describe('refreshing a token', () => {
  it('answers a new token for 60 days, and the old one keeps its own expiry', async () => {
    const { refresh, simulator, pass, send } = await startHarness();
    const old = simulator.issue({ ageDays: 50, expiresInDays: 10 });
    const { status, body } = await refresh(old);
    expect(status).toBe(200);
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 5_183_944 });
    expect(body.access_token).not.toBe(old);
    expect(simulator.lookup(body.access_token)).toMatchObject({
      origin: 'exchange',
      expiresAt: START + 60 * DAY_MS - 56_000,
      scopes: simulator.lookup(old)?.scopes,
    });
    pass(10 * 86_400 - 1);
    expect((await send(old)).status).toBe(200);
    pass(1);
    expect((await send(old)).body.error.error_subcode).toBe(463);
    expect((await send(body.access_token)).status).toBe(200);
  });

  it('forfeits an expired token, and refuses dead, unknown, foreign and missing ones', async () => {
    const { refresh, call, simulator } = await startHarness();
    const { issue, kill, lookup, world } = simulator;
    const error = async (token: string) => (await refresh(token)).body.error;
    expect(await error(issue({ expiresInDays: -1 }))).toMatchObject({ code: 190, error_subcode: 463 });
    const dead = issue({ expiresInDays: 5 });
    kill(lookup(dead)?.id ?? '');
    expect(await error(dead)).toMatchObject({ code: 190 });
    expect(await error('EAANOTATOKEN')).toMatchObject({ code: 190 });
    expect(await error(issue({ expiresInDays: 5, appId: world.otherAppId }))).toMatchObject({ code: 100 });
    const query = { client_id: world.appId, client_secret: world.appSecret, grant_type: 'fb_exchange_token' };
    const missing = await call('GET', '/v25.0/oauth/access_token', { query });
    expect(missing.body.error).toMatchObject({ code: 100 });
  });

  it('reports a wrong app secret as error 1, never as a dead token', async () => {
    const { refresh, revoke, simulator } = await startHarness();
    const token = simulator.issue({ expiresInDays: 5 });
    for (const reply of [
      await refresh(token, { client_secret: 'wrong' }),
      await revoke(token, token, { client_secret: 'wrong' }),
    ]) {
      expect(reply.status).toBe(400);
      expect(reply.body.error).toMatchObject({ code: 1, type: 'OAuthException' });
    }
    expect((await refresh(token, { client_id: '1' })).body.error.code).toBe(101);
  });

  it('answers the app token to client_credentials, and wants a grant type it knows', async () => {
    const { call, simulator, appToken, refresh } = await startHarness();
    const { appId, appSecret } = simulator.world;
    const query = { client_id: appId, client_secret: appSecret, grant_type: 'client_credentials' };
    const { body } = await call('GET', '/v25.0/oauth/access_token', { query });
    expect(body).toEqual({ access_token: appToken(), token_type: 'bearer' });
    expect((await refresh('x', { grant_type: 'password' })).body.error.code).toBe(100);
    expect((await refresh('x', {}, 'DELETE')).body.error).toMatchObject({ code: 100, error_subcode: 33 });
  });
});

describe('revoking one token', () => {
  it('kills it at once and no other', async () => {
    const { revoke, simulator, send, debug } = await startHarness();
    const [old, next] = [simulator.issue({ ageDays: 100 }), simulator.issue()];
    const { status, body } = await revoke(old, next);
    expect([status, body]).toEqual([200, { success: true }]);
    expect((await send(old)).body.error).toMatchObject({ code: 190, type: 'OAuthException' });
    expect((await debug(old)).body.data.is_valid).toBe(false);
    expect((await send(next)).status).toBe(200);
    expect(simulator.lookup(old)).toMatchObject({ state: 'revoked', diedAt: START });
    await revoke(old, next);
    expect(simulator.lookup(old)?.diedAt).toBe(START);
  });

  it('wants one and the same app everywhere', async () => {
    const { revoke, simulator } = await startHarness();
    const { issue, lookup, world } = simulator;
    const [own, other] = [issue(), issue({ appId: world.otherAppId })];
    const otherClient = { client_id: world.otherAppId, client_secret: world.otherAppSecret };
    expect((await revoke(other, own)).body.error.code).toBe(100);
    expect((await revoke(own, other)).body.error.code).toBe(100);
    expect((await revoke(own, own, otherClient)).body.error.code).toBe(100);
    expect([own, other].map((token) => lookup(token)?.state)).toEqual(['live', 'live']);
    expect((await revoke(other, other, otherClient)).status).toBe(200);
  });

  it('wants a live caller and a token to revoke', async () => {
    const { revoke, call, simulator } = await startHarness();
    const { issue, kill, lookup, world } = simulator;
    const [dead, token] = [issue(), issue()];
    kill(lookup(dead)?.id ?? '');
    expect((await revoke(token, dead)).body.error.code).toBe(190);
    const query = { client_id: world.appId, client_secret: world.appSecret, access_token: token };
    expect((await call('GET', '/v25.0/oauth/revoke', { query })).body.error.code).toBe(100);
    expect((await revoke(token, '')).body.error.code).toBe(104);
    expect((await revoke(token, token, {}, 'DELETE')).body.error).toMatchObject({
      code: 100,
      error_subcode: 33,
    });
  });
});

describe('ending all tokens of a system user', () => {
  it('kills each, those of others not, and new ones can be made', async () => {
    const { invalidate, minted, send, simulator } = await startHarness();
    const { issue, world } = simulator;
    const [one, two, other] = [issue(), issue(), issue({ userId: world.secondUserId })];
    expect((await invalidate(world.systemUserId)).body).toBe(true);
    const statuses = await Promise.all([one, two, other].map(async (token) => (await send(token)).status));
    expect(statuses).toEqual([401, 401, 200]);
    expect((await send(await minted())).status).toBe(200);
  });

  it('kills its own caller too, and stays within the business', async () => {
    const { invalidate, mint, simulator } = await startHarness();
    const { world } = simulator;
    expect((await invalidate(world.foreignUserId)).body.error.code).toBe(200);
    expect((await invalidate('12345')).body.error.code).toBe(100);
    expect((await invalidate(world.adminUserId)).status).toBe(200);
    expect((await mint()).body.error.code).toBe(190);
  });
});
