import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import { createHttpClient, type HttpReply, type HttpRequest } from '../../src/http/client.ts';

const CANARY = 'planted-canary-0123456789';
const { signal } = new AbortController();
const waits: number[] = [];
const client = createHttpClient({
  now: () => Date.now(),
  sleep: async (ms, by) => {
    waits.push(ms);
    await delay(Math.min(ms, 5), undefined, { signal: by });
  },
  userAgent: 'keyturn-test',
});

type Handler = (request: IncomingMessage & { readonly text: string }, response: ServerResponse) => void;

interface Side {
  readonly url: string;
  readonly hits: () => number;
  readonly connections: () => Promise<number>;
}

/** A server that answers with the handlers in turn; the last one goes on answering. */
async function serve(...handlers: readonly [Handler, ...Handler[]]): Promise<Side> {
  let hits = 0;
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(hits, handlers.length - 1)];
    hits += 1;
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => handler?.(Object.assign(request, { text }), response));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const connections = () => new Promise<number>((done) => server.getConnections((_, count) => done(count)));
  return { url: urlOf(server.address()), hits: () => hits, connections };
}

/** A server below HTTP: it writes these bytes at the first ones it gets, and closes. */
async function serveBytes(bytes: string | Buffer | null): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => (bytes === null ? socket.resetAndDestroy() : socket.end(bytes)));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return urlOf(server.address());
}

const urlOf = (address: ReturnType<ReturnType<typeof createServer>['address']>) =>
  `http://127.0.0.1:${(address as AddressInfo).port}/path`;

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  what: 'ask the server',
  query: { token: CANARY },
  headers: { authorization: `Bearer ${CANARY}` },
  deadlineMs: 2_000,
  retry: 'never',
  signal,
  ...more,
});

/** The error of a request, searched for what was sent. */
async function failureOf(request: HttpRequest): Promise<KeyturnError> {
  const error = await client.send(request).then(
    (reply: HttpReply) => reply,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KeyturnError);
  const own = error as KeyturnError;
  expect(`${own.stack}${JSON.stringify(own)}${inspect(own, { depth: 10 })}`).not.toContain(CANARY);
  expect(own.hint).not.toBe('');
  return own;
}

const answer =
  (status: number, body: string | Buffer = '{}', headers: Record<string, string> = {}): Handler =>
  (_, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };

describe('what is sent', () => {
  test('query, form, headers, and a connection that ends with the reply', async () => {
    let seen: (IncomingMessage & { readonly text: string }) | undefined;
    const side = await serve((request, response) => {
      seen = request;
      response.end('{"a":1}');
    });
    const reply = await client.send(
      get(`${side.url}?b=2`, { method: 'POST', body: { form: { one: 'a b', other: 'ü&' } } }),
    );
    expect(reply).toMatchObject({ status: 200, text: '{"a":1}', json: { a: 1 } });
    expect(seen?.url).toBe(`/path?b=2&token=${CANARY}`);
    expect(seen?.text).toBe('one=a+b&other=%C3%BC%26');
    expect(seen?.headers).toMatchObject({
      connection: 'close',
      'user-agent': 'keyturn-test',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '23',
    });
    await delay(20);
    expect(await side.connections()).toBe(0);
  });

  test('JSON, and a body that is empty', async () => {
    const texts: string[] = [];
    const side = await serve((request, response) => {
      texts.push(`${request.headers['content-length']} ${request.text}`);
      response.end();
    });
    await client.send(get(side.url, { method: 'PUT', body: { json: { ü: [1] } } }));
    await client.send(get(side.url, { method: 'POST' }));
    await client.send(get(side.url, { method: 'DELETE' }));
    expect(texts).toEqual(['10 {"ü":[1]}', '0 ', 'undefined ']);
  });

  test.each([
    'http://graph.example/x',
    'http://127.0.0.1.example/x',
    'ftp://127.0.0.1/x',
    'not a url',
    `https://user:${CANARY}@host.example/`,
  ])('never goes to %s', async (url) => {
    const error = await failureOf(get(url));
    expect([error.code, error.ambiguous]).toEqual(['CONFIG', false]);
  });

  test.each([`${CANARY}\nx: y`, `${CANARY}\u0000`, `${CANARY}✓`])('no header with %j', async (value) => {
    const side = await serve(answer(200));
    const error = await failureOf(get(side.url, { headers: { authorization: value } }));
    expect([error.code, error.ambiguous, side.hits()]).toEqual(['BAD_VALUE', false, 0]);
  });
});

describe('replies', () => {
  test.each([301, 302, 307, 308])('a redirect (%i) is a reply, and nobody follows it', async (status) => {
    const side = await serve(answer(status, '', { location: '/elsewhere' }));
    expect(await client.send(get(side.url))).toMatchObject({ status, json: undefined });
    expect(side.hits()).toBe(1);
  });

  test.each<[string, Buffer, unknown]>([
    ['HTML', Buffer.from('<!doctype html><p>planted'), undefined],
    ['nothing', Buffer.alloc(0), undefined],
    ['cut JSON', Buffer.from('{"access_token":"pla'), undefined],
    ['Latin-1', Buffer.from('{"a":"\xfc"}', 'latin1'), undefined],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), undefined],
    ['a byte order mark', Buffer.from('\ufeff{"a":1}'), { a: 1 }],
    ['a bare word', Buffer.from('true'), true],
  ])('%s', async (_, bytes, json) => {
    const side = await serve(answer(200, bytes, { 'content-type': 'text/html; charset=iso-8859-1' }));
    expect((await client.send(get(side.url))).json).toEqual(json);
  });

  test.each<[string, string | undefined]>([
    ['a length that it names', String(5_000_000)],
    ['no length', undefined],
  ])('larger than allowed, with %s', async (_, length) => {
    const side = await serve((__, response) => {
      response.writeHead(200, length === undefined ? {} : { 'content-length': length });
      const more = () => {
        if (!response.destroyed) response.write('x'.repeat(65_536), () => setTimeout(more, 1));
      };
      more();
    });
    const error = await failureOf(get(side.url, { maxBytes: 100_000 }));
    expect([error.code, error.ambiguous]).toEqual(['BAD_REPLY', true]);
  });

  test('small on the wire and large when unpacked', async () => {
    const packed = gzipSync(Buffer.alloc(4_000_000));
    const side = await serve(answer(200, packed, { 'content-encoding': 'gzip' }));
    expect((await failureOf(get(side.url))).code).toBe('BAD_REPLY');
  });

  test('packed, and broken', async () => {
    const side = await serve(answer(200, `planted${CANARY}`, { 'content-encoding': 'gzip' }));
    expect((await failureOf(get(side.url))).code).toBe('BAD_REPLY');
  });

  test.each<[string, number | undefined]>([
    ['7', 7_000],
    [' 0.5 ', 500],
    ['99999999', 86_400_000],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    ['1e9', undefined],
  ])('Retry-After: %j', async (text, expected) => {
    const headers = { 'retry-after': text, date: 'Wed, 21 Oct 2026 07:28:00 GMT' };
    const side = await serve(answer(429, '{}', headers));
    expect((await client.send(get(side.url))).retryAfterMs).toBe(expected);
  });
});

describe('no reply', () => {
  test('hangs before the headers', async () => {
    const side = await serve(() => undefined);
    const error = await failureOf(get(side.url, { deadlineMs: 100 }));
    expect([error.code, error.ambiguous, error.retryable]).toEqual(['TIMEOUT', true, true]);
  });

  test('hangs in the body', async () => {
    const side = await serve((_, response) => void response.write('{"a":'));
    expect((await failureOf(get(side.url, { deadlineMs: 100 }))).code).toBe('TIMEOUT');
  });

  test('closes, or breaks off in the body', async () => {
    const reset = await failureOf(get(await serveBytes(null)));
    expect([reset.code, reset.ambiguous]).toEqual(['UNREACHABLE', true]);
    const cut = await failureOf(
      get(await serveBytes('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"a":1}')),
    );
    expect([cut.code, cut.ambiguous]).toEqual(['UNREACHABLE', true]);
  });

  test('packed, damaged, and ended by the end of the connection', async () => {
    const packed = gzipSync('{"id":"1"}');
    packed[packed.length - 1] = 40;
    const head = Buffer.from('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n');
    const url = await serveBytes(Buffer.concat([head, packed]));
    const error = await failureOf(get(url, { deadlineMs: 300 }));
    // Some versions of Node say at once what is wrong.
    expect(['TIMEOUT', 'BAD_REPLY', 'UNREACHABLE']).toContain(error.code);
    expect(error.ambiguous).toBe(true);
  });

  test('is not HTTP', async () => {
    const error = await failureOf(get(await serveBytes(`220 ${CANARY} ESMTP\r\n`)));
    expect([error.code, error.ambiguous]).toEqual(['BAD_REPLY', true]);
  });

  test('nobody listens', async () => {
    const server = createTcpServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = urlOf(server.address());
    await new Promise<void>((done) => server.close(() => done()));
    const error = await failureOf(get(url));
    expect([error.code, error.ambiguous]).toEqual(['UNREACHABLE', false]);
    expect(error.message).toMatch(/^ask the server: cannot reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\)$/);
  });

  test('no such host', async () => {
    const error = await failureOf(get('https://host.invalid/x', { deadlineMs: 20_000 }));
    expect([error.code, error.ambiguous]).toEqual(['UNREACHABLE', false]);
  });

  test('no TLS where it should be', async () => {
    const side = await serve(answer(200));
    const error = await failureOf(get(side.url.replace('http:', 'https:')));
    expect([error.code, error.ambiguous, side.hits()]).toEqual(['UNREACHABLE', false, 0]);
  });
});

describe('repetition', () => {
  test('a safe request comes back after a reset and after replies without a meaning', async () => {
    const side = await serve(
      (request) => void request.socket.destroy(),
      answer(503, '<html>'),
      answer(200, '{"a":1}'),
    );
    expect((await client.send(get(side.url, { retry: 'safe' }))).json).toEqual({ a: 1 });
    expect(side.hits()).toBe(3);
  });

  test('gives up after three, with the last reply or the last error', async () => {
    const broken = await serve(answer(503, 'busy'));
    expect((await client.send(get(broken.url, { retry: 'safe' }))).status).toBe(503);
    const gone = await serve((request) => void request.socket.destroy());
    expect((await failureOf(get(gone.url, { retry: 'safe' }))).code).toBe('UNREACHABLE');
    expect([broken.hits(), gone.hits()]).toEqual([3, 3]);
  });

  test('not where the reply has a meaning, or the caller finds one', async () => {
    const side = await serve(answer(500, '{"error":{}}'));
    await client.send(get(side.url, { retry: 'safe' }));
    await client.send(get(side.url, { retry: 'safe', repeatWhen: ({ status }) => status === 429 }));
    expect(side.hits()).toBe(2);
  });

  test('has as long as it is given, weeks too', async () => {
    const side = await serve(answer(200, '{}'));
    expect((await client.send(get(side.url, { deadlineMs: 35 * 86_400_000 }))).status).toBe(200);
  });

  test('waits as it is told, unless the deadline is sooner', async () => {
    waits.length = 0;
    const side = await serve(
      answer(429, '', { 'retry-after': '1' }),
      answer(429, '', { 'retry-after': '9' }),
    );
    const reply = await client.send(get(side.url, { retry: 'safe' }));
    expect([reply.status, reply.retryAfterMs, side.hits()]).toEqual([429, 9_000, 2]);
    expect(waits).toEqual([1_000]);
  });

  test.each<[string, Handler]>([
    ['a reset', (request) => void request.socket.destroy()],
    ['503', answer(503, 'busy')],
    ['429', answer(429, '', { 'retry-after': '0' })],
    // fetch itself repeats a request with a body that it can read again.
    ['421', answer(421, '{}')],
  ])('an unsafe request is sent once, after %s too', async (_, handler) => {
    const side = await serve(handler);
    await client.send(get(side.url, { method: 'POST', body: { form: { a: 'b' } } })).catch(() => null);
    await client.send(get(side.url, { method: 'POST' })).catch(() => null);
    expect(side.hits()).toBe(2);
  });
});

describe('abort', () => {
  test('before anything was sent', async () => {
    const side = await serve(answer(200));
    const error = await failureOf(get(side.url, { signal: AbortSignal.abort() }));
    expect([error.code, error.detail.unsent, side.hits()]).toEqual(['INTERRUPTED', true, 0]);
  });

  test('while it waits for the reply, for the body, or to try again', async () => {
    const hanging = await serve(() => undefined);
    const half = await serve((_, response) => void response.write('{'));
    const busy = await serve(answer(503, 'busy', { 'retry-after': '1' }));
    const patient = createHttpClient({
      now: () => Date.now(),
      sleep: (ms, by) => delay(ms, undefined, { signal: by }),
      userAgent: 'keyturn-test',
    });
    for (const { url } of [hanging, half, busy]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error(CANARY)), 40);
      const started = performance.now();
      const error = await patient
        .send(get(url, { retry: 'safe', signal: controller.signal }))
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
      expect((error as KeyturnError).detail.unsent).toBe(false);
      expect(performance.now() - started).toBeLessThan(500);
    }
  });
});
