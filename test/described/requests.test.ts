import { beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { ADMIN, type Desk, json, MARK, openDesk, SECRET } from './desk.ts';

const { signal } = new AbortController();
let desk: Desk;

beforeEach(async () => {
  desk = await openDesk();
  desk.answer = json({ id: 'k1', secret: SECRET, keys: [] });
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const reply = { parts: { value: '/secret' }, id: '/id' };

describe('auth', () => {
  const current = Secret.of('cur_canary_0123456789abcdef');
  test.each([
    ['bearer', { bearer: 'env:ADMIN' }, `Bearer ${ADMIN}`],
    [
      'bearer of the key that is current',
      { bearer: '{current.value}' },
      'Bearer cur_canary_0123456789abcdef',
    ],
    ['basic', { basic: { user: 'account', password: 'env:ADMIN' } }, `Basic ${base64(`account:${ADMIN}`)}`],
    [
      'basic with nothing but a user',
      { basic: { user: 'env:ADMIN', password: '' } },
      `Basic ${base64(`${ADMIN}:`)}`,
    ],
    ['a header', { header: { name: 'authorization', prefix: 'App ', value: 'env:ADMIN' } }, `App ${ADMIN}`],
  ])('%s', async (_, auth, sent) => {
    await desk.issuer({ auth }).create?.({ mark: MARK, current, signal });
    expect(desk.seen[0]?.headers.authorization).toBe(sent);
  });

  test('a query parameter, on every page', async () => {
    let page = 0;
    desk.answer = (request, response) => {
      page += 1;
      json({ keys: [], next: page < 2 ? '/keys?page=2' : null })(request, response);
    };
    const list = { url: '/keys', items: '/keys', reply: { id: '/id' }, next: { url: '/next' } };
    await desk.issuer({ auth: { query: { name: 'token', value: 'env:ADMIN' } }, list }).list?.(signal);
    expect(desk.seen.map(({ url }) => url)).toEqual([`/keys?token=${ADMIN}`, `/keys?page=2&token=${ADMIN}`]);
  });

  test('none, where an operation says so', async () => {
    await desk.issuer({ create: { url: '/keys', auth: 'none', reply } }).create?.({ mark: MARK, signal });
    expect(desk.seen[0]?.headers.authorization).toBeUndefined();
  });

  test('without the key that is to ask, nothing is sent', async () => {
    const call = desk.issuer({ auth: { bearer: '{current.value}' } }).create?.({ mark: MARK, signal });
    await expect(call).rejects.toMatchObject({ code: 'REFUSED', ambiguous: false });
    expect(desk.seen).toEqual([]);
  });
});

describe('oauth2', () => {
  const oauth = (more = {}) => ({
    auth: { oauth2: { url: `${desk.url}/token`, clientId: 'me', clientSecret: 'env:ADMIN', ...more } },
  });
  const serve = (token: unknown, status = 200) => {
    desk.answer = (request, response) =>
      request.url === '/token'
        ? json(token, status)(request, response)
        : json({ id: 'k1', secret: SECRET, keys: [] })(request, response);
  };
  const asked = () => desk.seen.filter(({ url }) => url === '/token');

  test('fetches a token once while it lasts, and sends it', async () => {
    serve({ access_token: 'tok_1', expires_in: 3600 });
    const issuer = desk.issuer(oauth({ scope: 'keys' }));
    await issuer.create?.({ mark: MARK, signal });
    await issuer.list?.(signal);
    expect(asked()).toHaveLength(1);
    expect(asked()[0]?.headers.authorization).toBe(`Basic ${base64(`me:${ADMIN}`)}`);
    expect(asked()[0]?.body).toBe('grant_type=client_credentials&scope=keys');
    expect(desk.seen.at(-1)?.headers.authorization).toBe('Bearer tok_1');
  });

  test('fetches another where it does not last', async () => {
    serve({ access_token: 'tok_1', expires_in: 10 });
    const issuer = desk.issuer(oauth({ send: 'form' }));
    await issuer.list?.(signal);
    await issuer.list?.(signal);
    expect(asked()).toHaveLength(2);
    expect(asked()[0]?.body).toContain(`client_secret=${ADMIN}`);
  });

  test.each([
    [{}, 200, 'BAD_REPLY'],
    [{ error: 'invalid_client' }, 401, 'ADMIN_REFUSED'],
    [{}, 503, 'UNAVAILABLE'],
    [{}, 429, 'RATE_LIMITED'],
  ])('a token that does not come (%j, %i) means that no key was made', async (token, status, code) => {
    serve(token, status);
    const call = desk.issuer(oauth()).create?.({ mark: MARK, signal });
    await expect(call).rejects.toMatchObject({ code, ambiguous: false });
    expect(desk.seen.every(({ url }) => url === '/token')).toBe(true);
  });
});

describe('what is sent', () => {
  test('places are filled and encoded where they stand', async () => {
    const create = {
      url: '/x/{rotation.id}/keys?tag={secret.other}',
      headers: { 'X-Run': '{rotation.id}' },
      query: { q: 'a b {rotation.id}' },
      form: { name: 'keyturn {rotation.id}', policy: { allow: ['/read/{rotation.id}'] } },
      reply,
    };
    await desk.issuer({ secrets: { other: 'env:OTHER' }, create }).create?.({ mark: MARK, signal });
    const [seen] = desk.seen;
    expect(seen?.url).toBe(`/x/${MARK}/keys?tag=oth_canary_0123456789abcdef&q=a+b+${MARK}`);
    expect(seen?.headers['x-run']).toBe(MARK);
    expect(Object.fromEntries(new URLSearchParams(seen?.body))).toEqual({
      name: `keyturn ${MARK}`,
      policy: `{"allow":["/read/${MARK}"]}`,
    });
  });

  test('a part of the key in an address cannot leave its place', async () => {
    const issuer = desk.issuer({ revoke: { url: '/keys/{key.value}/off', method: 'POST' } });
    await issuer.revoke?.({ secret: Secret.of('a/../b?c#d'), role: 'old', signal });
    expect(desk.seen[0]?.url).toBe('/keys/a%2F..%2Fb%3Fc%23d/off');
    const call = issuer.revoke?.({ secret: Secret.of('..'), role: 'old', signal });
    await expect(call).rejects.toMatchObject({ code: 'BAD_VALUE', ambiguous: false });
    expect(desk.seen).toHaveLength(1);
  });

  test('JSON keeps numbers and truth, and the key that keyturn made is told', async () => {
    const issuer = desk.issuer({
      secret: { length: 24, alphabet: 'alphanumeric', requires: ['digit', 'upper', 'lower'] },
      create: {
        url: '/keys',
        json: { secret: '{key.value}', days: 90, on: true, list: [1] },
        reply: { id: '/id' },
      },
    });
    const secret = issuer.invent?.((bytes) => crypto.getRandomValues(new Uint8Array(bytes))) ?? Secret.of('');
    expect(secret.open()).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{24}$/);
    const facts = await issuer.register?.({ mark: MARK, secret, signal });
    expect(facts).toMatchObject({ issuerKeyId: 'k1' });
    expect(JSON.parse(desk.seen[0]?.body ?? '')).toEqual({
      secret: secret.open(),
      days: 90,
      on: true,
      list: [1],
    });
  });
});

describe('doctor hears of', () => {
  test('each address with a secret in it, and of refused credentials', async () => {
    desk.answer = json({}, 401);
    const checks = await desk
      .issuer({
        auth: { query: { name: 'token', value: 'env:ADMIN' } },
        revoke: { url: '/keys/{key.value}', method: 'DELETE' },
        verify: { url: `${desk.url}/me`, query: { key: '{key.value}' } },
      })
      .check?.(signal);
    expect(checks?.filter(({ ok }) => ok).map(({ name }) => name)).toEqual([
      'auth.query',
      'revoke.url',
      'verify.query',
    ]);
    expect(checks?.filter(({ ok }) => !ok)).toMatchObject([{ name: 'auth' }]);
    expect(JSON.stringify(checks)).not.toContain(ADMIN);
  });

  test('nothing, where all is well', async () => {
    const checks = await desk.issuer().check?.(signal);
    expect(checks).toEqual([
      { name: 'auth', ok: true, message: expect.stringContaining('accepted'), hint: '' },
    ]);
  });
});
