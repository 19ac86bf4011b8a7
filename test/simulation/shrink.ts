import { simulateOne } from './runner.ts';
import { scheduleOf } from './schedule.ts';
import type { Simulation } from './simulate.ts';

/** Runs that shrinking may take. */
const MOST_TRIES = 400;

/** The shortest schedule found that breaks the same promise: fewer operations first, then fewer faults. */
export async function shrink(failed: Simulation): Promise<Simulation> {
  const { seed } = failed.schedule;
  const invariant = failed.violation?.invariant;
  let best = failed;
  let tries = 0;
  const attempt = async (without: ReadonlySet<string>): Promise<boolean> => {
    tries += 1;
    const simulation = await simulateOne(scheduleOf(seed, without), false);
    if (simulation.violation?.invariant !== invariant) return false;
    best = simulation;
    return true;
  };
  for (let smaller = true; smaller && tries < MOST_TRIES; ) {
    smaller = false;
    const parts = [
      ...best.schedule.operations.map(({ id }) => `${id}`),
      ...best.network.happened.map(({ id }) => id),
    ];
    for (const part of parts) {
      if (tries >= MOST_TRIES) break;
      const without = new Set([...best.schedule.without, part]);
      if (without.size > best.schedule.without.size && (await attempt(without))) smaller = true;
    }
  }
  return best;
}

/** What a person needs to see of a broken promise, and to see it again. */
export async function describeFailure(failed: Simulation): Promise<string> {
  const least = await shrink(failed);
  const { schedule, network } = least;
  const again = await simulateOne(schedule, true);
  const without = [...schedule.without].join(',');
  return [
    `seed ${schedule.seed}: ${least.violation?.message}`,
    `operations: ${schedule.operations.map(({ id, command }) => `${id} ${command}`).join(', ')}`,
    `faults: ${network.happened.map(({ id, call, fault }) => `${id} ${call} ${fault}`).join(', ') || 'none'}`,
    ...(again.lines ?? []).slice(-80),
    `again: npm run simulate:long -- --seed ${schedule.seed}${without === '' ? '' : ` --without ${without}`}`,
  ].join('\n');
}
