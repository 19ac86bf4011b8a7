import { KeyturnError } from '../core/errors.ts';
import type { PluginContext } from '../core/plugin.ts';
import { encodeBody, type RequestBody, readBody } from './body.ts';
import { startDeadline } from './deadline.ts';
import { networkFailure } from './failure.ts';
import { retryAfterMs } from './retry-after.ts';
import { urlFault } from './url.ts';

/** One attempt and two repetitions: enough for a hiccup, too few to be a burden. */
const ATTEMPTS = 3;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
const MAX_BYTES = 1024 * 1024;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute; `https:`, or `http:` on this machine. It is never quoted in an error. */
  readonly url: string;
  /** What is being done, for errors, such as `exchange the token`. Never a secret. */
  readonly what: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Joined to the query that `url` already has. */
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** For the whole call: every attempt, every wait, and the reply's body. Milliseconds. */
  readonly deadlineMs: number;
  /** The largest body that is read, 1 MiB unless said otherwise. */
  readonly maxBytes?: number;
  /** `never`: sent at most once. `safe`: the caller promises that twice is as good as once. */
  readonly retry: 'never' | 'safe';
  /**
   * Whether a reply to a `safe` request is worth asking for again.
   * Unless said otherwise: 429 or 5xx with a body that is not JSON.
   */
  readonly repeatWhen?: (reply: HttpReply) => boolean;
  readonly signal: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined where it is not JSON in UTF-8. */
  readonly json: unknown;
  /** How long `Retry-After` asks to stay away. */
  readonly retryAfterMs?: number;
}

export interface HttpOptions extends Pick<PluginContext, 'now' | 'sleep'> {
  /** Spreads the waits before repetitions; without it they are not spread. */
  readonly random?: PluginContext['random'];
  readonly userAgent: string;
  readonly fetch?: typeof fetch;
}

export interface HttpClient {
  /**
   * Sends one request and gives the reply, whatever its status: a redirect is a reply too, and is never followed.
   *
   * Throws KeyturnError: CONFIG for an address that must not be used; BAD_VALUE for a header that cannot be sent;
   * UNREACHABLE (`unsent` where the request surely never left), TIMEOUT, BAD_REPLY (not HTTP, or larger than
   * `maxBytes`); INTERRUPTED when `signal` aborts, `unsent` where it had before anything was sent.
   * No error quotes the URL beyond its host, a header's value, or a body.
   */
  send(request: HttpRequest): Promise<HttpReply>;
}

export function createHttpClient(options: HttpOptions): HttpClient {
  return { send: (request) => send(options, request) };
}

async function send(options: HttpOptions, request: HttpRequest): Promise<HttpReply> {
  const prepared = prepare(options, request);
  const endsAt = options.now() + request.deadlineMs;
  const deadline = startDeadline(request);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const last = request.retry === 'never' || attempt === ATTEMPTS;
      const outcome = await deadline
        .race(attemptOnce(options, request, prepared, deadline.signal))
        .catch(
          (caught: unknown) => deadline.error() ?? networkFailure(caught, request.what, prepared.url.host),
        );
      if (outcome instanceof KeyturnError) {
        if (last || outcome.code !== 'UNREACHABLE') throw outcome;
      } else if (last || !worthRepeating(request, outcome)) {
        return outcome;
      }
      const asked = outcome instanceof KeyturnError ? undefined : outcome.retryAfterMs;
      const wait = asked ?? backOff(options, attempt);
      if (options.now() + wait >= endsAt) {
        if (outcome instanceof KeyturnError) throw outcome;
        return outcome;
      }
      await options.sleep(wait, deadline.signal).catch((caught: unknown) => {
        throw deadline.error() ?? caught;
      });
    }
  } finally {
    deadline.stop();
  }
}

interface Prepared {
  readonly url: URL;
  readonly headers: Headers;
  readonly bytes: Uint8Array | null;
}

function prepare(options: HttpOptions, request: HttpRequest): Prepared {
  const fault = urlFault(request.url);
  if (fault !== null) {
    throw new KeyturnError('CONFIG', `${request.what}: the address ${fault}`, {
      hint: 'correct the URL in the configuration',
      unsent: true,
    });
  }
  const url = new URL(request.url);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.append(name, value);
  const body = encodeBody(request.body, request.method);
  const headers = new Headers();
  // One connection per request: a reset on an idle connection that is used again would leave open whether it was sent.
  const wanted = {
    'user-agent': options.userAgent,
    ...body?.headers,
    ...request.headers,
    connection: 'close',
  };
  for (const [name, value] of Object.entries(wanted)) {
    try {
      headers.set(name, value);
    } catch {
      throw new KeyturnError('BAD_VALUE', `${request.what}: the ${name} header holds what cannot be sent`, {
        hint: 'look for a line break or a stray character in the value that goes into this header',
        unsent: true,
      });
    }
  }
  return { url, headers, bytes: body?.bytes ?? null };
}

async function attemptOnce(
  options: HttpOptions,
  request: HttpRequest,
  { url, headers, bytes }: Prepared,
  signal: AbortSignal,
): Promise<HttpReply> {
  const { fetch = globalThis.fetch, now } = options;
  // A body that is a stream cannot be sent twice: fetch repeats others by itself after a 421.
  const body = bytes === null ? null : new Blob([bytes]).stream();
  const response = await fetch(url, {
    method: request.method,
    headers,
    redirect: 'manual',
    signal,
    ...(body === null ? {} : { body, duplex: 'half' }),
  });
  const { text, json } = await readBody(response, request.maxBytes ?? MAX_BYTES, request.what);
  const wait = retryAfterMs(response.headers, now());
  return {
    status: response.status,
    headers: response.headers,
    text,
    json,
    ...(wait === null ? {} : { retryAfterMs: wait }),
  };
}

function worthRepeating(request: HttpRequest, reply: HttpReply): boolean {
  if (request.repeatWhen !== undefined) return request.repeatWhen(reply);
  return (reply.status === 429 || reply.status >= 500) && reply.json === undefined;
}

/** Doubles from attempt to attempt; between half and all of it by chance, so that many runs do not come back together. */
function backOff(options: HttpOptions, attempt: number): number {
  const full = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS);
  const chance = options.random === undefined ? 1 : (options.random(1)[0] ?? 255) / 255;
  return Math.round(full * (0.5 + chance / 2));
}
