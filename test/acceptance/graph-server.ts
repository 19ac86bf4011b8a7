import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { answer, type Call, edgeOf } from './graph-edges.ts';
import { HTML, limit, type Reply, trouble } from './graph-replies.ts';
import type { Fault } from './graph-switches.ts';
import type { World } from './graph-world.ts';

/** A Graph server of its own reading: it shares no line with the simulator or the issuer. */
export interface GraphServer {
  readonly url: string;
  readonly world: World;
  /** The faults from now on; each is used up by its own count. */
  readonly sabotage: (faults: readonly Fault[]) => void;
  /** Method and path of every request, without its query. */
  readonly journal: readonly string[];
  readonly close: () => Promise<void>;
}

export interface ServerOptions {
  readonly faults?: readonly Fault[];
  /** Where the fault `redirect` leads. */
  readonly elsewhere?: string;
}

type Armed = { readonly fault: Fault; skip: number; left: number };

export async function startGraph(world: World, options: ServerOptions = {}): Promise<GraphServer> {
  let armed = arm(options.faults ?? []);
  const journal: string[] = [];
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const call = readCall(request, body);
    const edge = edgeOf(call);
    journal.push(`${request.method} ${request.url?.split('?')[0]}`);
    if (edge !== null) world.calls.set(edge, (world.calls.get(edge) ?? 0) + 1);
    const fault = edge === null ? undefined : draw(armed, edge);
    const kind = fault?.kind;
    if (kind === 'slow') await pause(2_000);
    if (kind === 'reset-before') return void request.socket.resetAndDestroy();
    if (kind === 'hang-before') return;
    const refused = kind === undefined ? null : refusal(world, kind, request, body, options.elsewhere);
    if (refused !== null) return send(response, refused);
    const reply = answer(world, edge, call);
    if (kind === 'reset-after') return void request.socket.resetAndDestroy();
    if (kind === 'hang-after') return;
    if (kind === 'html-after') return send(response, HTML);
    if (kind === 'empty-after') return send(response, { ...reply, body: '' });
    if (kind === 'cut-after') return cut(response, reply);
    if (kind === 'transient-after' || kind === 'unknown-after') return send(response, temporary(world, kind));
    send(response, reply);
    world.tokens.handOut(reply.body);
  }

  server.keepAliveTimeout = 100;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    world,
    journal,
    sabotage: (faults) => {
      armed = arm(faults);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function arm(faults: readonly Fault[]): Armed[] {
  return faults.map((fault) => ({ fault, skip: fault.skip ?? 0, left: fault.times }));
}

function draw(armed: readonly Armed[], edge: string): Fault | undefined {
  for (const one of armed) {
    if (one.fault.edge !== edge || one.left === 0) continue;
    if (one.skip > 0) {
      one.skip -= 1;
      continue;
    }
    one.left -= 1;
    return one.fault;
  }
  return undefined;
}

function temporary(world: World, kind: string): Reply {
  const unknown = kind.startsWith('unknown');
  return trouble(world.switches, {
    status: unknown ? 500 : 503,
    code: unknown ? 1 : 2,
    message: unknown ? 'An unknown error occurred' : 'Service temporarily unavailable',
    transient: !unknown,
  });
}

/** The faults that answer without having done anything; null: this one is none of them. */
function refusal(
  world: World,
  kind: Fault['kind'],
  request: IncomingMessage,
  body: string,
  elsewhere: string | undefined,
): Reply | null {
  switch (kind) {
    case 'html-before':
      return HTML;
    case 'transient-before':
    case 'unknown-before':
      return temporary(world, kind);
    case 'limit':
      return limit(world.switches, world.wabaId);
    case 'blocked':
      return trouble(world.switches, { status: 400, code: 368, message: 'Temporarily blocked' });
    case 'echo': {
      const said = `${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body}`;
      return trouble(world.switches, { status: 400, code: 100, message: said, type: said });
    }
    case 'redirect':
      return { status: 307, body: '', headers: { location: `${elsewhere ?? ''}${request.url ?? ''}` } };
    default:
      return null;
  }
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  response.end(body);
}

/** Half of the body, then the end of the connection. */
function cut(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.destroy());
}

function readCall(request: IncomingMessage, body: string): Call {
  const url = new URL(request.url ?? '/', 'http://graph.invalid');
  const params = new URLSearchParams(url.searchParams);
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) {
    for (const [name, value] of new URLSearchParams(body)) params.set(name, value);
  } else if (type.startsWith('application/json') && body !== '') {
    for (const [name, value] of Object.entries(JSON.parse(body) as Record<string, unknown>)) {
      params.set(name, Array.isArray(value) ? value.join(',') : String(value));
    }
  }
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
  const path = url.pathname.split('/').filter((step) => step !== '' && !/^v\d+\.\d+$/.test(step));
  return {
    method: request.method ?? 'GET',
    path: path.map(decodeURIComponent),
    params,
    token: params.get('access_token') ?? bearer,
    byHeader: params.get('access_token') === null && bearer !== null,
  };
}
