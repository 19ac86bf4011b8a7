import { describe, expect, it } from 'vitest';
import { MANAGEMENT, MESSAGING, START, startHarness } from './harness.ts';

describe('sending a message', () => {
  it('answers the id of a message, and counts it', async () => {
    const { send, simulator, pass } = await startHarness();
    const token = simulator.issue();
    expect((await send(token)).body).toEqual({
      messaging_product: 'whatsapp',
      contacts: [{ input: '+15550100', wa_id: '15550100' }],
      messages: [{ id: expect.stringMatching(/^wamid\.SIMULATED/) }],
    });
    pass(5);
    await send(token);
    expect(simulator.lookup(token)).toMatchObject({
      uses: 2,
      sends: 2,
      failedUses: 0,
      lastUsedAt: START + 5000,
    });
  });

  it('refuses a dead token with the 190 envelope, and counts that', async () => {
    const { send, simulator } = await startHarness();
    const token = simulator.issue();
    simulator.kill(simulator.lookup(token)?.id ?? '');
    const { status, body } = await send(token);
    expect(status).toBe(401);
    expect(body).toEqual({
      error: {
        message: expect.stringContaining('invalidated'),
        type: 'OAuthException',
        code: 190,
        is_transient: false,
        fbtrace_id: expect.stringMatching(/^A\w{22}$/),
      },
    });
    expect(simulator.lookup(token)).toMatchObject({ state: 'killed', uses: 0, failedUses: 1, sends: 0 });
  });

  it('wants the messaging permission, a number that exists, a message that is one', async () => {
    const { send, call, simulator } = await startHarness();
    const { issue, world } = simulator;
    expect((await send(issue({ scopes: [MANAGEMENT] }))).body.error.code).toBe(200);
    const token = issue();
    const unknown = await call('POST', '/v25.0/12345/messages', { bearer: token, json: {} });
    expect(unknown.body.error).toMatchObject({ code: 100, error_subcode: 33 });
    const path = `/v25.0/${world.phoneNumberId}/messages`;
    const nobody = await call('POST', path, { bearer: token, json: { messaging_product: 'whatsapp' } });
    expect(nobody.body.error).toMatchObject({ code: 100, error_data: { details: 'to is required' } });
    expect(simulator.lookup(token)?.sends).toBe(0);
    const stranger = issue({ userId: world.foreignUserId });
    expect((await send(stranger)).body.error.code).toBe(200);
  });
});

describe('harmless reads', () => {
  it('answers the fields of a phone number that are asked for, and always its id', async () => {
    const { readPhone, simulator } = await startHarness();
    const token = simulator.issue();
    expect((await readPhone(token)).body).toEqual({
      id: simulator.world.phoneNumberId,
      display_phone_number: expect.any(String),
      verified_name: expect.any(String),
      quality_rating: 'GREEN',
    });
    const named = await readPhone(token, { fields: 'verified_name' });
    expect(Object.keys(named.body)).toEqual(['verified_name', 'id']);
    expect((await readPhone(token, { fields: 'owner' })).body.error.code).toBe(100);
  });

  it('answers the WhatsApp account to those who may manage it', async () => {
    const { call, simulator } = await startHarness();
    const { issue, world } = simulator;
    const path = `/v25.0/${world.wabaId}`;
    const query = { fields: 'id,name' };
    const { body, headers } = await call('GET', path, { bearer: issue(), query });
    expect(body).toEqual({ id: world.wabaId, name: expect.any(String) });
    expect(JSON.parse(headers.get('x-business-use-case-usage') ?? '')).toHaveProperty(world.wabaId);
    const messagingOnly = await call('GET', path, { bearer: issue({ scopes: [MESSAGING] }) });
    expect(messagingOnly.body.error.code).toBe(200);
  });

  it('lists phone numbers in pages; the link to the next one holds the token', async () => {
    const { call, simulator } = await startHarness();
    const { issue, world } = simulator;
    const token = issue();
    const path = `/v25.0/${world.wabaId}/phone_numbers`;
    const first = await call('GET', path, { bearer: token, query: { limit: '1', fields: 'id' } });
    expect(first.body.data).toEqual([{ id: world.phoneNumberId }]);
    expect(first.body.paging.next).toContain(token);
    const { after } = first.body.paging.cursors;
    const second = await call('GET', path, { bearer: token, query: { limit: '1', after, fields: 'id' } });
    expect(second.body.data).toEqual([{ id: world.secondPhoneNumberId }]);
    expect(second.body.paging.next).toBeUndefined();
    const followed = await fetch(first.body.paging.next);
    expect(followed.status).toBe(200);
  });

  it('answers who calls, what it may do, and which app listens', async () => {
    const { call, simulator, appToken } = await startHarness();
    const { issue, world } = simulator;
    const bearer = issue();
    expect((await call('GET', '/v25.0/me', { bearer })).body).toMatchObject({ id: world.systemUserId });
    expect((await call('GET', `/v25.0/${world.systemUserId}`, { bearer })).status).toBe(200);
    expect((await call('GET', '/v25.0/me', { bearer: appToken() })).body).toMatchObject({ id: world.appId });
    expect((await call('GET', '/v25.0/me/permissions', { bearer })).body.data).toEqual([
      { permission: MANAGEMENT, status: 'granted' },
      { permission: MESSAGING, status: 'granted' },
    ]);
    const apps = await call('GET', `/v25.0/${world.wabaId}/subscribed_apps`, { bearer });
    expect(apps.body.data[0].whatsapp_business_api_data).toMatchObject({ id: world.appId });
    const elsewhere = await call('GET', '/v25.0/12345/subscribed_apps', { bearer });
    expect(elsewhere.body.error.code).toBe(100);
  });

  it('does not list tokens, and does not know other methods', async () => {
    const { call, simulator } = await startHarness();
    const { adminToken: bearer, systemUserId } = simulator.world;
    for (const [method, path] of [
      ['GET', `/v25.0/${systemUserId}/access_tokens`],
      ['PUT', `/v25.0/${systemUserId}/access_tokens`],
      ['POST', `/v25.0/${systemUserId}/ads_access_token`],
      ['DELETE', `/v25.0/${systemUserId}`],
      ['GET', '/'],
    ] as const) {
      const { status, body } = await call(method, path, { bearer });
      expect([method, path, status, body.error.code]).toEqual([method, path, 400, 100]);
    }
  });
});

describe('versions', () => {
  it('says which one served; ended ones are served by the oldest living, future ones by none', async () => {
    const { call, simulator } = await startHarness();
    const bearer = simulator.issue();
    const served = async (path: string) =>
      (await call('GET', path, { bearer })).headers.get('facebook-api-version');
    expect(await served('/v26.0/me')).toBe('v26.0');
    expect(await served('/v21.0/me')).toBe('v21.0');
    expect(await served('/v20.0/me')).toBe('v21.0');
    expect(await served('/v3.1/me')).toBe('v21.0');
    expect(await served('/me')).toBe('v25.0');
    expect((await call('GET', '/v99.0/me', { bearer })).body.error.code).toBe(2500);
  });
});

describe('what every reply carries', () => {
  it('says that it is simulated', async () => {
    const { call, simulator } = await startHarness();
    for (const path of [
      '/v25.0/me',
      '/v25.0/debug_token',
      '/',
      '/_simulator/state',
      '/%zz//',
      '/_simulator/none',
    ]) {
      const { headers } = await call('GET', path);
      expect([path, headers.get('x-simulator')]).toEqual([path, 'keyturn']);
    }
    expect(simulator.url).toBe(`http://127.0.0.1:${simulator.port}`);
  });
});
