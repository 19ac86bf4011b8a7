import { parentPort, workerData } from 'node:worker_threads';
import type { Invariant } from './bug.ts';
import { judge, wordsOf } from './trial.ts';

/** What a worker is asked, that has the code with a bug in it or the code as it is. */
export interface Hunt {
  /** The promise that has to be broken; null: any. */
  readonly breaks: Invariant | null;
  readonly among: readonly string[];
  readonly base: number;
  readonly most: number;
  /** Schedules that say nothing. */
  readonly without: readonly number[];
}

export interface Catch {
  readonly seed: number;
  readonly message: string;
  /** The number of the schedule in the row of seeds, and how many were run for it. */
  readonly schedules: number;
  readonly ran: number;
}

/** The first schedule that breaks the promise; null: there is none. */
async function hunt({ breaks, among, base, most, without }: Hunt): Promise<Catch | null> {
  const wanted = among.map((choice) => choice.split(' | '));
  let ran = 0;
  function* seeds(): Generator<number> {
    for (let seed = base; seed < base + most; seed += 1) {
      const words = wanted.length === 0 ? null : wordsOf(seed);
      const matters = wanted.every((choice) => choice.some((word) => words?.has(word)));
      if (!matters || without.includes(seed)) continue;
      ran += 1;
      yield seed;
    }
  }
  const found: Catch[] = [];
  await judge(seeds(), ({ seed, invariant, message }) => {
    if (invariant === null || (breaks !== null && invariant !== breaks)) return false;
    found.push({ seed, message, schedules: seed - base + 1, ran });
    return true;
  });
  return found[0] ?? null;
}

parentPort?.postMessage(await hunt(workerData as Hunt));
