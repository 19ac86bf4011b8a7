import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Route = 'debug' | 'read' | 'mint' | 'install' | 'exchange' | 'revoke' | 'other';

export interface Call {
  readonly route: Route;
  readonly method: string;
  readonly path: string;
  readonly bearer: string | null;
  /** Query and form together. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
}

export interface Answer {
  readonly status?: number;
  /** Sent as it is where it is text, as JSON otherwise. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What happens on the wire instead: nothing for ever, a closed connection, or half of the body. */
  readonly wire?: 'silent' | 'reset' | 'cut';
}

export interface Token {
  readonly scopes: string[];
  readonly expiresAt: number;
  readonly issuedAt: number;
  readonly userId: string;
  alive: boolean;
}

/** Takes the place of the usual answer; `usual` computes that one, with its effect. Null: the usual one. */
export type Override = (call: Call, usual: () => Answer) => Answer | null;

/** A small Graph API for one app and one system user: what the documents say, one way each, bent by overrides. */
export interface GraphServer {
  readonly url: string;
  readonly appId: string;
  readonly appSecret: string;
  readonly systemUserId: string;
  readonly phoneId: string;
  readonly wabaId: string;
  readonly adminToken: string;
  readonly tokens: Map<string, Token>;
  readonly calls: Call[];
  installed: boolean;
  override: Override | null;
  callsTo(route: Route): readonly Call[];
  /** A live token, made behind the API. */
  token(of?: Partial<Token>): string;
  close(): Promise<void>;
}

export const NOW_S = 1_760_000_000;
export const DAY_S = 86_400;
export const graphError = (
  code: number,
  subcode?: number,
  message = 'planted text of Meta',
  more: object = {},
) => ({
  error: {
    message,
    type: 'OAuthException',
    code,
    ...(subcode === undefined ? {} : { error_subcode: subcode }),
    fbtrace_id: 'AbcTrace_0-1',
    ...more,
  },
});
const refuse = (code: number, subcode?: number, message?: string): Answer => ({
  status: 400,
  body: graphError(code, subcode, message),
});

export const freshToken = () => `EAA${randomBytes(90).toString('hex')}`;

export async function startGraphServer(): Promise<GraphServer> {
  const server = createServer((request, response) => {
    receive(request).then(
      (call) => reply(response, graph, call),
      () => response.destroy(),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const tokens = new Map<string, Token>();
  const calls: Call[] = [];
  const graph: GraphServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    appId: '634974688087057',
    appSecret: randomBytes(16).toString('hex'),
    systemUserId: '104169029247128',
    phoneId: '106540352242922',
    wabaId: '102290129340398',
    adminToken: freshToken(),
    tokens,
    calls,
    installed: true,
    override: null,
    callsTo: (route) => calls.filter((call) => call.route === route),
    token: (of = {}) => {
      const text = freshToken();
      tokens.set(text, {
        scopes: ['whatsapp_business_messaging', 'whatsapp_business_management'],
        expiresAt: NOW_S + 60 * DAY_S,
        issuedAt: NOW_S,
        userId: graph.systemUserId,
        alive: true,
        ...of,
      });
      return text;
    },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  return graph;
}

async function receive(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://server');
  const query = Object.fromEntries(url.searchParams);
  const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
  const path = url.pathname.replace(/^\/v[0-9.]+\//, '');
  return {
    route: routeOf(path),
    method: request.method ?? '',
    path: url.pathname,
    bearer: /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? null,
    params: { ...query, ...form },
    query,
    headers: request.headers,
  };
}

function routeOf(path: string): Route {
  if (path === 'debug_token') return 'debug';
  if (path === 'oauth/access_token') return 'exchange';
  if (path === 'oauth/revoke') return 'revoke';
  if (/^[0-9]+\/access_tokens$/.test(path)) return 'mint';
  if (/^[0-9]+\/applications$/.test(path)) return 'install';
  return /^[0-9]+$/.test(path) ? 'read' : 'other';
}

function reply(response: ServerResponse, graph: GraphServer, call: Call): void {
  graph.calls.push(call);
  const usual = () => answerTo(graph, call);
  const { status = 200, body, headers = {}, wire } = graph.override?.(call, usual) ?? usual();
  if (wire === 'silent') return;
  if (wire === 'reset') return void response.destroy();
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? null);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(wire === 'cut' ? text.slice(0, text.length / 2) : text);
}

function answerTo(graph: GraphServer, call: Call): Answer {
  const caller = call.bearer ?? call.params.access_token ?? null;
  if (call.route === 'exchange') return exchanged(graph, call);
  if (caller === null) return refuse(104, undefined, 'An access token is required');
  const { appsecret_proof: proof } = call.params;
  if (proof !== createHmac('sha256', graph.appSecret).update(caller).digest('hex')) {
    return refuse(100, undefined, 'Invalid appsecret_proof provided in the API argument');
  }
  const isApp = caller === `${graph.appId}|${graph.appSecret}`;
  if (!isApp && caller !== graph.adminToken && graph.tokens.get(caller)?.alive !== true) return refuse(190);
  switch (call.route) {
    case 'debug':
      return isApp ? debugged(graph, call) : refuse(100, undefined, 'You must provide an app access token');
    case 'read':
      return { body: { id: call.path.split('/').at(-1), name: 'planted' } };
    case 'mint':
      return minted(graph, call);
    case 'install':
      graph.installed = true;
      return { body: { success: true } };
    case 'revoke':
      return revoked(graph, call);
    default:
      return refuse(100, 33);
  }
}

function minted(graph: GraphServer, call: Call): Answer {
  if (!graph.installed) return refuse(412, undefined, 'App is not installed');
  const expires = call.params.set_token_expires_in_60_days === 'true';
  const scopes = (call.params.scope ?? '').split(',');
  return { body: { access_token: graph.token({ scopes, expiresAt: expires ? NOW_S + 60 * DAY_S : 0 }) } };
}

function exchanged(graph: GraphServer, { params }: Call): Answer {
  if (params.client_id !== graph.appId || params.client_secret !== graph.appSecret) {
    return refuse(1, undefined, 'Error validating client secret.');
  }
  const old = graph.tokens.get(params.fb_exchange_token ?? '');
  if (old?.alive !== true) return refuse(190, 463);
  return { body: { access_token: graph.token(old), token_type: 'bearer', expires_in: 5_183_944 } };
}

function revoked(graph: GraphServer, { params }: Call): Answer {
  if (params.client_id !== graph.appId || params.client_secret !== graph.appSecret) {
    return refuse(1, undefined, 'Error validating client secret.');
  }
  const target = graph.tokens.get(params.revoke_token ?? '');
  if (target?.alive !== true) return refuse(190, 466);
  target.alive = false;
  return { body: '{"success": "true",}' };
}

function debugged(graph: GraphServer, { params }: Call): Answer {
  const token = graph.tokens.get(params.input_token ?? '');
  const dead = { is_valid: false, scopes: [], error: { code: 190, subcode: 466, message: 'planted' } };
  if (token === undefined) return { body: { data: dead } };
  return {
    body: {
      data: {
        app_id: graph.appId,
        type: 'SYSTEM_USER',
        user_id: token.userId,
        issued_at: token.issuedAt,
        expires_at: token.expiresAt,
        scopes: token.scopes,
        ...(token.alive ? { is_valid: true } : { is_valid: false, error: dead.error }),
      },
    },
    headers: { 'facebook-api-version': 'v25.0' },
  };
}
