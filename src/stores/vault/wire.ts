import { type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent, request as securedRequest } from 'node:https';
import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import { startDeadline } from '../../http/deadline.ts';
import { networkFailure } from '../../http/failure.ts';
import { retryAfterMs } from '../../http/retry-after.ts';
import { urlFault } from '../../http/url.ts';
import { inSlots } from './slots.ts';

const ATTEMPTS = 3;
const FIRST_WAIT_MS = 250;
/** Each call opens a connection. A thousand at once would all be late; their time begins when they are sent. */
const AT_ONCE = 16;
const MAX_BYTES = 8 * 1024 * 1024;
/** What a read is repeated for: nothing was changed, and the next node or the next moment may answer. */
const WORTH_REPEATING: ReadonlySet<number> = new Set([412, 429, 500, 502, 504]);

export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON as text. */
  readonly body?: string;
  /** What is being done, for errors. */
  readonly what: string;
  /** For the whole call, repetitions included. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export interface WireReply {
  readonly status: number;
  readonly text: string;
  /** Undefined where the body is not JSON. */
  readonly json: unknown;
  readonly retryAfterMs?: number;
}

/**
 * Sends a request and gives the reply, whatever its status: a redirect is one too. A GET is tried three times, all else
 * is sent at most once. Throws KeyturnError, which quotes neither a header nor a body.
 */
export type Wire = (request: WireRequest) => Promise<WireReply>;

/**
 * HTTP over Node's own sockets: `fetch` takes no certificates, and takes longer to load than all of the rest of the store.
 * `ca`: the certificates that are trusted instead of the usual ones. No variable turns the check of certificates off.
 */
export function openWire(ca: string | null, context: Pick<PluginContext, 'now' | 'sleep'>): Wire {
  const agent = new Agent({ rejectUnauthorized: true, ...(ca === null ? {} : { ca }) });
  const inSlot = inSlots(AT_ONCE);
  return (request) => inSlot(() => send(request, agent, context));
}

async function send(
  request: WireRequest,
  agent: Agent,
  context: Pick<PluginContext, 'now' | 'sleep'>,
): Promise<WireReply> {
  const url = addressOf(request);
  const endsAt = context.now() + request.deadlineMs;
  const deadline = startDeadline(request);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await deadline
        .race(exchange(url, request, agent, deadline.signal, context.now))
        .catch((caught: unknown) => deadline.error() ?? networkFailure(caught, request.what, url.host));
      const failed = outcome instanceof KeyturnError;
      const again = failed ? outcome.code === 'UNREACHABLE' : WORTH_REPEATING.has(outcome.status);
      const wait = (failed ? undefined : outcome.retryAfterMs) ?? FIRST_WAIT_MS * 2 ** (attempt - 1);
      const last = request.method !== 'GET' || attempt === ATTEMPTS || context.now() + wait >= endsAt;
      if (last || !again) {
        if (failed) throw outcome;
        return outcome;
      }
      await context.sleep(wait, deadline.signal).catch((caught: unknown) => {
        throw deadline.error() ?? caught;
      });
    }
  } finally {
    deadline.stop();
  }
}

function addressOf({ url, what }: WireRequest): URL {
  const fault = urlFault(url);
  if (fault === null) return new URL(url);
  throw new KeyturnError('CONFIG', `${what}: the address ${fault}`, {
    hint: 'correct `address` in the configuration',
    unsent: true,
  });
}

function exchange(
  url: URL,
  { method, headers, body, what }: WireRequest,
  agent: Agent,
  signal: AbortSignal,
  now: () => number,
): Promise<WireReply> {
  const described = body === undefined ? {} : { 'content-type': 'application/json' };
  const length = { 'content-length': String(Buffer.byteLength(body ?? '')) };
  // One connection per call: a reset on an idle one that is used again would leave open whether the call was sent.
  const all = { ...described, ...length, ...headers, 'user-agent': 'keyturn', connection: 'close' };
  const common = { method, signal };
  return new Promise((resolve, reject) => {
    const call =
      url.protocol === 'https:' ? securedRequest(url, { ...common, agent }) : plainRequest(url, common);
    // Not among the options, which Node prints when NODE_DEBUG says so.
    for (const [name, value] of Object.entries(all)) call.setHeader(name, value);
    call.once('error', reject);
    call.once('response', (reply) => {
      readAll(reply, what).then((text) => resolve(toReply(reply, text, now)), reject);
    });
    call.end(body);
  });
}

async function readAll(reply: IncomingMessage, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of reply) {
    size += (chunk as Buffer).length;
    if (size > MAX_BYTES) {
      throw new KeyturnError('BAD_REPLY', `${what}: the answer is larger than ${MAX_BYTES} bytes`, {
        hint: 'check that `address` is that of Vault and not of a web page',
      });
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function toReply(reply: IncomingMessage, text: string, now: () => number): WireReply {
  const get = (name: string): string | null => {
    const value = reply.headers[name];
    return typeof value === 'string' ? value : null;
  };
  const wait = retryAfterMs({ get }, now());
  const common = { status: reply.statusCode ?? 0, text, json: parsed(text) };
  return wait === null ? common : { ...common, retryAfterMs: wait };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: `undefined` says so, and the caller decides what that means.
    return undefined;
  }
}
