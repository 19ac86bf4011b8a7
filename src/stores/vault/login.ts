import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import type { SendToVault } from './client.ts';
import { badReply } from './faults.ts';
import type { VaultAuth } from './settings.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export type LoginMethod = Exclude<VaultAuth, { method: 'token' }>;

/** A token that a login gave. */
export interface Login {
  readonly token: string;
  /** Milliseconds; 0: it does not expire. */
  readonly ttl: number;
  readonly renewable: boolean;
  /** How many calls it is good for. */
  readonly uses: number;
  /** A batch token cannot be revoked: it ends by itself. */
  readonly revocable: boolean;
}

/**
 * Logs in, without any token: node-vault's own logins would send the one of before. What was refused once is not sent
 * again, because Vault locks out whoever is refused five times.
 */
export function loginsBy(
  auth: LoginMethod,
  send: SendToVault,
  context: PluginContext,
): (signal: AbortSignal) => Promise<Login> {
  const doing = `log in to Vault by ${auth.method}`;
  const path = ['auth', ...auth.mount.split('/'), 'login'];
  let refused: { readonly body: string; readonly error: KeyturnError } | null = null;
  return async (signal) => {
    const body = JSON.stringify(await loginBody(auth, context));
    if (refused?.body === body) throw refused.error;
    const reply = await send({ method: 'POST', path, body, doing, signal }).catch((caught: unknown) => {
      if (!isRefusal(caught)) throw caught;
      const error = refusedLogin(auth, doing);
      refused = { body, error };
      throw error;
    });
    if (reply.missing) throw noLogin(auth, doing);
    return toLogin(reply.json, doing);
  };
}

/** Asks for more time for a token that can be renewed. */
export async function renewed(token: string, send: SendToVault, signal: AbortSignal): Promise<Login> {
  const doing = 'renew the token of Vault';
  const path = ['auth', 'token', 'renew-self'];
  const reply = await send({ method: 'POST', path, body: '{}', token, doing, signal });
  return toLogin(reply.json, doing);
}

async function loginBody(
  auth: LoginMethod,
  context: PluginContext,
): Promise<Readonly<Record<string, string>>> {
  if (auth.method === 'approle') {
    return { role_id: await context.resolve(auth.roleId), secret_id: await context.resolve(auth.secretId) };
  }
  if (auth.method === 'jwt') return { role: auth.role, jwt: (await context.resolve(auth.jwt)).trim() };
  return { role: auth.role, jwt: await serviceAccountToken(auth.tokenFile ?? SERVICE_ACCOUNT, context) };
}

/** The cluster lets every user of a pod read this file, which is why it is no `file:` reference. */
async function serviceAccountToken(path: string, context: PluginContext): Promise<string> {
  try {
    return (await readFile(isAbsolute(path) ? path : join(context.folder, path), 'utf8')).trim();
  } catch {
    throw new KeyturnError('REFERENCE', `the token of the service account cannot be read at ${path}`, {
      hint: 'run inside a pod with a service account, or set auth.tokenFile',
      unsent: true,
    });
  }
}

function toLogin(json: unknown, doing: string): Login {
  const auth = typeof json === 'object' && json !== null && 'auth' in json ? json.auth : null;
  if (typeof auth !== 'object' || auth === null) throw badReply(doing);
  const { client_token, lease_duration, renewable, token_type, num_uses } = auth as Readonly<
    Record<string, unknown>
  >;
  if (typeof client_token !== 'string' || client_token === '') throw badReply(doing);
  return {
    token: client_token,
    ttl: typeof lease_duration === 'number' ? lease_duration * 1000 : 0,
    renewable: renewable === true,
    uses: typeof num_uses === 'number' && num_uses > 0 ? num_uses : Number.POSITIVE_INFINITY,
    revocable: token_type !== 'batch',
  };
}

/** Vault says 400 or 403 to a login that it refuses, and 500 where it cannot ask who would know. */
function isRefusal(caught: unknown): boolean {
  return caught instanceof KeyturnError && ['REFUSED', 'DENIED', 'ADMIN_REFUSED'].includes(caught.code);
}

function refusedLogin(auth: LoginMethod, doing: string): KeyturnError {
  const what = {
    approle: 'the role id or the secret id is refused: wrong, used up, expired or locked out',
    jwt: 'the identity token is refused: expired, or its claims are not those that the role is bound to',
    kubernetes: 'the service account is refused: it is not one that the role is bound to',
  }[auth.method];
  return new KeyturnError('ADMIN_REFUSED', `${doing}: ${what}, or nothing is mounted at auth/${auth.mount}`, {
    hint: 'give a fresh one where `auth` says, and check auth.mount, auth.role and the namespace; who is locked out waits (15 minutes unless set)',
    unsent: true,
  });
}

function noLogin(auth: LoginMethod, doing: string): KeyturnError {
  return new KeyturnError('CONFIG', `${doing}: nothing is mounted at auth/${auth.mount}`, {
    hint: 'correct auth.mount and namespace: vault auth list shows what there is',
    unsent: true,
  });
}
