import {
  type Issuer,
  type IssuerKind,
  KeyturnError,
  type Plugin,
  type PluginContext,
  Secret,
  type Verification,
} from 'keyturn';
import * as z from 'zod/mini';

interface AcmeSettings {
  readonly kind: 'acme';
  readonly url: string;
  readonly adminToken: string;
  readonly timeoutMs: number;
}

// `reference: true` tells keyturn that this setting holds the place of a secret, never the secret.
const adminToken = z.string().check(z.regex(/^(env|file|store):/));
z.globalRegistry.add(adminToken, { reference: true, description: 'A token that may manage keys.' });

const acme: IssuerKind<AcmeSettings> = {
  kind: 'acme',
  summary: 'API keys of Acme.',
  settings: z.strictObject({
    kind: z.literal('acme'),
    url: z.string().check(z.regex(/^https?:\/\//)),
    adminToken,
    timeoutMs: z._default(z.int(), 10_000),
  }),
  load: async () => createAcme,
};

/** Written for version 1 of the issuer contract: a number, so that a later keyturn refuses it. */
export const plugin: Plugin = { contracts: { issuer: 1 }, issuers: [acme] };

function createAcme(settings: AcmeSettings, context: PluginContext): Issuer {
  const send = (call: Call) => request(settings, context, call);
  return {
    kind: 'acme',
    traits: {
      secretFrom: 'issuer',
      asksWith: 'own',
      maxLive: 'unknown',
      revokesBy: 'secret',
      proves: true,
      marks: false,
      lists: false,
      lastUsed: false,
      settles: 0,
      sweeps: false,
      longestLife: null,
    },
    create: async ({ mark, signal }) => {
      const reply = await send({ what: 'create a key', method: 'POST', path: '/keys', name: mark, signal });
      const { secret } = (reply.body ?? {}) as { readonly secret?: unknown };
      if (reply.status === 201 && typeof secret === 'string') return { secret: Secret.of(secret), facts: {} };
      throw failure('create a key', reply.status);
    },
    verify: async (key, signal): Promise<Verification> => {
      try {
        const reply = await send({ what: 'test a key', method: 'GET', path: '/me', key, signal });
        if (reply.status === 200) return { verdict: 'works', facts: {}, findings: [] };
        if (reply.status === 401) return { verdict: 'refused', why: 'dead', message: 'Acme answered 401' };
        return { verdict: 'unknown', message: `Acme answered ${reply.status}` };
      } catch (caught) {
        if (!(caught instanceof KeyturnError) || caught.code === 'INTERRUPTED') throw caught;
        return { verdict: 'unknown', message: caught.message };
      }
    },
    revoke: async ({ secret, signal }) => {
      if (secret === undefined) {
        throw new KeyturnError('PERSON', 'the value of the key is lost', {
          hint: 'remove it at Acme by hand',
        });
      }
      const reply = await send({
        what: 'revoke a key',
        method: 'DELETE',
        path: '/keys',
        key: secret,
        signal,
      });
      if (reply.status !== 204 && reply.status !== 404) throw failure('revoke a key', reply.status);
    },
  };
}

interface Call {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly name?: string;
  readonly key?: Secret;
  readonly signal: AbortSignal;
}

/** Sends one request. Nothing of a reply but its status is in an error, and nothing of a secret. */
async function request({ url, adminToken, timeoutMs }: AcmeSettings, { resolve }: PluginContext, call: Call) {
  const interrupted = (unsent: boolean) =>
    new KeyturnError('INTERRUPTED', `${call.what}: interrupted`, { hint: 'run again to resume', unsent });
  if (call.signal.aborted) throw interrupted(true);
  const bearer = call.method === 'GET' ? call.key?.open() : await resolve(adminToken);
  try {
    const response = await fetch(`${url}${call.path}`, {
      method: call.method,
      headers: {
        authorization: `Bearer ${bearer}`,
        connection: 'close',
        ...(call.method === 'DELETE' ? { 'x-key': call.key?.open() ?? '' } : {}),
      },
      ...(call.name === undefined ? {} : { body: JSON.stringify({ name: call.name }) }),
      redirect: 'manual',
      signal: AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]),
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  } catch {
    if (call.signal.aborted) throw interrupted(false);
    throw new KeyturnError('UNREACHABLE', `${call.what}: no answer from Acme`, { hint: 'run again later' });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A page or half of a reply: `undefined` says so.
    return undefined;
  }
}

function failure(what: string, status: number): KeyturnError {
  const code = status === 401 ? 'ADMIN_REFUSED' : status === 429 ? 'RATE_LIMITED' : 'UNAVAILABLE';
  return new KeyturnError(code, `${what}: Acme answered ${status}`, {
    hint: 'look at the status page of Acme',
  });
}
