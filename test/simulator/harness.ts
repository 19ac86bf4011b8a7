import { createHmac } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';

export const START = Date.parse('2026-11-22T12:00:00Z');
export const DAY_MS = 24 * 60 * 60 * 1000;
export const MANAGEMENT = 'whatsapp_business_management';
export const MESSAGING = 'whatsapp_business_messaging';

type Fields = Readonly<Record<string, string>>;

export interface Request {
  readonly query?: Fields;
  readonly form?: Fields;
  readonly json?: unknown;
  readonly bearer?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: replies are whatever the test expects of them
export type Body = any;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface Harness {
  readonly simulator: Simulator;
  readonly pass: (seconds: number) => void;
  readonly call: (method: string, path: string, request?: Request) => Promise<Reply>;
  readonly appToken: () => string;
  readonly mint: (more?: Fields, caller?: string, userId?: string) => Promise<Reply>;
  /** Mints, and expects it to work. */
  readonly minted: (more?: Fields) => Promise<string>;
  readonly install: (userId?: string, caller?: string) => Promise<Reply>;
  readonly refresh: (token: string, more?: Fields, method?: string) => Promise<Reply>;
  readonly revoke: (token: string, caller: string, more?: Fields, method?: string) => Promise<Reply>;
  readonly invalidate: (userId: string, caller?: string) => Promise<Reply>;
  readonly debug: (token: string, caller?: string) => Promise<Reply>;
  readonly send: (token: string) => Promise<Reply>;
  readonly readPhone: (token: string, more?: Fields) => Promise<Reply>;
}

export function proofOf(secret: string, message: string): string {
  return createHmac('sha256', secret).update(message).digest('hex');
}

/** A simulator with a clock that stands still, and the calls of a client. Closed when the test ends. */
export async function startHarness(options: Omit<SimulatorOptions, 'clock'> = {}): Promise<Harness> {
  let now = START;
  const simulator = await startSimulator({ clock: () => now, ...options });
  onTestFinished(() => simulator.close());
  const { world, url } = simulator;
  const call = (method: string, path: string, request: Request = {}) =>
    fetchReply(url, method, path, request);
  const client = () => ({ client_id: world.appId, client_secret: world.appSecret });
  const withFields = (method: string, fields: Fields) =>
    method === 'GET' ? { query: fields } : { form: fields };
  const proven = (token: string) => ({
    access_token: token,
    appsecret_proof: proofOf(world.appSecret, token),
  });
  const mint: Harness['mint'] = (more = {}, caller = world.adminToken, userId = world.systemUserId) => {
    const scope = `${MANAGEMENT},${MESSAGING}`;
    const form = { business_app: world.appId, scope, ...proven(caller), ...more };
    return call('POST', `/v25.0/${userId}/access_tokens`, { form });
  };
  return {
    simulator,
    pass: (seconds) => {
      now += seconds * 1000;
    },
    call,
    appToken: () => `${world.appId}|${world.appSecret}`,
    mint,
    minted: async (more) => {
      const { status, body } = await mint(more);
      if (status !== 200) throw new Error(`the mint was refused: ${JSON.stringify(body)}`);
      return body.access_token;
    },
    install: (userId = world.systemUserId, caller = world.adminToken) =>
      call('POST', `/v25.0/${userId}/applications`, {
        form: { business_app: world.appId, ...proven(caller) },
      }),
    refresh: (token, more = {}, method = 'GET') => {
      const grant = { grant_type: 'fb_exchange_token', set_token_expires_in_60_days: 'true' };
      const fields = { ...client(), ...grant, fb_exchange_token: token, ...more };
      return call(method, '/v25.0/oauth/access_token', withFields(method, fields));
    },
    revoke: (token, caller, more = {}, method = 'GET') => {
      const fields = { ...client(), revoke_token: token, access_token: caller, ...more };
      return call(method, '/v25.0/oauth/revoke', withFields(method, fields));
    },
    invalidate: (userId, caller = world.adminToken) =>
      call('DELETE', `/v25.0/${userId}/access_tokens`, { query: proven(caller) }),
    debug: (token, caller = `${world.appId}|${world.appSecret}`) =>
      call('GET', '/v25.0/debug_token', { query: { input_token: token }, bearer: caller }),
    send: (token) =>
      call('POST', `/v25.0/${world.phoneNumberId}/messages`, {
        bearer: token,
        json: { messaging_product: 'whatsapp', to: '+15550100', type: 'text', text: { body: 'hello' } },
      }),
    readPhone: (token, more = {}) =>
      call('GET', `/v25.0/${world.phoneNumberId}`, { bearer: token, query: more }),
  };
}

async function fetchReply(base: string, method: string, path: string, request: Request): Promise<Reply> {
  const url = new URL(base + path);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  const headers = new Headers();
  if (request.bearer !== undefined) headers.set('authorization', `Bearer ${request.bearer}`);
  if (request.json !== undefined) headers.set('content-type', 'application/json');
  const form = request.form && new URLSearchParams(request.form);
  const body = request.json === undefined ? form : JSON.stringify(request.json);
  const init = { method, headers, redirect: 'manual' as const, ...(body !== undefined && { body }) };
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // the faults that answer something else than JSON
  }
}
