import { KeyturnError } from '../core/errors.ts';
import type { PluginContext } from '../core/plugin.ts';
import { durationMs } from '../core/setting.ts';
import { createHttpClient, type HttpClient, type HttpReply, type HttpRequest } from '../http/client.ts';
import { type TokenDesk, tokenDesk } from './access-token.ts';
import { failureOf } from './failures.ts';
import type { Description } from './fields.ts';
import { judgeReply } from './judge.ts';
import type { Operation } from './operation-settings.ts';
import { bodyOf, type Form, formOf } from './reading.ts';
import { fillRequest, tokenOrder } from './request.ts';
import { fillerFor, type Values } from './values.ts';

/** One request by the description. */
export interface Order {
  readonly operation: Operation;
  readonly what: string;
  readonly method: HttpRequest['method'];
  readonly values: Values;
  /** Whether it changes something at the provider. */
  readonly effect: boolean;
  /** Whether it is as good sent twice as once. */
  readonly repeatable: boolean;
  readonly absentIsDone?: boolean;
  /** The page of a list: its whole address, or more of the query. */
  readonly page?: { readonly url: string } | { readonly query: Readonly<Record<string, string>> };
  readonly signal: AbortSignal;
}

export interface Done {
  readonly meaning: 'done' | 'already';
  /** The JSON of the reply; undefined where it is none. */
  readonly body: unknown;
  readonly form: Form;
  /** Where it was sent. */
  readonly url: URL;
}

export interface Sender {
  /** Milliseconds since the epoch. */
  readonly now: PluginContext['now'];
  /** Sends one request and gives the reply that means yes; throws for every other one. */
  send(order: Order): Promise<Done>;
}

export function createSender(description: Description, context: PluginContext): Sender {
  const http = createHttpClient({ ...context, userAgent: 'keyturn' });
  const timeoutMs = durationMs(description.timeout) ?? 0;
  const desk = tokenDesk(http, context.now, timeoutMs);
  return {
    now: context.now,
    send: (order) => send({ description, context, http, desk, timeoutMs }, order),
  };
}

interface Outfit {
  readonly description: Description;
  readonly context: PluginContext;
  readonly http: HttpClient;
  readonly desk: TokenDesk;
  readonly timeoutMs: number;
}

async function send(outfit: Outfit, order: Order): Promise<Done> {
  const { description, context, http, desk, timeoutMs } = outfit;
  const { operation, what, effect, signal } = order;
  if (signal.aborted) {
    throw new KeyturnError('INTERRUPTED', `${what}: interrupted`, {
      hint: 'run again to resume',
      unsent: true,
    });
  }
  const auth = operation.auth === 'none' ? undefined : description.auth;
  const filler = await fillerFor(operation, auth, description.secrets ?? {}, order.values, context);
  const wanted = tokenOrder(operation, auth, filler);
  const access = wanted === null ? null : await desk.get(wanted, signal);
  const { url, query, proof, ...filled } = fillRequest(operation, description.baseUrl, auth, access, filler);
  const page = order.page ?? { query: {} };
  const reply = await http.send({
    ...filled,
    // The address of a next page has the query in it already.
    ...('url' in page
      ? { url: page.url, query: proof }
      : { url, query: { ...query, ...page.query, ...proof } }),
    method: operation.method ?? order.method,
    what,
    deadlineMs: timeoutMs,
    retry: order.repeatable ? 'safe' : 'never',
    signal,
  });
  const { host } = new URL(url);
  const seen = seenIn(reply);
  const usual = { absentIsDone: order.absentIsDone === true };
  const meaning = judgeReply(operation.answers, usual, { status: reply.status, ...seen });
  if (meaning === 'admin' && access !== null) desk.drop();
  if (meaning === 'done' || meaning === 'already') return { meaning, ...seen, url: new URL(url) };
  throw failureOf({ what, host, effect, errorCode: description.errorCode }, meaning, reply, seen);
}

function seenIn(reply: HttpReply): { readonly body: unknown; readonly form: Form } {
  const body = bodyOf(reply.text);
  return { body, form: formOf(reply.text, body) };
}
