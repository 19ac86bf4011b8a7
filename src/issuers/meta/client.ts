import { createHmac } from 'node:crypto';
import type { HttpClient, HttpReply } from '../../http/client.ts';
import { type Fault, faultOf, subcodeOf } from './faults.ts';
import { stayAwayMs } from './limits.ts';
import { accessTokenOf, errorOf, mentionsError, parseBody } from './schema.ts';

/** The app with its secret in clear, for the length of one operation. */
export interface App {
  readonly id: string;
  readonly secret: string;
}

/** An error that Meta gave, without its text: that may quote a token. */
export interface GraphError {
  readonly fault: Fault;
  readonly code: number;
  readonly subcode: number | null;
  /** What Meta's support asks for. */
  readonly trace: string | null;
}

export interface GraphReply {
  readonly status: number;
  /** The body, read leniently; undefined where it is not JSON. */
  readonly body: unknown;
  /** The body where the reply can be taken at its word: a status of success, and nothing said of an error. */
  readonly word: unknown;
  /** Null where the reply has no error envelope, which does not make it a good one. */
  readonly error: GraphError | null;
  /** How long to stay away, where it says. */
  readonly retryAfterMs: number | null;
  /** The version of the API that answered, where it says. */
  readonly version: string | null;
  /** What Meta's clock said, in milliseconds since the epoch; null where it did not say. */
  readonly date: number | null;
}

export interface MintOrder {
  readonly systemUserId: string;
  readonly scopes: readonly string[];
  readonly expiring: boolean;
}

/** The calls of the Graph API that a system user's token needs. It sends and reads; it decides nothing. */
export interface GraphClient {
  /** https://developers.facebook.com/docs/graph-api/reference/debug_token, asked as the app itself. */
  debug(app: App, token: string, signal: AbortSignal): Promise<GraphReply>;
  /** Reads fields of one object with a token. */
  read(app: App, token: string, id: string, fields: string, signal: AbortSignal): Promise<GraphReply>;
  /** https://developers.facebook.com/docs/business-management-apis/system-users/install-apps-and-generate-tokens */
  mint(app: App, admin: string, order: MintOrder, signal: AbortSignal): Promise<GraphReply>;
  install(app: App, admin: string, systemUserId: string, signal: AbortSignal): Promise<GraphReply>;
  exchange(app: App, current: string, method: 'GET' | 'POST', signal: AbortSignal): Promise<GraphReply>;
  revoke(
    app: App,
    caller: string,
    target: string,
    place: TokenPlace,
    signal: AbortSignal,
  ): Promise<GraphReply>;
}

/** Where the calling token stands: in a header, or as the parameter `access_token`. Both are documented. */
export type TokenPlace = 'header' | 'parameter';

export interface GraphOptions {
  readonly http: HttpClient;
  readonly graphUrl: string;
  readonly apiVersion: string;
  readonly timeoutMs: number;
}

interface Call {
  readonly what: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** The token that calls, with the proof that goes with it. */
  readonly as?: { readonly token: string; readonly app: App };
  /** The places that are tried in turn, each one after a refusal that may mean that the token was not seen. */
  readonly places: readonly [TokenPlace, ...TokenPlace[]];
  readonly unseen?: readonly Fault[];
  readonly retry: 'never' | 'safe';
  readonly signal: AbortSignal;
}

/** A form is not part of the address, so that the documented parameter comes first. */
const inBody = { places: ['parameter', 'header'], unseen: ['no-token'] } as const;

export function createGraphClient(options: GraphOptions): GraphClient {
  const send = (call: Call) => sendCall(options, call);
  return {
    debug: (app, token, signal) =>
      send({
        what: 'ask Meta about a token',
        method: 'GET',
        path: 'debug_token',
        params: { input_token: token },
        as: { token: appToken(app), app },
        places: ['header', 'parameter'],
        unseen: ['no-token', 'dead-token', 'bad-request'],
        retry: 'safe',
        signal,
      }),
    read: (app, token, id, fields, signal) =>
      send({
        what: `read ${id} with the token`,
        method: 'GET',
        path: id,
        params: { fields },
        as: { token, app },
        places: ['header', 'parameter'],
        unseen: ['no-token'],
        retry: 'safe',
        signal,
      }),
    mint: (app, admin, order, signal) =>
      send({
        what: 'ask Meta for a new token',
        method: 'POST',
        path: `${order.systemUserId}/access_tokens`,
        params: {
          business_app: app.id,
          scope: order.scopes.join(','),
          ...(order.expiring ? { set_token_expires_in_60_days: 'true' } : {}),
        },
        as: { token: admin, app },
        ...inBody,
        retry: 'never',
        signal,
      }),
    install: (app, admin, systemUserId, signal) =>
      send({
        what: 'install the app on the system user',
        method: 'POST',
        path: `${systemUserId}/applications`,
        params: { business_app: app.id },
        as: { token: admin, app },
        ...inBody,
        retry: 'safe',
        signal,
      }),
    exchange: (app, current, method, signal) =>
      send({
        what: 'exchange the token',
        method,
        path: 'oauth/access_token',
        params: {
          grant_type: 'fb_exchange_token',
          client_id: app.id,
          client_secret: app.secret,
          set_token_expires_in_60_days: 'true',
          fb_exchange_token: current,
        },
        places: ['header'],
        retry: 'never',
        signal,
      }),
    revoke: (app, caller, target, place, signal) =>
      send({
        what: 'revoke the token',
        method: 'GET',
        path: 'oauth/revoke',
        params: { client_id: app.id, client_secret: app.secret, revoke_token: target },
        as: { token: caller, app },
        places: [place],
        retry: 'safe',
        signal,
      }),
  };
}

/** The token that the app itself calls with. */
export function appToken(app: App): string {
  return `${app.id}|${app.secret}`;
}

/** https://developers.facebook.com/docs/graph-api/guides/secure-requests */
function proofOf(app: App, token: string): string {
  return createHmac('sha256', app.secret).update(token).digest('hex');
}

async function sendCall(options: GraphOptions, call: Call): Promise<GraphReply> {
  const [first, ...others] = call.places;
  let reply = await sendOnce(options, call, first);
  for (const place of others) {
    const refused = reply.status < 500 ? reply.error : null;
    if (refused === null || call.unseen?.includes(refused.fault) !== true) break;
    // Whatever else it says: a token has come of it, and asking again would make another.
    if (accessTokenOf(reply.body) !== null) break;
    reply = await sendOnce(options, call, place);
  }
  return reply;
}

async function sendOnce(options: GraphOptions, call: Call, place: TokenPlace): Promise<GraphReply> {
  const { as } = call;
  const params = {
    ...call.params,
    ...(as === undefined ? {} : { appsecret_proof: proofOf(as.app, as.token) }),
    ...(as !== undefined && place === 'parameter' ? { access_token: as.token } : {}),
  };
  const reply = await options.http.send({
    method: call.method,
    url: `${options.graphUrl.replace(/\/+$/, '')}/${options.apiVersion}/${call.path}`,
    what: call.what,
    headers: {
      accept: 'application/json',
      ...(as !== undefined && place === 'header' ? { authorization: `Bearer ${as.token}` } : {}),
    },
    ...(call.method === 'GET' ? { query: params } : { body: { form: params } }),
    deadlineMs: options.timeoutMs,
    retry: call.retry,
    repeatWhen: worthRepeating,
    signal: call.signal,
  });
  return readReply(reply);
}

/** A limit is not repeated here: calling while throttled makes the block longer. */
function worthRepeating(reply: HttpReply): boolean {
  const { error, body, status } = readReply(reply);
  if (error !== null) return error.fault === 'transient';
  return body === undefined && (status === 429 || status >= 500);
}

function readReply(reply: HttpReply): GraphReply {
  const body = parseBody(reply.text);
  const found = errorOf(body);
  const version = reply.headers.get('facebook-api-version') ?? '';
  const trace = found?.fbtrace_id ?? '';
  const date = Date.parse(reply.headers.get('date') ?? '');
  return {
    status: reply.status,
    date: Number.isNaN(date) ? null : date,
    body,
    word: reply.status >= 200 && reply.status < 300 && !mentionsError(body) ? body : undefined,
    retryAfterMs: stayAwayMs(reply.headers, reply.retryAfterMs),
    version: /^v[0-9]{1,3}\.[0-9]{1,2}$/.test(version) ? version : null,
    error:
      found === null
        ? null
        : {
            fault: faultOf(found),
            code: found.code,
            subcode: subcodeOf(found),
            // Shorter than any secret, so that it cannot be one.
            trace: /^[A-Za-z0-9_-]{6,28}$/.test(trace) ? trace : null,
          },
  };
}
