import { type Schedule, scheduleOf } from './schedule.ts';
import { Simulation } from './simulate.ts';

/** Simulations that go forward together, so that one turn of the event loop serves them all. */
const WIDTH = 8;
/** Steps after which a schedule is called endless, and runs that shrinking may take. */
const MOST_STEPS = 60_000;
const MOST_TRIES = 150;

/** Runs schedules to their ends and hands over each; `done` says whether to go on. None depends on the others. */
export async function simulateAll(
  schedules: Iterable<Schedule>,
  done: (simulation: Simulation) => boolean,
  traced = false,
): Promise<void> {
  const platform = globalThis.AbortController;
  globalThis.AbortController = LightController as unknown as typeof AbortController;
  try {
    const source = schedules[Symbol.iterator]();
    let active: { readonly simulation: Simulation; steps: number }[] = [];
    for (let open = true; open || active.length > 0; ) {
      while (open && active.length < WIDTH) {
        const { value, done: end } = source.next();
        if (end === true) open = false;
        else active.push({ simulation: new Simulation(value, traced), steps: 0 });
      }
      // Lets every promise go as far as it can.
      await new Promise((resolve) => setImmediate(resolve));
      const over = active.filter((one) => !advance(one));
      if (over.length > 0) active = active.filter((one) => !over.includes(one));
      if (over.some(({ simulation }) => !done(simulation))) return;
    }
  } finally {
    globalThis.AbortController = platform;
  }
}

/** Runs one schedule alone, with every step written down where that is wanted. */
export async function simulateOne(schedule: Schedule, traced = false): Promise<Simulation> {
  const ends: Simulation[] = [];
  await simulateAll([schedule], (simulation) => ends.push(simulation) > 0, traced);
  return ends[0] as Simulation;
}

function advance(one: { readonly simulation: Simulation; steps: number }): boolean {
  one.steps += 1;
  if (one.steps > MOST_STEPS) one.simulation.fail('I7', `no end after ${MOST_STEPS} steps`);
  return one.simulation.step();
}

/** The shortest schedule found that breaks the same promise: without operations first, then without faults. */
async function shrink(failed: Simulation): Promise<Simulation> {
  let best = failed;
  let tries = 0;
  for (let before = null as Simulation | null; before !== best && tries < MOST_TRIES; ) {
    before = best;
    const faults = best.reached.flatMap(({ id }) => id ?? []);
    for (const part of [...best.schedule.operations.map(({ id }) => `${id}`), ...faults]) {
      const { seed, without } = best.schedule;
      if (tries >= MOST_TRIES || without.has(part)) continue;
      tries += 1;
      const less = await simulateOne(scheduleOf(seed, new Set([...without, part])));
      if (less.violation?.invariant === failed.violation?.invariant) best = less;
    }
  }
  return best;
}

/** How to see a schedule again. */
export function again({ seed, without }: Schedule): string {
  const less = without.size === 0 ? '' : ` --without ${[...without].join(',')}`;
  return `again: npm run simulate:long -- --seed ${seed}${less}`;
}

/** What a person needs to see of a broken promise, and to see it again. */
export async function describeFailure(failed: Simulation): Promise<string> {
  const { schedule, reached, violation } = await shrink(failed);
  const { lines } = await simulateOne(schedule, true);
  const faults = reached.flatMap(({ id, call, fault }) => (id === null ? [] : `${id} ${call} ${fault}`));
  return [
    `seed ${schedule.seed}: ${violation?.invariant}: ${violation?.message}`,
    `operations: ${schedule.operations.map(({ id, command }) => `${id} ${command}`).join(', ')}`,
    `faults: ${faults.join(', ') || 'none'}`,
    ...(lines ?? []).slice(-80),
    again(schedule),
  ].join('\n');
}

/** The part of an AbortController that keyturn uses. The platform's own costs more than all the rest of a guarded call. */
class LightController {
  readonly #listeners = new Set<() => void>();
  readonly signal = {
    aborted: false,
    addEventListener: (_type: 'abort', run: () => void): void => void this.#listeners.add(run),
    removeEventListener: (_type: 'abort', run: () => void): void => void this.#listeners.delete(run),
  };

  readonly abort = (): void => {
    if (this.signal.aborted) return;
    this.signal.aborted = true;
    for (const run of this.#listeners) run();
  };
}
