import { KeyturnError, toKeyturnError } from '../core/errors.ts';
import type { World } from './run.ts';

/** How long one call to an issuer or a store may take. */
export const CALL_DEADLINE = 30_000;
/** How long an effect may still go on after the run was told to end. */
const GRACE = 10_000;
/** Why a call that came back is aborted: its deadline ends with it. Without a reason each abort would make an error. */
const OVER = 'the call is over';

/**
 * Calls an issuer or a store once: with a deadline, honouring the signal, and with every failure as a KeyturnError.
 * A call that does not come back in time is given up; whether it had its effect is then unknown.
 */
export async function guarded<T>(
  world: World,
  doing: string,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
  options: { readonly graceful?: boolean } = {},
): Promise<T> {
  if (signal.aborted) throw interrupted(doing, true);
  const inner = new AbortController();
  const late = (ms: number, error: () => KeyturnError): Promise<never> =>
    world.sleep(ms, inner.signal).then(
      () => {
        inner.abort();
        throw error();
      },
      () => new Promise<never>(() => undefined),
    );
  let stop = (): void => undefined;
  const given = new Promise<never>((_, reject) => {
    stop = () => {
      if (options.graceful === true) {
        late(GRACE, () => interrupted(doing, false)).catch(reject);
        return;
      }
      inner.abort();
      reject(interrupted(doing, false));
    };
  });
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([call(inner.signal), late(CALL_DEADLINE, () => timeout(doing)), given]);
  } catch (caught) {
    throw toKeyturnError(caught, doing);
  } finally {
    signal.removeEventListener('abort', stop);
    inner.abort(OVER);
  }
}

/** Waits a moment. Throws INTERRUPTED when the run is told to end meanwhile. */
export async function pause(world: World, doing: string, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await world.sleep(ms, signal);
  } catch {
    throw interrupted(doing, true);
  }
}

function timeout(doing: string): KeyturnError {
  return new KeyturnError('TIMEOUT', `${doing}: no answer within ${CALL_DEADLINE / 1000} s`, {
    hint: 'check the network and the status page of the service, then run again',
  });
}

function interrupted(doing: string, unsent: boolean): KeyturnError {
  return new KeyturnError('INTERRUPTED', `${doing}: interrupted`, {
    hint: 'run again to resume; nothing is lost',
    unsent,
  });
}
