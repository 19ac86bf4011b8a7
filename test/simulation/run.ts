import { type Schedule, scheduleOf } from './schedule.ts';
import { Simulation } from './simulate.ts';
import type { Violation } from './watch.ts';

/** Simulations that go forward together, so that one turn of the event loop serves them all. */
const WIDTH = 64;
/** Steps after which a schedule is called endless, and runs that shrinking may take. */
const MOST_STEPS = 60_000;
const MOST_TRIES = 150;

/** Runs schedules to their ends and hands over each; `done` says whether to go on. None depends on the others. */
export async function simulateAll(
  seeds: Iterable<number>,
  done: (simulation: Simulation) => boolean,
): Promise<void> {
  await withLightAbort(async () => {
    const source = seeds[Symbol.iterator]();
    let active: { readonly simulation: Simulation; steps: number }[] = [];
    for (let open = true; open || active.length > 0; ) {
      while (open && active.length < WIDTH) {
        const { value, done: end } = source.next();
        if (end === true) open = false;
        else active.push({ simulation: new Simulation(scheduleOf(value)), steps: 0 });
      }
      await turn();
      const over = active.filter((one) => !advance(one));
      if (over.length > 0) active = active.filter((one) => !over.includes(one));
      if (over.some(({ simulation }) => !done(simulation))) return;
    }
  });
}

/** The first promise that any of these schedules breaks, with its seed; null: all are kept. */
export async function firstViolation(
  seeds: Iterable<number>,
): Promise<(Violation & { readonly seed: number }) | null> {
  let first: (Violation & { readonly seed: number }) | null = null;
  await simulateAll(seeds, ({ violation, schedule: { seed } }) => {
    if (violation !== null) first ??= { ...violation, seed };
    return first === null;
  });
  return first;
}

/** Runs one schedule alone, with every step written down where that is wanted. */
export async function simulateOne(schedule: Schedule, traced = false): Promise<Simulation> {
  return withLightAbort(async () => {
    const one = { simulation: new Simulation(schedule, traced), steps: 0 };
    do await turn();
    while (advance(one));
    return one.simulation;
  });
}

function advance(one: { readonly simulation: Simulation; steps: number }): boolean {
  one.steps += 1;
  if (one.steps > MOST_STEPS) one.simulation.fail('I7', `no end after ${MOST_STEPS} steps`);
  return one.simulation.step();
}

/** Lets every promise go as far as it can. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The shortest schedule found that breaks the same promise: fewer operations first, then fewer faults. */
export async function shrink(failed: Simulation): Promise<Simulation> {
  let best = failed;
  let tries = 0;
  for (let before = null as Simulation | null; before !== best && tries < MOST_TRIES; ) {
    before = best;
    const faults = best.reached.flatMap(({ id }) => id ?? []);
    for (const part of [...best.schedule.operations.map(({ id }) => `${id}`), ...faults]) {
      if (tries >= MOST_TRIES || best.schedule.without.has(part)) continue;
      tries += 1;
      const less = await simulateOne(
        scheduleOf(best.schedule.seed, new Set([...best.schedule.without, part])),
      );
      if (less.violation?.invariant === failed.violation?.invariant) best = less;
    }
  }
  return best;
}

/** What a person needs to see of a broken promise, and to see it again. */
export async function describeFailure(failed: Simulation): Promise<string> {
  const { schedule, reached, violation } = await shrink(failed);
  const { lines } = await simulateOne(schedule, true);
  const without = [...schedule.without].join(',');
  return [
    `seed ${schedule.seed}: ${violation?.invariant}: ${violation?.message}`,
    `operations: ${schedule.operations.map(({ id, command }) => `${id} ${command}`).join(', ')}`,
    `faults: ${reached.flatMap(({ id, call, fault }) => (id === null ? [] : `${id} ${call} ${fault}`)).join(', ') || 'none'}`,
    ...(lines ?? []).slice(-80),
    `again: npm run simulate:long -- --seed ${schedule.seed}${without === '' ? '' : ` --without ${without}`}`,
  ].join('\n');
}

/** The part of an AbortSignal that keyturn uses. The platform's own costs more than all the rest of a guarded call. */
class LightSignal {
  aborted = false;
  readonly #listeners = new Set<() => void>();
  addEventListener = (_type: 'abort', run: () => void): void => void this.#listeners.add(run);
  removeEventListener = (_type: 'abort', run: () => void): void => void this.#listeners.delete(run);

  abort = (): void => {
    if (this.aborted) return;
    this.aborted = true;
    for (const run of this.#listeners) run();
  };
}

class LightController {
  readonly signal = new LightSignal();
  readonly abort = this.signal.abort;
}

/** Runs with a light AbortController in the platform's place. */
async function withLightAbort<T>(work: () => Promise<T>): Promise<T> {
  const platform = globalThis.AbortController;
  globalThis.AbortController = LightController as unknown as typeof AbortController;
  try {
    return await work();
  } finally {
    globalThis.AbortController = platform;
  }
}
