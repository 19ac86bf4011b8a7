import { randomBytes } from 'node:crypto';
import type { World } from '../engine/run.ts';

/** A long pause is taken in parts: a timer stands still while the machine sleeps, and counts to 24 days only. */
const PART = 60_000;

/** The clock, the pauses and the chance of this machine. */
export function realWorld(): World {
  return {
    now: () => Date.now(),
    // `performance` would load a module of its own.
    monotonic: () => Number(process.hrtime.bigint()) / 1e6,
    sleep,
    random: (bytes) => randomBytes(bytes),
  };
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const end = Date.now() + ms;
  for (let left = ms; left > 0; left = end - Date.now()) {
    await pause(Math.min(left, PART), signal);
    if (left <= PART) return;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Error('the pause was ended'));
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      reject(new Error('the pause was ended'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
