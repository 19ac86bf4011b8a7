import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import type { SendToVault } from './client.ts';
import { type Login, type LoginMethod, logIn, renewed } from './login.ts';
import type { VaultAuth } from './settings.ts';

/** A token with less of its time left is not begun with: a call may take this long. */
const LEAST_LEFT_MS = 30_000;
/** A token that is younger did not go bad: what it is refused is refused to the role. */
const YOUNG_MS = 10_000;
const REVOKE_MS = 5_000;

/** The token that calls are made with. */
export interface Session {
  /** One that is good for a call that begins now. */
  token(signal: AbortSignal): Promise<string>;
  /** Another one in place of one that Vault refused; null where there is none to be had. */
  replaced(refused: string, signal: AbortSignal): Promise<string | null>;
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
  const read = async () => (await context.resolve(reference)).trim();
  return {
    token: read,
    replaced: async (refused) => {
      const now = await read();
      return now === refused ? null : now;
    },
    close: async () => undefined,
  };
}

function fetchedToken(auth: LoginMethod, send: SendToVault, context: PluginContext): Session {
  let held: Held | null = null;
  /** One at a time: an AppRole may have a secret id that is good for one login. */
  let turn: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work, work);
    turn = done.catch(() => undefined);
    return done;
  };
  const hold = (login: Login): string => {
    held = { ...login, since: context.now() };
    return login.token;
  };
  const fresh = async (signal: AbortSignal) => hold(await logIn(auth, send, context, signal));

  /** What cannot be revoked now ends by itself, after the time that the role gives it. */
  const revoke = async ({ token, revocable }: Login): Promise<void> => {
    if (!revocable) return;
    const signal = AbortSignal.timeout(REVOKE_MS);
    const doing = 'revoke the token of this run';
    const path = ['auth', 'token', 'revoke-self'];
    await send({ method: 'POST', path, body: '{}', token, doing, signal }).catch(ignoreFailure);
  };

  return {
    token: (signal) =>
      alone(async () => {
        if (held === null) return await fresh(signal);
        const left = leftOf(held, context.now());
        const enough = Math.min(LEAST_LEFT_MS, held.ttl / 3);
        if (left > enough) return held.token;
        const old = held;
        if (old.renewable && left > 0) {
          const more = await renewed(old.token, send, signal).catch(noneUnlessInterrupted);
          // Vault gives no more than what the role has left, in whole seconds: it may be none.
          if (more !== null && more.ttl > enough) return hold(more);
        }
        return await fresh(signal);
      }),

    replaced: (refused, signal) =>
      alone(async () => {
        if (held === null) return null;
        if (held.token !== refused) return held.token;
        const age = context.now() - held.since;
        // Below zero: somebody has put the clock back, and nobody knows how old it is.
        if (age >= 0 && age < YOUNG_MS) return null;
        await revoke(held);
        return await fresh(signal).catch(noneUnlessInterrupted);
      }),

    close: () =>
      alone(async () => {
        const last = held;
        held = null;
        if (last !== null) await revoke(last);
      }),
  };
}

function leftOf(held: Pick<Held, 'ttl' | 'since'>, now: number): number {
  return held.ttl === 0 ? Number.POSITIVE_INFINITY : held.since + held.ttl - now;
}

function noneUnlessInterrupted(caught: unknown): null {
  if (caught instanceof KeyturnError && caught.code !== 'INTERRUPTED' && caught.code !== 'BUG') return null;
  throw caught;
}

function ignoreFailure(caught: unknown): void {
  if (!(caught instanceof KeyturnError)) throw caught;
}
