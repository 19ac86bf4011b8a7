import { KeyturnError } from '../core/errors.ts';

/** What is more ends a timer of Node.js at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface Deadline {
  /** Aborts when the time is over, or when the caller's signal does. */
  readonly signal: AbortSignal;
  /** Why `signal` aborted; null while it has not. */
  error(): KeyturnError | null;
  /**
   * What comes of the work; rejects where the signal aborts first. Not every fetch notices that: of a compressed body
   * that is damaged and ends with its connection, Node 20 never tells the end.
   */
  race<T>(work: Promise<T>): Promise<T>;
  stop(): void;
}

/**
 * Joins a caller's signal with a time limit. Throws INTERRUPTED at once where the signal has aborted already.
 * Built by hand: `AbortSignal.any` lets its sources be collected too early on Node 20.
 */
export function startDeadline(of: {
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}): Deadline {
  const interrupted = (unsent: boolean) =>
    new KeyturnError('INTERRUPTED', `${of.what}: interrupted`, { hint: 'run again to resume', unsent });
  if (of.signal.aborted) throw interrupted(true);

  const controller = new AbortController();
  let ended: KeyturnError | null = null;
  const end = (error: KeyturnError) => {
    ended ??= error;
    controller.abort();
  };
  const onAbort = () => end(interrupted(false));
  const timer = setTimeout(
    () => {
      const seconds = Math.ceil(of.deadlineMs / 1000);
      end(
        new KeyturnError('TIMEOUT', `${of.what}: no answer within ${seconds} s`, {
          hint: 'run again; if it happens again, check the network and the status page of the provider',
        }),
      );
    },
    Math.min(of.deadlineMs, LONGEST_TIMER_MS),
  );
  of.signal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    error: () => ended,
    race: (work) =>
      new Promise((resolve, reject) => {
        if (controller.signal.aborted) reject(ended);
        controller.signal.addEventListener('abort', () => reject(ended), { once: true });
        work.then(resolve, reject);
      }),
    stop: () => {
      clearTimeout(timer);
      of.signal.removeEventListener('abort', onAbort);
    },
  };
}
