import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Issuer } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Failure, IssuerHarness } from '../contracts/issuer.ts';

/** A provider of which nothing is known but one harmless read. It answers by what it has on its list. */
export interface KeyCheckServer {
  /** What is asked; the key comes as `Authorization: Bearer …`. */
  readonly url: string;
  readonly live: Set<string>;
  requests(): number;
  fail(how: Failure): void;
  close(): Promise<void>;
}

export async function startKeyCheckServer(): Promise<KeyCheckServer> {
  const live = new Set<string>();
  let requests = 0;
  let failure: Failure | null = null;
  const server = createServer((request, response) => {
    requests += 1;
    if (failure !== null) return misbehave(failure, response);
    const known = live.has(request.headers.authorization?.replace('Bearer ', '') ?? '');
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end('{"account":"x"}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/me`,
    live,
    requests: () => requests,
    fail: (how) => {
      failure = how;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function misbehave(failure: Failure, response: ServerResponse): void {
  if (failure === 'silent') return;
  if (failure === 'html') {
    response.writeHead(502, { 'content-type': 'text/html' }).end('<html><body>Bad gateway</body></html>');
  } else if (failure === 'cut') {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"account":', () => response.destroy());
  } else {
    response.socket?.resetAndDestroy();
  }
}

/** The contract's harness for an issuer that asks this provider and does nothing else. */
export async function startKeyCheckHarness(issuerOf: (url: string) => Issuer): Promise<IssuerHarness> {
  const server = await startKeyCheckServer();
  const key = () => randomBytes(20).toString('hex');
  return {
    issuer: issuerOf(server.url),
    liveKey: async () => {
      const value = key();
      server.live.add(value);
      return Secret.of(value);
    },
    deadKey: async () => Secret.of(key()),
    unknownKey: async () => Secret.of(key()),
    accepts: async (secret) => server.live.has(secret.open() ?? ''),
    state: () => [...server.live].join(),
    creates: () => 0,
    requests: server.requests,
    // No credential of keyturn's own is sent, so none can be refused.
    failures: ['silent', 'reset', 'html', 'cut', 'lost'],
    fail: server.fail,
    canaries: [],
    close: server.close,
  };
}

/** The same for an issuer that asks nobody. */
export async function startLonelyHarness(issuer: Issuer): Promise<IssuerHarness> {
  return { ...(await startKeyCheckHarness(() => issuer)), failures: [] };
}
