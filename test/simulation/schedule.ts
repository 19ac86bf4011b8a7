import type { Policy } from '../../src/core/policy.ts';
import { FAULTS, type Fault } from './faults.ts';
import { type Dice, dice, hash } from './random.ts';
import {
  FAMILIES,
  type Family,
  type IssuerShape,
  issuerShape,
  policyOf,
  type StoreShape,
  storeShape,
} from './traits.ts';
import { HOUR, MINUTE, SECOND } from './world.ts';

/** What people, jobs and strangers do. */
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
  readonly waits: boolean;
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
  readonly kind: 'faults' | 'race';
  readonly store: StoreShape;
  readonly credentials: readonly CredentialPlan[];
  /** Wall clocks, in milliseconds ahead of the truth. Any two differ by five minutes at most. */
  readonly clocks: readonly number[];
  readonly operations: readonly Operation[];
  readonly faults: { readonly probability: number; readonly kinds: readonly Fault[] };
  readonly sink: 'none' | 'optional' | 'required';
  /** The part of operations and faults that is left out: `op` or `op.call`. */
  readonly without: ReadonlySet<string>;
}

const DAYS = 24 * HOUR;
const HOSTS = 3;

export function scheduleOf(seed: number, without: ReadonlySet<string> = new Set()): Schedule {
  const chance = dice(hash(seed, 1));
  const race = chance.chance(0.06);
  const store = storeShape(chance);
  const family = race ? chance.pick(['minted', 'slots', 'client'] as const) : chance.pick(FAMILIES);
  const first = issuerShape(chance, family);
  const issuers = [race ? { ...first, repeats: false } : first];
  if (store.shared) issuers.push(issuerShape(chance, 'minted'));
  const credentials = issuers.map((issuer): CredentialPlan => {
    const begins = race
      ? 'managed'
      : chance.pick(['empty', 'managed', 'managed', 'managed', 'foreign'] as const);
    const age = race || chance.chance(0.7) ? 100 * DAYS : 2 * DAYS;
    return { issuer, policy: policyOf(chance, issuer, store), begins, age: Math.min(age, ageOf(issuer)) };
  });
  const skewed = !race && chance.chance(0.5);
  const clocks = Array.from({ length: HOSTS }, () => (skewed ? chance.between(0, 5 * MINUTE) : 0));
  const overlap = Math.max(...credentials.map(({ policy }) => policy.overlap));
  const operations = race ? racing(chance) : mixed(chance, family, credentials.length, overlap);
  const kinds = chance.chance(0.3)
    ? FAULTS
    : Array.from({ length: 1 + chance.int(3) }, () => chance.pick(FAULTS));
  return {
    seed,
    kind: race ? 'race' : 'faults',
    store: race ? { ...store, converges: 0 } : store,
    credentials,
    clocks,
    operations: operations.filter(({ id }) => !without.has(`${id}`)),
    faults: { probability: race ? 0 : chance.pick([0.01, 0.03, 0.06, 0.15]), kinds },
    sink: race ? 'none' : chance.pick(['none', 'none', 'none', 'optional', 'required'] as const),
    without,
  };
}

/** A key that expires is old before it is dead. */
function ageOf(issuer: IssuerShape): number {
  return issuer.expiring ? 45 * DAYS : 100 * DAYS;
}

/** Many at once on one credential that is due. */
function racing(chance: Dice): Operation[] {
  return Array.from({ length: 2 + chance.int(3) }, (_, id) => ({
    id,
    command: 'run' as const,
    at: chance.chance(0.5) ? 0 : chance.between(0, 2 * SECOND),
    host: id % HOSTS,
    credential: 0,
    takeLease: false,
    waits: false,
  }));
}

function mixed(chance: Dice, family: Family, credentials: number, overlap: number): Operation[] {
  const span = chance.pick([10 * SECOND, 3 * MINUTE, 1.2 * overlap, 1.2 * overlap]);
  const lively = chance.chance(0.5);
  // Half of the schedules go on to the end of the overlap, where the old key is to die.
  const late = chance.chance(0.5) ? 2 : 0;
  const count = 2 + chance.int(5);
  return Array.from({ length: count + late }, (_, id) => ({
    id,
    command: id === 0 || !lively || id >= count ? 'run' : commandFor(chance, family),
    at: id === 0 ? 0 : id < count ? chance.between(0, span) : overlap + chance.between(0, 12 * MINUTE),
    host: chance.int(HOSTS),
    credential: chance.int(credentials),
    takeLease: chance.chance(0.1),
    waits: chance.chance(0.08),
  }));
}

function commandFor(chance: Dice, family: Family): Command {
  if (chance.chance(0.35)) return 'run';
  if ((family === 'manual' || family === 'unproven') && chance.chance(0.4)) return 'provide';
  return chance.pick(COMMANDS);
}
