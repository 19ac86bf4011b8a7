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
export function traitsOf(seed: number): ReadonlySet<string> {
  const { race, store, credentials, operations, faults, sink, clocks } = scheduleOf(seed);
  const words = [race ? 'race' : 'mixed', `sink ${sink}`];
  if (store.shared) words.push('shared');
  if (store.converges > 0) words.push('converges');
  if (store.renames) words.push('renames');
  if (new Set(clocks).size > 1) words.push('skewed');
  for (const plan of credentials.slice(0, 1)) {
    const { family, traits, repeats, duds, short, enforces, slots, policy, begins } = plan;
    words.push(`issuer ${family}`, `revokes by ${traits.revokesBy}`, `begins ${begins}`);
    const { marks, lists, settles, longestLife } = traits;
    const facts = {
      repeats,
      duds,
      short,
      lenient: !enforces,
      slots,
      marks,
      lists,
      settles,
      expiring: longestLife,
    };
    for (const [fact, holds] of Object.entries(facts)) if (holds) words.push(fact);
    if (policy.hooks.length > 0) words.push('hooks');
    if (policy.mirrors.length > 0) words.push('mirrors');
    if (policy.gates.length > 0) words.push('gates');
  }
  const [first] = credentials;
  const told = operations
    .filter(({ credential }) => credential === 0)
    .sort((a, b) => a.at - b.at)
    .map(({ command, at }) => (at > (first?.policy.overlap ?? 0) ? `late ${command}` : command));
  for (const [index, command] of told.entries()) {
    words.push(command, ...told.slice(index + 1).map((next) => `${command} then ${next}`));
  }
  for (const { command, lurks } of operations) if (lurks) words.push(`${command} lurks`);
  if ((first?.age ?? 0) > 30 * DAY) words.push('due');
  if (faults.probability > 0.05) words.push('often');
  if (faults.probability > 0) for (const fault of faults.kinds) words.push(`fault ${fault}`);
  return new Set(words);
}
