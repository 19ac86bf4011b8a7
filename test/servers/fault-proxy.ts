import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request on its way to the server. */
export interface Call {
  /** From 1, in the order of arrival. */
  readonly n: number;
  /** What it does, in the service's own words: `PutSecretValue`, `PUT /v1/secret/data/x`. */
  readonly name: string;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Decides what becomes of a call. `forward` sends it on and gives the server's reply. `reset` closes the connection
 * without an answer; `hang` never answers.
 */
export type Rule = (call: Call, forward: () => Promise<Reply>) => Promise<Reply | 'reset' | 'hang'>;

export interface FaultProxy {
  readonly url: string;
  /** All that arrived so far. */
  readonly calls: readonly Call[];
  /** From now on; the first that is set forwards everything. */
  rule(rule: Rule): void;
  close(): Promise<void>;
}

const forwardAll: Rule = (_, forward) => forward();

/** Stands between a client and an HTTP server, and lets the tests decide about each call. */
export async function startFaultProxy(
  upstream: string,
  nameOf: (of: {
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }) => string,
): Promise<FaultProxy> {
  const calls: Call[] = [];
  let decide = forwardAll;

  const server = createServer((incoming, outgoing) => {
    void take(incoming, outgoing).catch(() => incoming.socket.destroy());
  });

  const take = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await textOf(incoming);
    const { method = 'GET', url: path = '/', headers } = incoming;
    const call = { n: calls.length + 1, name: nameOf({ method, path, headers, body }), body };
    calls.push(call);
    const reply = await decide(call, () => send(new URL(path, upstream), { method, headers, body }));
    if (reply === 'hang') return;
    if (reply === 'reset') {
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(reply.status, reply.headers);
    outgoing.end(reply.body);
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    rule: (rule) => {
      decide = rule;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(
  to: URL,
  { method, headers, body }: { method: string; headers: IncomingMessage['headers']; body: string },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(to, { method, headers: { ...headers, connection: 'close' } }, (incoming) => {
      const kept = Object.entries(incoming.headers).flatMap(([name, value]) =>
        typeof value === 'string' && name !== 'transfer-encoding' && name !== 'connection'
          ? [[name, value]]
          : [],
      );
      textOf(incoming).then(
        (text) =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(kept) as Record<string, string>,
            body: text,
          }),
        reject,
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
