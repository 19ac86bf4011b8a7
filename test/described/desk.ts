import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Issuer } from '../../src/core/issuer.ts';
import type { DescriptionInput } from '../../src/described/fields.ts';
import { createDescribedIssuer } from '../../src/described/issuer.ts';
import { parseDescription } from '../../src/described/kind.ts';
import { contextFor } from '../providers/context.ts';

export const MARK = 'r20261125-0badcafe.1';
export const SECRET = 'sk_canary_0123456789abcdef';
export const ADMIN = 'adm_canary_0123456789abcdef';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A provider of one answer: each request gets what `answer` says at that time. */
export interface Desk {
  readonly url: string;
  readonly seen: Seen[];
  answer: (request: Seen, response: ServerResponse) => void;
  issuer(change?: Partial<DescriptionInput>, now?: () => number): Issuer;
}

export async function openDesk(): Promise<Desk> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
      seen.push(one);
      desk.answer(one, response);
    })();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const desk: Desk = {
    url,
    seen,
    answer: (_, response) => response.writeHead(500).end(),
    issuer: (change = {}, now = Date.now) =>
      createDescribedIssuer(
        'http',
        parseDescription({
          baseUrl: url,
          auth: { bearer: 'env:ADMIN' },
          create: {
            url: '/keys',
            json: { name: 'keyturn {rotation.id}' },
            reply: {
              parts: { value: '/secret' },
              id: '/id',
              issuedAt: '/made',
              expiresAt: '/ends',
              scopes: '/may',
            },
          },
          list: { url: '/keys', items: '/keys', reply: { id: '/id', name: '/name', issuedAt: '/made' } },
          revoke: { url: '/keys/{key.id}' },
          verify: { url: `${url}/me`, header: 'Authorization: Bearer {key.value}' },
          timeout: '2s',
          ...change,
        }),
        { ...contextFor({ ADMIN, OTHER: 'oth_canary_0123456789abcdef' }), now },
      ),
  };
  return desk;
}

export function json(body: unknown, status = 200) {
  return (_: Seen, response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

export function text(body: string | Buffer, status = 200, headers: Record<string, string> = {}) {
  return (_: Seen, response: ServerResponse): void => {
    response.writeHead(status, headers).end(body);
  };
}
