import { describe, expect, it } from 'vitest';
import { DAY_MS, MANAGEMENT, MESSAGING, START, startHarness } from './harness.ts';

describe('debug_token', () => {
  it('describes a living token', async () => {
    const { debug, simulator } = await startHarness();
    const { world, issue } = simulator;
    const { status, body } = await debug(issue({ ageDays: 10, expiresInDays: 50 }));
    expect(status).toBe(200);
    expect(body.data).toEqual({
      app_id: world.appId,
      type: 'SYSTEM_USER',
      application: world.appName,
      data_access_expires_at: 0,
      expires_at: (START + 50 * DAY_MS) / 1000,
      is_valid: true,
      issued_at: (START - 10 * DAY_MS) / 1000,
      scopes: [MANAGEMENT, MESSAGING],
      granular_scopes: [
        { scope: MANAGEMENT, target_ids: [world.wabaId] },
        { scope: MESSAGING, target_ids: [world.wabaId] },
      ],
      user_id: world.systemUserId,
    });
  });

  it('says 0 for never, and names no targets for an admin: everything', async () => {
    const { debug, simulator } = await startHarness();
    const { data } = (await debug(simulator.world.adminToken)).body;
    expect(data.expires_at).toBe(0);
    expect(data.granular_scopes[0]).toEqual({ scope: 'business_management' });
    const employee = simulator.issue({ scopes: ['business_management', 'ads_read'] });
    expect((await debug(employee)).body.data.granular_scopes).toEqual([
      { scope: 'business_management', target_ids: [simulator.world.businessId] },
      { scope: 'ads_read' },
    ]);
  });

  it('says with status 200 that a token has expired, when, and what time it is', async () => {
    const { debug, simulator } = await startHarness();
    const { status, body } = await debug(simulator.issue({ expiresInDays: -1 }));
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      app_id: simulator.world.appId,
      user_id: simulator.world.systemUserId,
      type: 'SYSTEM_USER',
      is_valid: false,
      expires_at: (START - DAY_MS) / 1000,
      scopes: [MANAGEMENT, MESSAGING],
      error: {
        code: 190,
        subcode: 463,
        message:
          'Error validating access token: Session has expired on Saturday, 21-Nov-26 04:00:00 PST. ' +
          'The current time is Sunday, 22-Nov-26 04:00:00 PST.',
      },
    });
  });

  it('says with status 200 that a token was revoked, is none, or belongs to another app', async () => {
    const { debug, revoke, simulator } = await startHarness({ switches: { revokeSubcode: 466 } });
    const { issue, world } = simulator;
    const dead = issue();
    await revoke(dead, world.adminToken);
    const ofDead = await debug(dead);
    expect(ofDead.status).toBe(200);
    expect(ofDead.body.data).toMatchObject({ is_valid: false, error: { code: 190, subcode: 466 } });
    expect(ofDead.body.data.error.message).toMatch(/invalidated explicitly using an API call/);
    expect((await debug('EAANOTATOKEN')).body.data).toEqual({
      error: { code: 190, message: expect.stringContaining('Cannot parse access token') },
      is_valid: false,
      scopes: [],
    });
    const ofOther = await debug(issue({ appId: world.otherAppId }));
    expect(ofOther.body.data).toMatchObject({ is_valid: false, error: { code: 100 } });
  });

  it('takes the app token as caller, in the query too, and nobody else', async () => {
    const { call, debug, simulator, appToken } = await startHarness();
    const { issue, world } = simulator;
    const token = issue();
    const query = { input_token: token, access_token: appToken() };
    expect((await call('GET', '/v25.0/debug_token', { query })).body.data.is_valid).toBe(true);
    for (const caller of [token, world.adminToken]) {
      const reply = await debug(token, caller);
      expect(reply.status).toBe(400);
      expect(reply.body.error).toMatchObject({
        code: 100,
        message: expect.stringContaining('app access token'),
      });
    }
    const bare = await call('GET', '/v25.0/debug_token', { query: { input_token: token } });
    expect([bare.status, bare.body.error.code]).toEqual([400, 100]);
  });

  it('refuses a wrong app secret at the top level, with status 400', async () => {
    const { debug, simulator, appToken } = await startHarness();
    const { issue, world, resetAppSecret } = simulator;
    const old = appToken();
    for (const caller of [`${world.appId}|wrong`, `1|${world.appSecret}`]) {
      const reply = await debug(issue(), caller);
      expect([reply.status, reply.body.error.code, reply.body.data]).toEqual([400, 190, undefined]);
    }
    resetAppSecret();
    expect((await debug(issue(), old)).body.error.code).toBe(190);
    expect((await debug(issue())).body.data.is_valid).toBe(true);
  });

  it('is for GET only, and wants a token to inspect', async () => {
    const { call, appToken, simulator } = await startHarness();
    const form = { input_token: simulator.issue(), access_token: appToken() };
    const posted = await call('POST', '/v25.0/debug_token', { form });
    expect(posted.status).toBe(400);
    expect(posted.body.error).toMatchObject({ code: 100, error_subcode: 33 });
    expect(posted.body.error.message).toMatch(/^Unsupported post request/);
    const bare = await call('GET', '/v25.0/debug_token', { bearer: appToken() });
    expect(bare.body.error.code).toBe(100);
  });

  it('describes an app token', async () => {
    const { debug, appToken, simulator } = await startHarness();
    const { data } = (await debug(appToken())).body;
    expect(data).toMatchObject({ type: 'APP', is_valid: true, app_id: simulator.world.appId });
  });

  it('is no use of the token', async () => {
    const { debug, simulator } = await startHarness();
    const token = simulator.issue();
    await debug(token);
    expect(simulator.lookup(token)).toMatchObject({ uses: 0, lastUsedAt: null });
  });
});
