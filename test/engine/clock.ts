import type { World } from '../../src/engine/run.ts';

/** The world of one process on a shared virtual clock. */
export interface Process extends World {
  readonly name: string;
  /** Whether it was killed: nothing that it waits for comes back. */
  readonly dead: boolean;
  kill(): void;
  /** Puts its wall clock forward or back. */
  jump(ms: number): void;
  /** Lets time pass while its monotonic clock stands still, as on a machine that sleeps. */
  suspend(ms: number): void;
  /** Comes back when the scheduler gives this process its turn; at once where nobody schedules. */
  turn(): Promise<void>;
}

export interface Clock {
  readonly now: () => number;
  readonly advance: (ms: number) => void;
  readonly process: (name?: string) => Process;
  /** Chooses who goes next among the processes that wait for a turn. Absent: nobody waits. */
  schedule: ((waiting: readonly string[]) => string) | null;
}

export const START = Date.parse('2026-11-22T00:00:00.000Z');

interface Sleeper {
  readonly at: number;
  readonly process: Process;
  readonly wake: () => void;
}

/**
 * A clock that moves only when everybody sleeps: to the moment when the first of them wakes. Everything on it must
 * live on promises alone, so that a turn of the event loop shows that nobody can go on without time.
 */
export function virtualClock(start = START): Clock {
  let time = start;
  let count = 0;
  let pumping = false;
  const sleepers = new Set<Sleeper>();
  const turns: { readonly process: Process; readonly go: () => void }[] = [];

  const pump = (): void => {
    if (pumping) return;
    pumping = true;
    setImmediate(() => {
      pumping = false;
      for (const sleeper of sleepers) if (sleeper.process.dead) sleepers.delete(sleeper);
      const waiting = turns.filter((turn) => !turn.process.dead);
      turns.splice(0, turns.length, ...waiting);
      if (clock.schedule !== null && waiting.length > 0) {
        const name = clock.schedule(waiting.map((turn) => turn.process.name));
        const index = waiting.findIndex((turn) => turn.process.name === name);
        turns.splice(index, 1)[0]?.go();
      } else {
        const first = [...sleepers].sort((a, b) => a.at - b.at)[0];
        if (first !== undefined) {
          sleepers.delete(first);
          time = Math.max(time, first.at);
          first.wake();
        }
      }
      if (sleepers.size > 0 || turns.length > 0) pump();
    });
  };

  const process = (name?: string): Process => {
    count += 1;
    let dead = false;
    let wall = 0;
    let slept = 0;
    const own: Process = {
      name: name ?? `process-${count}`,
      get dead() {
        return dead;
      },
      kill: () => {
        dead = true;
      },
      jump: (ms) => {
        wall += ms;
      },
      suspend: (ms) => {
        time += ms;
        slept += ms;
      },
      now: () => time + wall,
      monotonic: () => time - slept,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) return reject(new Error('aborted'));
          const cancel = (): void => {
            sleepers.delete(sleeper);
            reject(new Error('aborted'));
          };
          const wake = (): void => {
            signal.removeEventListener('abort', cancel);
            resolve();
          };
          const sleeper: Sleeper = { at: time + ms, process: own, wake };
          sleepers.add(sleeper);
          signal.addEventListener('abort', cancel, { once: true });
          pump();
        }),
      random: (bytes) => {
        count += 1;
        return Uint8Array.from({ length: bytes }, (_, index) => (count >> (8 * index)) & 0xff);
      },
      turn: () => {
        if (clock.schedule === null) return Promise.resolve();
        return new Promise((resolve) => {
          turns.push({ process: own, go: resolve });
          pump();
        });
      },
    };
    return own;
  };

  const clock: Clock = {
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
    process,
    schedule: null,
  };
  return clock;
}
