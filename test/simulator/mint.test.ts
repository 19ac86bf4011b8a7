import { describe, expect, it } from 'vitest';
import { DAY_MS, MANAGEMENT, MESSAGING, proofOf, START, startHarness } from './harness.ts';

const INVALID_PROOF = {
  type: 'GraphMethodException',
  code: 100,
  message: 'Invalid appsecret_proof provided in the API argument',
};

describe('minting a token', () => {
  it('answers the token and nothing else', async () => {
    const { mint, simulator } = await startHarness();
    const { status, body, headers } = await mint();
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['access_token']);
    expect(body.access_token).toMatch(/^EAASIMULATED[A-Za-z0-9]{170,}$/);
    expect(body.access_token.length).toBeGreaterThanOrEqual(180);
    expect(headers.get('x-simulator')).toBe('keyturn');
    expect(headers.get('facebook-api-version')).toBe('v25.0');
    expect(simulator.lookup(body.access_token)).toMatchObject({
      origin: 'mint',
      delivered: true,
      expiresAt: null,
    });
  });

  it('makes a token that lives slightly under 60 days, on request', async () => {
    const { minted, simulator, pass, send } = await startHarness();
    const token = await minted({ set_token_expires_in_60_days: 'true' });
    expect(simulator.lookup(token)?.expiresAt).toBe(START + 60 * DAY_MS - 56_000);
    pass(60 * 86_400 - 57);
    expect((await send(token)).status).toBe(200);
    pass(1);
    expect((await send(token)).body.error).toMatchObject({ code: 190, error_subcode: 463 });
  });

  it('leaves earlier tokens alone, and makes another string each time', async () => {
    const { minted, send } = await startHarness();
    const [one, two] = [await minted(), await minted()];
    expect(one).not.toBe(two);
    expect((await send(one)).status).toBe(200);
  });

  it('takes parameters from the query, a form and a multipart form, but not from JSON', async () => {
    const { call, simulator } = await startHarness();
    const { adminToken, appId, appSecret, systemUserId } = simulator.world;
    const path = `/v25.0/${systemUserId}/access_tokens`;
    const appsecret_proof = proofOf(appSecret, adminToken);
    const fields = { business_app: appId, scope: MESSAGING, appsecret_proof };
    expect((await call('POST', path, { query: fields, bearer: adminToken })).status).toBe(200);
    expect((await call('POST', path, { form: fields, bearer: adminToken })).status).toBe(200);
    const body = new FormData();
    for (const [name, value] of Object.entries({ ...fields, access_token: adminToken }))
      body.set(name, value);
    expect((await fetch(simulator.url + path, { method: 'POST', body })).status).toBe(200);
    const byJson = await call('POST', path, { json: fields, bearer: adminToken });
    expect(byJson.body.error.message).toMatch(/appsecret_proof/);
  });

  it('takes scopes as a list with commas or as JSON, once each', async () => {
    const { minted, simulator } = await startHarness();
    for (const scope of [
      `${MANAGEMENT}, ${MESSAGING},${MESSAGING}`,
      JSON.stringify([MANAGEMENT, MESSAGING]),
    ]) {
      expect(simulator.lookup(await minted({ scope }))?.scopes).toEqual([MANAGEMENT, MESSAGING]);
    }
  });

  it('refuses unknown and missing scopes, and a missing or unknown app', async () => {
    const { mint } = await startHarness();
    expect((await mint({ scope: `${MESSAGING},root` })).body.error.code).toBe(3962);
    expect((await mint({ scope: '' })).body.error).toMatchObject({ code: 100 });
    expect((await mint({ business_app: '' })).body.error).toMatchObject({ code: 100 });
    expect((await mint({ business_app: '1' })).body.error).toMatchObject({ code: 100 });
  });

  it('refuses another business, another app, an unknown user, an app as caller', async () => {
    const { mint, simulator, appToken } = await startHarness();
    const { world, issue } = simulator;
    expect((await mint({}, undefined, world.foreignUserId)).body.error.code).toBe(200);
    expect((await mint({}, undefined, '12345')).body.error).toMatchObject({ code: 100, error_subcode: 33 });
    const other = issue({ userId: world.adminUserId, appId: world.otherAppId });
    const ofOtherApp = await mint({ appsecret_proof: proofOf(world.otherAppSecret, other) }, other);
    expect(ofOtherApp.body.error).toMatchObject(INVALID_PROOF);
    expect((await mint({}, appToken())).body.error.code).toBe(200);
  });

  it('refuses a dead caller with 190 and makes nothing', async () => {
    const { mint, simulator } = await startHarness();
    simulator.kill('key-1');
    expect((await mint()).body.error).toMatchObject({ code: 190, type: 'OAuthException' });
    expect(simulator.keys()).toHaveLength(1);
  });

  it('needs the app to be installed, and sees an install', async () => {
    const { mint, install, simulator } = await startHarness({ switches: { appInstalled: false } });
    expect((await mint()).body.error.code).toBe(412);
    expect((await install()).status).toBe(200);
    expect((await install()).status).toBe(200);
    expect((await mint()).status).toBe(200);
    expect((await mint({}, undefined, simulator.world.secondUserId)).body.error.code).toBe(412);
  });

  it('does not install across businesses, for unknown apps or users', async () => {
    const { install, call, simulator } = await startHarness();
    const { foreignUserId, systemUserId, adminToken } = simulator.world;
    expect((await install(foreignUserId)).body.error.code).toBe(200);
    expect((await install('12345')).body.error.code).toBe(100);
    const path = `/v25.0/${systemUserId}/applications`;
    expect((await call('POST', path, { bearer: adminToken })).body.error.code).toBe(100);
    expect((await call('POST', path)).body.error.code).toBe(104);
  });
});

describe('appsecret_proof', () => {
  it('is HMAC-SHA256 of the token under the app secret', () => {
    const vector = '751c15abbdb90f81415b11b21396d338bc185878789c386aa590704207aba2a8';
    expect(proofOf('app-secret', 'TOKEN')).toBe(vector);
  });

  it('is demanded, and refused when it is wrong', async () => {
    const { mint, call, simulator } = await startHarness();
    const { adminToken, appId, otherAppSecret, systemUserId } = simulator.world;
    const wrong = await mint({ appsecret_proof: proofOf(otherAppSecret, adminToken) });
    expect(wrong.status).toBe(400);
    expect(wrong.body.error).toMatchObject(INVALID_PROOF);
    const form = { business_app: appId, scope: MESSAGING, access_token: adminToken };
    const missing = await call('POST', `/v25.0/${systemUserId}/access_tokens`, { form });
    expect(missing.body.error).toMatchObject({
      code: 100,
      type: 'GraphMethodException',
      message: 'API calls from the server require an appsecret_proof argument',
    });
    expect(missing.body.error).not.toHaveProperty('error_subcode');
  });

  it('is checked on any call that carries it', async () => {
    const { readPhone, simulator } = await startHarness();
    const reply = await readPhone(simulator.issue(), { appsecret_proof: 'a'.repeat(64) });
    expect(reply.body.error).toMatchObject(INVALID_PROOF);
  });

  it('is good for five minutes in its timed form', async () => {
    const { mint, simulator } = await startHarness();
    const { appSecret, adminToken } = simulator.world;
    const timed = (seconds: number) => {
      const appsecret_time = String(START / 1000 + seconds);
      return mint({ appsecret_time, appsecret_proof: proofOf(appSecret, `${adminToken}|${appsecret_time}`) });
    };
    expect((await timed(0)).status).toBe(200);
    expect((await timed(-300)).status).toBe(200);
    expect((await timed(-301)).body.error).toMatchObject(INVALID_PROOF);
    expect((await timed(301)).body.error).toMatchObject(INVALID_PROOF);
    const untimed = await mint({ appsecret_time: String(START / 1000) });
    expect(untimed.body.error).toMatchObject(INVALID_PROOF);
  });

  it('follows a reset of the app secret', async () => {
    const { mint, simulator } = await startHarness();
    const { adminToken, appSecret: old } = simulator.world;
    const secret = simulator.resetAppSecret();
    expect((await mint({ appsecret_proof: proofOf(old, adminToken) })).body.error).toMatchObject(
      INVALID_PROOF,
    );
    expect((await mint({ appsecret_proof: proofOf(secret, adminToken) })).status).toBe(200);
    expect(simulator.world.appSecret).toBe(secret);
  });
});
