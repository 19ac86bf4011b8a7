import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Call, Front, Rule, Ruling, Verdict } from './bench.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a service speaks: what a request does, and how it says that it did not do it. */
export interface Manners {
  nameOf(request: HttpRequest): string;
  refuse(verdict: 'busy' | 'broken' | 'denied', request: HttpRequest): HttpReply;
}

export interface HttpFront extends Front {
  readonly url: string;
  close(): Promise<void>;
}

/** A front for stores that speak HTTP: a proxy on loopback, in this process. */
export async function startHttpFront(upstream: string, manners: Manners): Promise<HttpFront> {
  const calls: Call[] = [];
  let rule: Rule | null = null;

  const take = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await textOf(incoming);
    const { method = 'GET', url: path = '/', headers } = incoming;
    const asked = { method, path, headers, body };
    const call = { n: calls.length + 1, name: manners.nameOf(asked) };
    calls.push(call);
    const { verdict, after }: Ruling = (await rule?.(call)) ?? { verdict: 'pass' };
    const reply = await replyTo(asked, verdict);
    await after?.();
    if (reply === 'nothing') return;
    if (reply === null) {
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(reply.status, reply.headers);
    outgoing.end(reply.body);
  };

  /** Null: the connection is closed. `nothing`: it stays open. */
  const replyTo = async (asked: HttpRequest, verdict: Verdict): Promise<HttpReply | null | 'nothing'> => {
    if (verdict === 'reset') return null;
    if (verdict === 'hang') return 'nothing';
    if (verdict !== 'pass' && verdict !== 'lost') return manners.refuse(verdict, asked);
    const reply = await send(upstream, asked);
    return verdict === 'pass' ? reply : null;
  };

  const server = createServer((incoming, outgoing) => {
    // A client that was killed has closed its connection.
    take(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    rule: (next) => {
      rule = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(upstream: string, { method, path, headers, body }: HttpRequest): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, upstream),
      { method, headers: { ...headers, connection: 'close' } },
      (incoming) => {
        const kept: Record<string, string> = {};
        for (const [name, value] of Object.entries(incoming.headers)) {
          const ofConnection = name === 'connection' || name === 'transfer-encoding';
          if (typeof value === 'string' && !ofConnection) kept[name] = value;
        }
        textOf(incoming).then(
          (text) => resolve({ status: incoming.statusCode ?? 0, headers: kept, body: text }),
          reject,
        );
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
