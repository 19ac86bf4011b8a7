import { withLightAbort } from './abort.ts';
import { Violation } from './invariants.ts';
import { type Schedule, scheduleOf } from './schedule.ts';
import { Simulation } from './simulate.ts';

/** Simulations that go forward together, so that one turn of the event loop serves them all. */
const WIDTH = 64;
/** Steps after which a schedule is called endless. */
const MOST_STEPS = 60_000;

/** Runs schedules to their ends and hands over each. The outcome of one does not depend on the others. */
export async function simulateAll(
  seeds: Iterable<number>,
  done: (simulation: Simulation) => void,
): Promise<void> {
  await withLightAbort(async () => {
    const source = seeds[Symbol.iterator]();
    const active: { readonly simulation: Simulation; steps: number }[] = [];
    for (let open = true; open || active.length > 0; ) {
      while (open && active.length < WIDTH) {
        const { value, done: end } = source.next();
        if (end === true) open = false;
        else active.push({ simulation: new Simulation(scheduleOf(value)), steps: 0 });
      }
      for (let at = active.length - 1; at >= 0; at -= 1) {
        const one = active[at];
        if (one === undefined || advance(one)) continue;
        active.splice(at, 1);
        done(one.simulation);
      }
      await turn();
    }
  });
}

/** Runs one schedule alone, with every step written down where that is wanted. */
export async function simulateOne(schedule: Schedule, traced: boolean): Promise<Simulation> {
  return withLightAbort(async () => {
    const one = { simulation: new Simulation(schedule, traced), steps: 0 };
    await turn();
    while (advance(one)) await turn();
    return one.simulation;
  });
}

function advance(one: { readonly simulation: Simulation; steps: number }): boolean {
  const { simulation } = one;
  one.steps += 1;
  try {
    if (one.steps > MOST_STEPS) throw new Violation('I7', `no end after ${MOST_STEPS} steps`);
    return simulation.step();
  } catch (caught) {
    if (!(caught instanceof Violation)) throw caught;
    simulation.violation ??= caught;
    return false;
  }
}

/** Lets every promise go as far as it can. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
