import { setTimeout as pause } from 'node:timers/promises';
import type { Bench } from './bench.ts';

const EVERY_MS = 40;

export interface Client {
  /** Sends no more. */
  readonly rest: () => void;
  /** After its last message. */
  readonly stop: () => Promise<ClientCount>;
}

export interface ClientCount {
  readonly sent: number;
  /** Every value that it has read. */
  readonly values: readonly string[];
  /** One line for each message that failed against the promise. */
  readonly failures: readonly string[];
}

/**
 * `overlap`: whatever was read works for the whole overlap after the read, so one client reads before every message and
 * another keeps what it read for as long as it may. `next-try`: keys die at once, and a client that reads again when it
 * is refused gets through with the next message.
 */
export type Promised = 'overlap' | 'next-try';

/** A client that reads the store and sends all the time, until it is stopped. */
export function startClient(bench: Bench, promised: Promised, overlapMs: number): Client {
  const read = new Map<string, number>();
  const failures: string[] = [];
  let going = true;
  let sent = 0;
  const look = async (): Promise<string | null> => {
    const from = Date.now();
    const value = await bench.current();
    if (value !== null) read.set(value, from);
    return value;
  };
  const attempt = async (value: string): Promise<boolean> => {
    const works = await bench.provider.send(value).catch(() => false);
    if (works) sent += 1;
    return works;
  };
  const turn = async (): Promise<void> => {
    const value = await look();
    if (value === null) {
      failures.push('there was nothing to read');
    } else if (promised === 'next-try') {
      if (await attempt(value)) return;
      const again = await look();
      if (again === null || !(await attempt(again)))
        failures.push('refused, and refused after reading again');
    } else {
      for (const [held, readAt] of read) {
        if (Date.now() - readAt >= overlapMs) continue;
        if (await attempt(held)) continue;
        // The message may have been late: what counts is when the issuer ended the key.
        const diedAt = bench.provider.lookup(held)?.diedAt ?? 0;
        const lived = diedAt - readAt;
        if (lived < overlapMs) failures.push(`a key was dead ${lived} ms after it was read`);
      }
    }
  };
  const loop = (async () => {
    while (going) {
      await turn();
      await pause(EVERY_MS);
    }
    await turn();
  })();
  const rest = (): void => {
    going = false;
  };
  return {
    rest,
    stop: async () => {
      rest();
      await loop;
      return { sent, values: [...read.keys()], failures };
    },
  };
}
