import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Ended, Running } from './bench.ts';
import { type Case, commandOf } from './cases.ts';
import { recover, type Status, statusOf } from './recovery.ts';

/** What befalls a process at one point, and everything that comes after it until all is settled. */
export interface Ordeal {
  readonly name: string;
  /** The store has a disk of its own, which only root can give it. */
  readonly ownDisk: boolean;
  readonly go: (one: Case, bench: Bench, at: string) => Promise<Suffered>;
}

export interface Suffered {
  /** How the process that was struck ended. */
  readonly end: Ended;
  /** The processes after it. */
  readonly ended: readonly Ended[];
  /** What the last of them left. */
  readonly status: Status;
  readonly faults: readonly string[];
}

/** As long as a lease lasts, and a little more. */
const LEASE_MS = 61_000;

/** It dies at once. */
export const kill: Ordeal = {
  name: 'SIGKILL',
  ownDisk: false,
  go: async (one, bench, at) => {
    const command = { ...commandOf(one, bench), strike: `${at}:SIGKILL` };
    const end = await bench.keyturn(command);
    const faults = end.struck !== null && end.signal !== 'SIGKILL' ? ['it outlived SIGKILL'] : [];
    return { end, ...(await recover(one, bench, command)), faults };
  },
};

/**
 * It is asked to end, and does so with its state saved, its lease let go, and its document printed. It ends with the
 * code of the signal, or with 0 where nothing was left to do but to close.
 */
export function ask(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP'): Ordeal {
  return {
    name: signal,
    ownDisk: false,
    go: async (one, bench, at) => {
      const command = { ...commandOf(one, bench), strike: `${at}:${signal}` };
      const end = await bench.keyturn(command);
      const faults: string[] = [];
      const status = statusIn(end);
      const whole = end.code === 0 && (status === 'ok' || status === 'waiting');
      const asked = end.code === 128 + constants.signals[signal] && status !== null;
      if (!whole && (!asked || end.struck === null))
        faults.push(`it ended with ${end.code ?? end.signal}: ${end.stderr}${end.stdout}`);
      if ((await statusOf(bench)).lease !== null) faults.push('it kept its lease');
      return { end, ...(await recover(one, bench, command)), faults };
    },
  };
}

/**
 * It is stopped, others do its work, and it wakes up in the middle of what it believes to be true. `take`: they take its
 * lease at once. `wait`: they wait until the lease has run out.
 */
export function sleep(lease: 'take' | 'wait'): Ordeal {
  return {
    name: lease === 'take' ? 'SIGSTOP, and its lease is taken' : 'SIGSTOP for longer than its lease',
    ownDisk: false,
    go: async (one, bench, at) => {
      const command = { ...commandOf(one, bench), strike: `${at}:SIGSTOP` };
      const sleeper = bench.start(command);
      try {
        await Promise.race([stopped(sleeper), sleeper.ended]);
        if (lease === 'wait') await pause(LEASE_MS);
        const others = await recover(one, bench, command, lease === 'take' ? ['--take-lease'] : []);
        sleeper.kill('SIGCONT');
        const end = await sleeper.ended;
        const faults = [0, 2, 3, 4, 5].includes(end.code ?? -1)
          ? []
          : [`the sleeper ended with ${end.code ?? end.signal}: ${end.stderr}${end.stdout}`];
        const last = await recover(one, bench, command);
        return { end, ended: [...others.ended, ...last.ended], status: last.status, faults };
      } finally {
        sleeper.kill('SIGKILL');
      }
    },
  };
}

/** Its disk is full, or read-only, from here on; it says so and ends. Later the disk is as it was. */
export function spoil(how: 'full' | 'read-only'): Ordeal {
  return {
    name: `the disk is ${how}`,
    ownDisk: true,
    go: async (one, bench, at) => {
      const command = { ...commandOf(one, bench), strike: `${at}:SIGSTOP` };
      const process = bench.start(command);
      try {
        await Promise.race([stopped(process), process.ended]);
        await (how === 'full' ? bench.disk?.fill() : bench.disk?.makeReadOnly());
        process.kill('SIGCONT');
        const end = await process.ended;
        await bench.disk?.restore();
        const code = how === 'full' ? '"FULL"' : '"DENIED"';
        const clear = end.code === 0 || ([3, 4].includes(end.code ?? -1) && end.stdout.includes(code));
        const faults = clear
          ? []
          : [`with a ${how} disk it ended with ${end.code ?? end.signal}: ${end.stderr}${end.stdout}`];
        return { end, ...(await recover(one, bench, command)), faults };
      } finally {
        process.kill('SIGKILL');
      }
    },
  };
}

async function stopped(sleeper: Running): Promise<void> {
  while ((await sleeper.effects()).struck === null) await pause(20);
}

/** What the document says; null: there is none. */
function statusIn({ stdout }: Ended): string | null {
  try {
    return JSON.parse(stdout).status;
  } catch {
    return null;
  }
}
