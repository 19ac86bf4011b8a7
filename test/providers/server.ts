import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Failure as ContractFailure } from '../contracts/issuer.ts';

/*
 * What the simulated providers of this folder share: a server on this machine, and ways to go wrong. Each provider
 * follows its documentation as docs/issuers/ names it, and shares no line with the issuer that it is there to test.
 */

/** `held`: it has its effect, and never answers. */
export type Failure = ContractFailure | 'held';

/** A key as a provider remembers it. */
export interface ProviderKey {
  readonly id: string;
  readonly secret: string;
  readonly name: string;
  readonly madeAt: number;
  /** When it stopped being accepted; it may still lie ahead. Null: it lives. */
  deadFrom: number | null;
  /** When somebody last used it; null: nobody has. */
  usedAt: number | null;
}

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly form: URLSearchParams;
  readonly json: Readonly<Record<string, unknown>>;
  readonly basic: { readonly user: string; readonly password: string } | null;
  /** What follows this scheme in Authorization. */
  readonly after: (scheme: string) => string | null;
}

export interface Say {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Routes {
  /** Answers one request, effects included. */
  readonly route: (ask: Ask) => Say;
  /** Whether a request asks for a key. */
  readonly creates: (ask: Ask) => boolean;
  /** Whether a request only tries a key, so that keyturn's own credentials are not in it. */
  readonly tries: (ask: Ask) => boolean;
  /** The answer to credentials that are wrong. */
  readonly denied: Say;
}

export interface Server {
  readonly url: string;
  /** Every request as `METHOD /path`, in order. */
  readonly log: string[];
  creates(): number;
  /** How the next requests fail; `times` of them, or all. */
  fail(how: Failure | null, what: 'all' | 'create' | 'revoke', times?: number): void;
  /** Changes the answer of the next create, after its effect. */
  answer(change: ((said: Say) => Say) | null): void;
  close(): Promise<void>;
}

export async function startServer({ route, creates, tries, denied }: Routes): Promise<Server> {
  const log: string[] = [];
  let made = 0;
  let failing: { how: Failure; what: 'all' | 'create' | 'revoke'; left: number } | null = null;
  let change: ((said: Say) => Say) | null = null;

  const server = createServer((request, response) => {
    void read(request).then((ask) => {
      log.push(`${ask.method} ${ask.path}`);
      const creating = creates(ask);
      if (creating) made += 1;
      const revoking = ['DELETE', 'PUT'].includes(ask.method) || ask.path.endsWith('/Promote');
      const fits =
        failing?.what === 'all' ||
        (failing?.what === 'create' ? creating : failing?.what === 'revoke' && revoking);
      const how = failing !== null && fits && failing.left > 0 ? failing.how : null;
      if (how !== null && failing !== null) failing.left -= 1;
      if (how === 'refused' && !tries(ask)) return send(response, denied);
      if (how === 'silent') return;
      if (how === 'reset') return void response.socket?.resetAndDestroy();
      if (how === 'html') {
        return send(response, {
          status: 502,
          type: 'text/html',
          text: '<html><body>Bad gateway</body></html>',
        });
      }
      const said = route(ask);
      if (how === 'held') return;
      if (how === 'lost') return void response.socket?.resetAndDestroy();
      if (how === 'cut') {
        const text = JSON.stringify(said.json ?? {}).padEnd(40);
        response.writeHead(said.status, { 'content-length': String(text.length) });
        response.write(text.slice(0, text.length / 2), () => response.destroy());
        return;
      }
      if (!creating || change === null) return send(response, said);
      send(response, change(said));
      change = null;
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    creates: () => made,
    fail: (how, what, times = Number.MAX_SAFE_INTEGER) => {
      failing = how === null ? null : { how, what, left: times };
    },
    answer: (how) => {
      change = how;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function send(response: ServerResponse, { status, json, text, type, headers }: Say): void {
  response.writeHead(status, { 'content-type': type ?? 'application/json', ...headers });
  response.end(text ?? (json === undefined ? undefined : JSON.stringify(json)));
}

async function read(request: IncomingMessage): Promise<Ask> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  const url = new URL(request.url ?? '/', 'http://localhost');
  const authorization = request.headers.authorization ?? '';
  const after = (scheme: string): string | null =>
    authorization.startsWith(`${scheme} `) ? authorization.slice(scheme.length + 1) : null;
  const pair = Buffer.from(after('Basic') ?? '', 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    body,
    headers: request.headers as Ask['headers'],
    form: new URLSearchParams(body),
    json: parsed(body),
    basic: colon < 0 ? null : { user: pair.slice(0, colon), password: pair.slice(colon + 1) },
    after,
  };
}

function parsed(body: string): Ask['json'] {
  try {
    return JSON.parse(body) as Ask['json'];
  } catch {
    return {};
  }
}

/** Hex digits that no other key has. */
export function hex(digits: number): string {
  return randomBytes(digits).toString('hex').slice(0, digits);
}

/** The keys of one simulated account. */
export interface Keyring {
  readonly keys: ProviderKey[];
  add(key: { readonly id: string; readonly secret: string; readonly name?: string }): ProviderKey;
  live(): readonly ProviderKey[];
  /** The key of this secret while it is accepted. */
  accepted(secret: string | null | undefined): ProviderKey | null;
  /** Ends a key after the delay that revocations have here; false where there is none. */
  end(id: string): boolean;
  /** How long an ended key is still accepted, in milliseconds. */
  delay: number;
}

export function keyring(): Keyring {
  const keys: ProviderKey[] = [];
  const alive = (key: ProviderKey): boolean => key.deadFrom === null || key.deadFrom > Date.now();
  const ring: Keyring = {
    keys,
    delay: 0,
    add: ({ id, secret, name = '' }) => {
      const key: ProviderKey = { id, secret, name, madeAt: Date.now(), deadFrom: null, usedAt: null };
      keys.push(key);
      return key;
    },
    live: () => keys.filter((key) => key.deadFrom === null),
    accepted: (secret) => keys.find((key) => key.secret === secret && alive(key)) ?? null,
    end: (id) => {
      const key = keys.find((one) => one.id === id && one.deadFrom === null);
      if (key !== undefined) key.deadFrom = Date.now() + ring.delay;
      return key !== undefined;
    },
  };
  return ring;
}
