import { KeyturnError, toKeyturnError } from './errors.ts';

/**
 * Does the work of one call of a store. What comes out of it is a KeyturnError, whatever went wrong inside; `toFault`
 * reads what the store's own library throws.
 */
export async function storeCall<T>(
  doing: string,
  signal: AbortSignal,
  work: () => Promise<T>,
  toFault: (caught: unknown, doing: string) => KeyturnError = toKeyturnError,
): Promise<T> {
  refuseAborted(doing, signal);
  try {
    return await work();
  } catch (caught) {
    throw toFault(caught, doing);
  }
}

/** Throws where the caller has given up. Only asked while nothing has been changed yet. */
export function refuseAborted(doing: string, signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new KeyturnError('INTERRUPTED', `${doing}: interrupted`, {
    hint: 'run again to resume',
    unsent: true,
  });
}

/** What was expected to be there is not. Nothing was changed. */
export function conflict(message: string, hint = 'read it again, and decide anew'): KeyturnError {
  return new KeyturnError('CONFLICT', message, { hint });
}
