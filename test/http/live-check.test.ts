import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { Secret } from '../../src/core/secret.ts';
import { judge, liveCheck } from '../../src/http/live-check.ts';
import { liveCheckSettings } from '../../src/http/live-check-settings.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const PAGE = '<!doctype html><html><body>Sign in</body></html>';
const context = {
  now: () => Date.now(),
  sleep: () => Promise.resolve(),
  random: (bytes: number) => new Uint8Array(bytes),
};

let server: Server;
let base: string;
let answer: Answer;
let seen: { url: string; authorization: string | undefined; key: string | undefined }[];

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    const { authorization, 'x-key': key } = request.headers;
    seen.push({ url: request.url ?? '', authorization, key: key as string | undefined });
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const reply =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  };

const canary = () => randomBytes(16).toString('hex');

/** Runs one check with a fresh canary as the key, and searches all that comes out for it. */
async function check(
  more: Record<string, unknown> = {},
  key = canary(),
  signal = new AbortController().signal,
) {
  const settings = z.parse(liveCheckSettings, {
    url: `${base}/v1/me`,
    ...(Object.keys(more).some((name) => ['header', 'headers', 'query', 'basic', 'url'].includes(name))
      ? {}
      : { header: 'Authorization: Bearer {key.value}' }),
    ...more,
  });
  const result = await liveCheck(settings, Secret.of(key), context, signal).catch((error: unknown) => ({
    error,
  }));
  const out = inspect(result, { depth: 10, showHidden: true });
  expect(out).not.toContain(key);
  expect(out).not.toContain(Buffer.from(key).toString('base64').replaceAll('=', ''));
  expect(out).not.toContain('/v1/me');
  return result;
}

describe('what an answer means', () => {
  test.each([200, 204, 299])('%i works', async (status) => {
    answer = (_, response) => response.writeHead(status).end();
    expect(await check()).toEqual({ verdict: 'works', facts: {}, findings: [] });
  });

  test('401 is dead', async () => {
    answer = reply(401, { error: 'invalid key' });
    expect(await check()).toMatchObject({ verdict: 'refused', why: 'dead' });
  });

  test.each([400, 403, 404, 407, 408, 409, 418, 425, 429, 500, 502, 503, 504, 301, 302, 304, 307])(
    '%i says nothing of the key',
    async (status) => {
      answer = reply(status, status === 304 ? '' : { error: 'x' });
      expect(await check()).toMatchObject({ verdict: 'unknown' });
    },
  );

  test('403 is dead only where it is listed', async () => {
    answer = reply(403);
    expect(await check({ refused: [401, 403] })).toMatchObject({ verdict: 'refused', why: 'dead' });
  });

  test('a listed status works', async () => {
    answer = reply(404);
    expect(await check({ works: [404] })).toMatchObject({ verdict: 'works' });
    answer = reply(200);
    expect(await check({ works: [404] })).toMatchObject({ verdict: 'unknown' });
  });

  test('a limit tells how long to wait', async () => {
    answer = reply(429, {}, { 'retry-after': '7' });
    expect(await check()).toMatchObject({ verdict: 'unknown', retryAfterMs: 7000 });
  });

  test('200 with an error in it', async () => {
    const refusedIf = { pointer: '/error/code', equals: 'bad_key' };
    answer = reply(200, { error: { code: 'bad_key' } });
    expect(await check({ refusedIf })).toMatchObject({ verdict: 'refused', why: 'dead' });
    answer = reply(200, { ok: true });
    expect(await check({ refusedIf })).toMatchObject({ verdict: 'works' });
    answer = reply(500, { error: { code: 'bad_key' } });
    expect(await check({ refusedIf })).toMatchObject({ verdict: 'unknown' });
    answer = reply(400, { error: { code: 'bad_key' } });
    expect(await check({ refusedIf })).toMatchObject({ verdict: 'refused' });
  });

  test('200 counts only with the configured word', async () => {
    const worksIf = { pointer: '/ok', equals: true };
    answer = reply(200, { ok: true });
    expect(await check({ worksIf })).toMatchObject({ verdict: 'works' });
    for (const body of [{ ok: 'true' }, {}, 'ok', '', [true]]) {
      answer = reply(200, body);
      expect(await check({ worksIf })).toMatchObject({ verdict: 'unknown' });
    }
  });

  test('a reply that matches both rules says nothing', async () => {
    answer = reply(200, { ok: true, error: 1 });
    const rules = {
      worksIf: { pointer: '/ok', equals: true },
      refusedIf: { pointer: '/error', equals: 1 },
    };
    expect(await check(rules)).toMatchObject({ verdict: 'unknown' });
  });

  test.each([200, 401])('a web page with %i says nothing, unless it is accepted', async (status) => {
    answer = reply(status, PAGE, { 'content-type': 'text/html' });
    expect(await check()).toMatchObject({ verdict: 'unknown', message: expect.stringContaining('web page') });
    expect((await check({ acceptHtml: true })) as object).not.toMatchObject({ verdict: 'unknown' });
  });

  test('JSON that is sent as text/html is no web page', async () => {
    answer = reply(200, { html: '<html>' }, { 'content-type': 'text/html' });
    expect(await check()).toMatchObject({ verdict: 'works' });
  });

  test('no status outside the two lists ever decides', () => {
    const settings = z.parse(liveCheckSettings, { url: 'https://x.example', header: 'X-Key: {key.value}' });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.string(), (status, text) => {
        const { verdict } = judge(settings, { status, text, json: undefined });
        if (verdict === 'works') expect(Math.trunc(status / 100)).toBe(2);
        if (verdict === 'refused') expect(status).toBe(401);
      }),
    );
  });
});

describe('no usable answer', () => {
  test('silence', async () => {
    answer = () => undefined;
    expect(await check({ timeout: '1s' })).toMatchObject({ verdict: 'unknown' });
  });

  test('a body that never ends', async () => {
    answer = (_, response) => response.writeHead(200).write('{');
    expect(await check({ timeout: '1s' })).toMatchObject({ verdict: 'unknown' });
  });

  test('a reset', async () => {
    answer = (request) => request.socket.resetAndDestroy();
    expect(await check()).toMatchObject({ verdict: 'unknown' });
  });

  test('a body that is cut short', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"ok":true}', () => response.destroy());
    };
    expect(await check()).toMatchObject({ verdict: 'unknown' });
  });

  test('something that is not HTTP', async () => {
    answer = (request) => request.socket.end('SSH-2.0-x\r\n');
    expect(await check()).toMatchObject({ verdict: 'unknown' });
  });

  test('a body beyond all measure', async () => {
    answer = reply(200, 'x'.repeat(300_000));
    expect(await check()).toMatchObject({ verdict: 'unknown' });
  });

  test('nobody there', async () => {
    server.close();
    expect(await check()).toMatchObject({ verdict: 'unknown' });
  });

  test('an abort is thrown, before and during', async () => {
    answer = () => setTimeout(() => controller.abort(), 5);
    const controller = new AbortController();
    expect(await check({}, canary(), controller.signal)).toMatchObject({ error: { code: 'INTERRUPTED' } });
    expect(await check({}, canary(), controller.signal)).toMatchObject({ error: { code: 'INTERRUPTED' } });
    expect(seen).toHaveLength(1);
  });
});

describe('what is sent', () => {
  test.each([301, 302, 303, 307, 308])('a %i to another host is not followed', async (status) => {
    let followed = 0;
    const other = createServer((_, response) => {
      followed += 1;
      response.writeHead(200).end();
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const there = `http://localhost:${(other.address() as AddressInfo).port}/`;
    answer = reply(status, {}, { location: there });
    expect(await check()).toMatchObject({ verdict: 'unknown' });
    await new Promise((done) => other.close(done));
    expect(followed).toBe(0);
    expect(seen).toHaveLength(1);
  });

  test('headers, basic, query and path carry the key', async () => {
    answer = reply(200, {});
    const key = `a/b?c&d=e+${canary()}`;
    await check({ header: 'X-Key: App {key.value}' }, key);
    await check({ headers: { 'X-Key': '{key.value}' }, query: { full: 'no & yes' } }, key);
    await check({ basic: { user: 'account', password: '{key.value}' } }, key);
    await check({ query: { token: '{key.value}' } }, key);
    await check({ url: `${base}/v1/me/{key.value}/x?y=1` }, key);
    expect(seen[0]).toMatchObject({ url: '/v1/me', key: `App ${key}` });
    expect(seen[1]).toMatchObject({ key });
    expect(new URL(seen[1]?.url ?? '', base).searchParams.get('full')).toBe('no & yes');
    expect(seen[2]?.authorization).toBe(`Basic ${Buffer.from(`account:${key}`).toString('base64')}`);
    expect(new URL(seen[3]?.url ?? '', base).searchParams.get('token')).toBe(key);
    expect(seen[4]?.url).toBe(`/v1/me/${encodeURIComponent(key)}/x?y=1`);
  });

  test('nothing, for a key that would not arrive as it is', async () => {
    answer = reply(200, {});
    const header = { header: 'X-Key: {key.value}' };
    for (const ending of ['\n', '\r\nX-Other: 1', ' ', '\u0000', 'é', '\ud800']) {
      expect(await check(header, canary() + ending)).toMatchObject({ verdict: 'unknown' });
    }
    expect(await check({ url: `${base}/{key.value}/v1/me` }, '..')).toMatchObject({ verdict: 'unknown' });
    expect(await check({ query: { token: '{key.value}' } }, `${canary()}\ud800`)).toMatchObject({
      verdict: 'unknown',
    });
    expect(await check({ basic: { user: '{key.value}', password: '' } }, `${canary()}:x`)).toMatchObject({
      verdict: 'unknown',
    });
    expect(await check({ header: 'X-Key: {key.sid}' })).toMatchObject({ verdict: 'unknown' });
    expect(seen).toHaveLength(0);
  });

  test('a reply that repeats the request gives nothing away', async () => {
    answer = (request, response) => {
      const echo = JSON.stringify({ url: request.url, headers: request.headers });
      response.writeHead(403, { 'x-echo': request.headers.authorization ?? '' }).end(echo);
    };
    expect(await check()).toMatchObject({ verdict: 'unknown' });
    expect(await check({ query: { token: '{key.value}' } })).toMatchObject({ verdict: 'unknown' });
  });
});
