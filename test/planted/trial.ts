import { traitsOf } from '../simulation/reach.ts';
import { simulateAll } from '../simulation/run.ts';
import { type Schedule, scheduleOf } from '../simulation/schedule.ts';
import { DAY } from '../simulation/world.ts';

/** The end of one schedule. */
export interface Ended {
  readonly seed: number;
  /** The promise that was broken; null: none. */
  readonly invariant: string | null;
  readonly message: string;
}

/** Runs schedules until `enough` has seen what it wants. */
export async function judge(seeds: Iterable<number>, enough: (ended: Ended) => boolean): Promise<void> {
  await simulateAll(schedulesOf(seeds), ({ schedule: { seed }, violation }) => {
    const { invariant, message } = violation ?? { invariant: null, message: '' };
    return !enough({ seed, invariant, message });
  });
}

function* schedulesOf(seeds: Iterable<number>): Generator<Schedule> {
  for (const seed of seeds) yield scheduleOf(seed);
}

/** What a schedule is made of, in words: known before it runs. */
export function wordsOf(seed: number): ReadonlySet<string> {
  const schedule = scheduleOf(seed);
  const { race, credentials, operations, faults } = schedule;
  const [plan] = credentials as [(typeof credentials)[0]];
  const { family, begins, age, policy } = plan;
  const told = operations
    .filter(({ credential }) => credential === 0)
    .sort((a, b) => a.at - b.at)
    .map(({ command, at }) => (at > policy.overlap ? `late ${command}` : command));
  return new Set([
    ...(race ? ['race'] : []),
    `issuer ${family}`,
    `begins ${begins}`,
    ...traitsOf(plan, schedule),
    ...(age > 30 * DAY ? ['due'] : []),
    ...told,
    ...told.flatMap((command, at) => told.slice(at + 1).map((next) => `${command} then ${next}`)),
    ...operations.flatMap(({ command, lurks }) => (lurks ? [`${command} lurks`] : [])),
    ...(faults.probability > 0.05 ? ['often'] : []),
    ...(faults.probability > 0 ? faults.kinds.map((fault) => `fault ${fault}`) : []),
  ]);
}
