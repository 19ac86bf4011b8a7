import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { createHttpClient } from '../../src/http/client.ts';
import { target } from './engine.ts';
import { cuts, mangle } from './mutate.ts';
import { holds, outcomeOf, secrets } from './outcome.ts';

const zipped = gzipSync('{"id":"1"}');
const SAMPLES = [
  Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"id":"1"}'),
  Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n5\r\n:"1"}\r\n0\r\n\r\n'),
  Buffer.from('HTTP/1.1 503 No\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n'),
  Buffer.from('HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'),
  Buffer.from(
    'HTTP/1.1 401 No\r\nWWW-Authenticate: OAuth "Facebook Platform" "invalid_token" "SECRET"\r\n\r\nSECRET',
  ),
  Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\n\r\n'),
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`),
    zipped,
  ]),
];

let server: Server;
let port = 0;
let answer = Buffer.alloc(0);
let requests = 0;
const sockets = new Set<Socket>();
const { signal } = new AbortController();
const DEADLINE_MS = 250;

/** Bytes on a real socket, read by the fetch of Node. */
export const wire = target({
  name: 'http-wire',
  few: 60,
  share: 1,
  input: fc.record({
    sample: fc.constantFrom(...SAMPLES),
    cuts: cuts(
      ['\r\n\r\n', 'Content-Length: 5\r\n', 'HTTP/1.1 ', 'Retry-After: 1\r\n', 'SECRET', '\r\n0\r\n'],
      3,
    ),
    secret: secrets,
    safe: fc.boolean(),
  }),
  prepare: async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // The client hangs up on what it does not like.
      socket.on('error', () => socket.destroy());
      socket.once('data', () => {
        requests += 1;
        socket.end(answer);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as { readonly port: number }).port;
    return async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    };
  },
  check: async ({ sample, cuts: changes, secret, safe }) => {
    const bytes = mangle(sample, changes).toString('latin1').replaceAll('SECRET', secret);
    answer = Buffer.from(bytes, 'latin1');
    requests = 0;
    const sleep = (ms: number) => delay(Math.min(ms, 1));
    const client = createHttpClient({ now: () => performance.now(), sleep, userAgent: 'keyturn' });
    const sent = await outcomeOf(
      () =>
        client.send({
          method: 'POST',
          url: `http://127.0.0.1:${port}/${secret}`,
          what: 'try the wire',
          headers: { authorization: `Bearer ${secret}` },
          body: { form: { secret } },
          deadlineMs: DEADLINE_MS,
          retry: safe ? 'safe' : 'never',
          signal,
        }),
      ['UNREACHABLE', 'TIMEOUT', 'BAD_REPLY'],
      [secret],
    );
    holds(requests <= (safe ? 3 : 1), `sent ${requests} times`);
    // The bytes of the request were read here, so nothing may call it unsent.
    if (sent.error !== null && requests > 0)
      holds(sent.error.detail.unsent !== true, 'called unsent, and it came');
    if (sent.value !== null)
      holds(Number.isInteger(sent.value.status) && sent.value.status >= 200, 'no status');
  },
});
