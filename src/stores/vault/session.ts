import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import type { SendToVault } from './client.ts';
import { type Login, type LoginMethod, loginsBy, renewed } from './login.ts';
import type { VaultAuth } from './settings.ts';

/** A token with less of its time left is not begun with: a call may take this long. */
const LEAST_LEFT_MS = 30_000;
/** A token that is younger did not go bad unless Vault says so: what it is refused is refused to the role. */
const YOUNG_MS = 10_000;
const REVOKE_MS = 5_000;
/** What a header can carry and a token of Vault has. */
const PRINTABLE = /^[!-~]+$/;

/** A token with which a call was refused. */
export interface Refused {
  readonly token: string;
  /** True where Vault says that it is none; false where it may only lack a right. */
  readonly invalid: boolean;
}

/** The token that calls are made with. */
export interface Session {
  /** One that is good for a call that begins now. */
  token(signal: AbortSignal): Promise<string>;
  /** Another one in place of one that Vault refused; null where none is needed, or none to be had. */
  replaced(refused: Refused, signal: AbortSignal): Promise<string | null>;
  /** Revokes what it fetched. Succeeds twice. */
  close(): Promise<void>;
}

interface Held extends Login {
  readonly since: number;
}

export function openSession(auth: VaultAuth, send: SendToVault, context: PluginContext): Session {
  return auth.method === 'token' ? givenToken(auth.token, context) : fetchedToken(auth, send, context);
}

/** A token that others take care of. It is read each time, so that one that was replaced is found. */
function givenToken(reference: string, context: PluginContext): Session {
  const read = async () => {
    const token = (await context.resolve(reference)).trim();
    if (PRINTABLE.test(token)) return token;
    throw new KeyturnError('REFERENCE', `what ${reference} holds cannot be a token of Vault`, {
      hint: 'put the token alone there, on one line: letters, digits and signs of ASCII without blanks',
      unsent: true,
    });
  };
  return {
    token: read,
    replaced: async (refused) => {
      const now = await read();
      return now === refused.token ? null : now;
    },
    close: async () => undefined,
  };
}

function fetchedToken(auth: LoginMethod, send: SendToVault, context: PluginContext): Session {
  const logIn = loginsBy(auth, send, context);
  let held: Held | null = null;
  /** One at a time: an AppRole may have a secret id that is good for one login. */
  let turn: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work, work);
    turn = done.catch(() => undefined);
    return done;
  };
  /** Holds it, and takes one of its uses. */
  const use = (one: Held): string => {
    held = { ...one, uses: one.uses - 1 };
    return one.token;
  };
  const fresh = async (signal: AbortSignal) => use({ ...(await logIn(signal)), since: context.now() });

  /** What cannot be revoked now ends by itself, after the time that the role gives it. */
  const revoke = async ({ token, revocable }: Login): Promise<void> => {
    if (!revocable) return;
    const signal = AbortSignal.timeout(REVOKE_MS);
    const doing = 'revoke the token of this run';
    const path = ['auth', 'token', 'revoke-self'];
    await send({ method: 'POST', path, body: '{}', token, doing, signal }).catch(ignoreFailure);
  };

  /** False where Vault may have ended it: a role without the policy `default` is refused this too. */
  const isGood = async (one: Held, signal: AbortSignal): Promise<boolean> => {
    const age = context.now() - one.since;
    // Below zero: somebody has put the clock back, and nobody knows how old it is.
    if ((age >= 0 && age < YOUNG_MS) || one.uses < 1) return true;
    const token = use(one);
    const path = ['auth', 'token', 'lookup-self'];
    const asked = { method: 'GET', path, token, doing: 'look at the token of this run', signal } as const;
    const fault = await send(asked).then(() => null, faultUnlessInterrupted);
    return fault?.code !== 'DENIED' && fault?.code !== 'ADMIN_REFUSED';
  };

  const next = async (signal: AbortSignal): Promise<string> => {
    const old = held;
    if (old === null || old.uses < 1) return await fresh(signal);
    const left = leftOf(old, context.now());
    const enough = Math.min(LEAST_LEFT_MS, old.ttl / 3);
    if (left > enough) return use(old);
    if (left <= 0) return await fresh(signal);
    if (old.renewable && old.uses > 1) {
      const more = await renewed(use(old), send, signal).catch(noneUnlessInterrupted);
      // Vault gives no more than what the role has left, in whole seconds: it may be none.
      if (more !== null && more.ttl > enough)
        return use({ ...more, uses: old.uses - 1, since: context.now() });
    }
    return (await fresh(signal).catch(noneUnlessInterrupted)) ?? use(old);
  };

  return {
    token: (signal) => alone(() => next(signal)),

    replaced: ({ token, invalid }, signal) =>
      alone(async () => {
        const old = held;
        if (old === null) return null;
        if (old.token !== token) return await next(signal);
        if (!invalid && (await isGood(old, signal))) return null;
        const another = await fresh(signal).catch(noneUnlessInterrupted);
        if (another !== null && !invalid) await revoke(old);
        return another;
      }),

    close: () =>
      alone(async () => {
        const last = held;
        held = null;
        // With its last use it ended by itself.
        if (last !== null && last.uses > 0) await revoke(last);
      }),
  };
}

function leftOf(held: Pick<Held, 'ttl' | 'since'>, now: number): number {
  return held.ttl === 0 ? Number.POSITIVE_INFINITY : held.since + held.ttl - now;
}

function noneUnlessInterrupted(caught: unknown): null {
  faultUnlessInterrupted(caught);
  return null;
}

function faultUnlessInterrupted(caught: unknown): KeyturnError {
  if (caught instanceof KeyturnError && caught.code !== 'INTERRUPTED' && caught.code !== 'BUG') return caught;
  throw caught;
}

function ignoreFailure(caught: unknown): void {
  if (!(caught instanceof KeyturnError)) throw caught;
}
