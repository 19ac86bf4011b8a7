import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';

const CAUGHT = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const SIGNAL_BASE = 128;

export interface Signals {
  /** Aborts on the first signal. */
  readonly signal: AbortSignal;
  /** 128 and the number of the first signal; null where there was none. */
  readonly exitCode: () => number | null;
  /** Lets signals end the process again. */
  readonly release: () => void;
}

/** The first signal asks the command to end with its state saved; the second ends the process after `last`. */
export function watchSignals(last: (exitCode: number) => void): Signals {
  const controller = new AbortController();
  // Every call of a command listens to it, and a command on many credentials makes many at once.
  setMaxListeners(0, controller.signal);
  let code: number | null = null;
  const listeners = CAUGHT.map((name) => {
    const heard = (): void => {
      const own = SIGNAL_BASE + constants.signals[name];
      if (code !== null) {
        last(own);
        process.exit(own);
      }
      code = own;
      controller.abort();
    };
    process.on(name, heard);
    return { name, heard };
  });
  return {
    signal: controller.signal,
    exitCode: () => code,
    release: () => {
      for (const { name, heard } of listeners) process.off(name, heard);
    },
  };
}
