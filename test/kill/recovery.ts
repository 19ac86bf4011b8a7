import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Command, Ended } from './bench.ts';
import type { Case } from './cases.ts';

/** So many runs at most, until all is settled. */
const MOST_RUNS = 6;
const LONGEST_PAUSE_MS = 15_000;

export interface Row {
  readonly id: string;
  readonly state: string;
  readonly fingerprints: Readonly<Record<string, string>> | null;
  readonly overlapEnds: string | null;
}

/** What `status --json` says of the credential. */
export interface Status {
  readonly current: Row | null;
  readonly keys: readonly Row[];
  readonly rotation: {
    readonly phase: string;
    readonly waiting: { readonly for: string } | null;
    readonly nextTry: string | null;
  } | null;
  readonly debts: readonly { readonly kind: string; readonly nextTry: string | null }[];
  readonly hold: { readonly kind: string; readonly reason: string } | null;
  readonly lease: unknown;
}

export async function statusOf(bench: Bench): Promise<Status> {
  const { code, stdout, stderr } = await bench.keyturn({ args: ['status', '--json'] });
  if (code !== 0) throw new Error(`status ended with ${code}\n${stderr}${stdout}`);
  return JSON.parse(stdout).data.credentials[0];
}

/** Nothing is left to do but what only time can tell: whether a lost answer left a key behind. */
export function isSettled({ rotation, keys, debts }: Status): boolean {
  return (
    rotation === null &&
    keys.every(({ state }) => ['current', 'revoked', 'settled', 'possible'].includes(state)) &&
    debts.every(({ kind }) => kind === 'possible-orphan')
  );
}

/**
 * What happens after a process was struck: `keyturn run`, as a job does every hour, with nothing but the configuration;
 * and a person who types again what ended too early. Gives every process that it took, and where that led.
 */
export async function recover(
  one: Case,
  bench: Bench,
  struck: Command,
  options: readonly string[] = [],
): Promise<{ readonly ended: readonly Ended[]; readonly status: Status }> {
  const ended: Ended[] = [];
  const enter = async (command: Command): Promise<void> => {
    const { args, input } = command;
    ended.push(
      await bench.keyturn({ args: [...args, ...options], ...(input === undefined ? {} : { input }) }),
    );
  };
  const run = (): Promise<void> => enter({ args: ['run', '--json'] });
  await run();
  if (one.retyped) await enter(struck);
  let status = await statusOf(bench);
  for (let runs = 0; runs < MOST_RUNS && !isSettled(status); runs += 1) {
    if (one.handsOver && status.rotation?.waiting?.for === 'operator' && status.rotation.phase === 'create') {
      await enter(struck);
    } else {
      await pause(untilNext(status));
      if (one.handsOver) removeAsPerson(bench, status);
      await run();
    }
    status = await statusOf(bench);
  }
  return { ended, status };
}

/** A person at the console removes the key whose overlap is over. */
function removeAsPerson({ provider }: Bench, { keys }: Status): void {
  const over = keys.filter(({ state, overlapEnds }) => state === 'retiring' && overlapEnds !== null);
  for (const { fingerprints } of over) {
    const key = provider.keys().find(({ fingerprint }) => fingerprint === fingerprints?.value);
    if (key !== undefined) provider.kill(key.id);
  }
}

/** Milliseconds until the next run has something to do. */
function untilNext({ keys, rotation, debts }: Status): number {
  const times = [
    ...keys.map(({ overlapEnds }) => overlapEnds),
    rotation?.nextTry ?? null,
    ...debts.map(({ nextTry }) => nextTry),
  ].filter((time) => time !== null);
  const next = Math.max(0, ...times.map((time) => Date.parse(time) - Date.now()));
  return Math.min(next + 20, LONGEST_PAUSE_MS);
}
