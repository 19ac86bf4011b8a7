import type { Policy } from '../../src/core/policy.ts';
import { FAULTS, type Fault } from './network.ts';
import { Dice } from './random.ts';
import { FAMILIES, type IssuerShape, issuerShape, policyOf, type StoreShape, storeShape } from './traits.ts';
import { DAY, MINUTE, SECOND } from './world.ts';

/** What jobs, people and strangers do. */
export const COMMANDS = [
  'run',
  'rotate',
  'rotate --overlap',
  'rollback',
  'rollback --now',
  'revoke',
  'revoke --attest',
  'emergency',
  'emergency --again',
  'emergency --revoke-first',
  'provide',
  'adopt',
  'adopt by hand',
  'forget',
  'stranger: foreign',
  'stranger: back',
  'stranger: edits',
  'stranger: removes',
  'issuer: ends current',
] as const;
export type Command = (typeof COMMANDS)[number];

export interface Operation {
  readonly id: number;
  readonly command: Command;
  /** Milliseconds after the beginning. */
  readonly at: number;
  readonly host: number;
  readonly credential: number;
  readonly takeLease: boolean;
  /** Stays until the overlap is over. */
  readonly waits: boolean;
  /** A stranger who acts at the worst moment: while the intention to revoke a key is being saved. */
  readonly lurks?: boolean;
}

export interface CredentialPlan {
  readonly issuer: IssuerShape;
  readonly policy: Policy;
  readonly begins: 'empty' | 'managed' | 'foreign';
  /** Age of the key that is there at the beginning, in milliseconds. */
  readonly age: number;
}

/** Everything that happens in one simulation, but for what follows from it. */
export interface Schedule {
  readonly seed: number;
  /** Runs of one due credential at once, with nothing going wrong. */
  readonly race: boolean;
  readonly store: StoreShape;
  readonly credentials: readonly CredentialPlan[];
  /** Wall clocks of the machines, in milliseconds ahead of the truth. */
  readonly clocks: readonly number[];
  readonly operations: readonly Operation[];
  readonly faults: { readonly probability: number; readonly kinds: readonly Fault[] };
  readonly sink: 'none' | 'optional' | 'required';
  /** The operations and faults that are left out: `op` or `op.call`. */
  readonly without: ReadonlySet<string>;
}

export function scheduleOf(seed: number, without: ReadonlySet<string> = new Set()): Schedule {
  const dice = new Dice(seed, 1);
  const race = dice.chance(0.06);
  const store = race ? { ...storeShape(dice), converges: 0 } : storeShape(dice);
  const family = race ? dice.pick(['minted', 'slots', 'client'] as const) : dice.pick(FAMILIES);
  const first = issuerShape(dice, family);
  const issuers = [race ? { ...first, repeats: 0, duds: 0 } : first];
  if (store.shared) issuers.push(issuerShape(dice, 'minted'));
  const credentials = issuers.map((issuer): CredentialPlan => {
    const begins = race
      ? 'managed'
      : dice.pick(['empty', 'managed', 'managed', 'managed', 'foreign'] as const);
    // One that expires is old before it is dead.
    const old = issuer.traits.longestLife === null ? 100 * DAY : 45 * DAY;
    const age = race || dice.chance(0.7) ? old : 2 * DAY;
    return { issuer, policy: policyOf(dice, issuer, store), begins, age };
  });
  const skewed = !race && dice.chance(0.5);
  const overlap = Math.max(...credentials.map(({ policy }) => policy.overlap));
  const likely: readonly Command[] = [
    ...(family === 'manual' || family === 'unproven' ? (['provide', 'provide'] as const) : []),
    ...(family === 'slots' ? (['emergency', 'rotate'] as const) : []),
    ...(credentials[0]?.begins === 'managed' ? [] : (['adopt', 'adopt by hand'] as const)),
  ];
  const operations = race ? racing(dice) : mixed(dice, likely, credentials.length, overlap);
  return {
    seed,
    race,
    store,
    credentials,
    clocks: [0, 1, 2].map(() => (skewed ? dice.between(0, 5 * MINUTE) : 0)),
    operations: operations.filter(({ id }) => !without.has(`${id}`)),
    faults: {
      probability: race ? 0 : dice.pick([0.01, 0.03, 0.06, 0.15]),
      kinds: dice.chance(0.3) ? FAULTS : Array.from({ length: 1 + dice.int(3) }, () => dice.pick(FAULTS)),
    },
    sink: race ? 'none' : dice.pick(['none', 'none', 'none', 'optional', 'required'] as const),
    without,
  };
}

/** Many at once. */
function racing(dice: Dice): Operation[] {
  return Array.from({ length: 2 + dice.int(3) }, (_, id) => ({
    id,
    command: 'run',
    at: dice.chance(0.5) ? 0 : dice.between(0, 2 * SECOND),
    host: id % 3,
    credential: 0,
    takeLease: false,
    waits: false,
  }));
}

/** Two to six of anything, and in half of the schedules two runs at the end of the overlap, where an old key is to die. */
function mixed(dice: Dice, likely: readonly Command[], credentials: number, overlap: number): Operation[] {
  const span = dice.pick([10 * SECOND, 3 * MINUTE, 1.2 * overlap, 1.2 * overlap]);
  const lively = dice.chance(0.5);
  const count = 2 + dice.int(5);
  const late = dice.chance(0.5) ? 2 : 0;
  return Array.from({ length: count + late }, (_, id) => ({
    id,
    command: id === 0 || !lively || id >= count ? 'run' : commandFor(dice, likely),
    at: id === 0 ? 0 : id < count ? dice.between(0, span) : overlap + dice.between(0, 12 * MINUTE),
    host: dice.int(3),
    credential: dice.int(credentials),
    takeLease: dice.chance(0.1),
    waits: dice.chance(0.08),
    lurks: dice.chance(0.3),
  }));
}

function commandFor(dice: Dice, likely: readonly Command[]): Command {
  if (dice.chance(0.35)) return 'run';
  return likely.length > 0 && dice.chance(0.4) ? dice.pick(likely) : dice.pick(COMMANDS);
}
