import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpClient } from '../../src/http/client.ts';
import { openSinks, type SinkDeps } from '../../src/trail/sinks.ts';
import type { Post } from '../../src/trail/url-sink.ts';
import { chainOf } from './entries.ts';

const never = new AbortController().signal;

interface Received {
  readonly type: string | undefined;
  readonly body: string;
}

async function receiver(status: number, headers: Record<string, string> = {}) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ type: request.headers['content-type'], body });
      response.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/trail`, received };
}

const client = createHttpClient({
  now: () => 0,
  sleep: async () => undefined,
  userAgent: 'keyturn-test',
});
const post: Post = async ({ url, body, contentType, signal }) =>
  client.send({
    method: 'POST',
    url,
    what: 'post the trail',
    body: { text: body, type: contentType },
    deadlineMs: 5_000,
    retry: 'never',
    signal,
  });

function deps(print: (line: string) => void = () => undefined): SinkDeps {
  return { resolvePath: (path) => path, post, print };
}

function urlSink(url: string) {
  const [sink] = openSinks([{ kind: 'url', id: 'url-1', required: true, url }], deps());
  if (sink === undefined) throw new Error('no sink was opened');
  return sink;
}

describe('the url sink', () => {
  it('posts lines of JSON', async () => {
    const { url, received } = await receiver(204);
    const entries = chainOf('wa-prod', 3);
    const sink = urlSink(url);
    expect(sink).toMatchObject({ id: 'url-1', required: true });
    await sink.take(entries, never);
    expect(received).toEqual([
      { type: 'application/x-ndjson', body: entries.map((entry) => `${JSON.stringify(entry)}\n`).join('') },
    ]);
  });

  it('posts many entries in several requests, in order', async () => {
    const { url, received } = await receiver(200);
    const entries = chainOf('wa-prod', 400, 'x'.repeat(1_500));
    await urlSink(url).take(entries, never);
    expect(received.length).toBeGreaterThan(1);
    const lines = received.flatMap(({ body }) => body.split('\n').filter((line) => line !== ''));
    expect(lines.map((line) => JSON.parse(line))).toEqual(entries);
  });

  it.each([
    [500, 'UNAVAILABLE'],
    [429, 'RATE_LIMITED'],
    [401, 'REFUSED'],
    [302, 'REFUSED'],
  ])('takes %i for no receipt', async (status, code) => {
    const { url, received } = await receiver(status, { location: 'https://elsewhere.example/' });
    await expect(urlSink(url).take(chainOf('wa-prod', 1), never)).rejects.toMatchObject({ code });
    expect(received).toHaveLength(1);
  });
});

describe('the stderr sink', () => {
  it('prints one line per entry', async () => {
    const lines: string[] = [];
    const [sink] = openSinks(
      [{ kind: 'stderr', id: 'stderr', required: false }],
      deps((line) => lines.push(line)),
    );
    const entries = chainOf('wa-prod', 2);
    await sink?.take(entries, never);
    expect(lines.map((line) => JSON.parse(line))).toEqual(entries);
  });
});
