import type { IssuerTraits } from '../../src/core/issuer.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { Dice } from './random.ts';
import { DAY, HOUR, MINUTE, SECOND } from './world.ts';

/** Kinds of issuers as the protocol tells them apart. */
export const FAMILIES = [
  'minted', // issuer-made, any number of keys
  'slots', // issuer-made, two or three keys at most, revoked by id
  'swap', // issuer-made, one key: making another kills it
  'promote', // issuer-made, a first and a second key: promoting the second kills the first
  'client', // client-made and registered
  'manual', // made and removed by a person, proven by the issuer
  'unproven', // made and removed by a person, and nobody to ask
  'random', // client-made, with nobody to tell and nobody to ask
] as const;
export type Family = (typeof FAMILIES)[number];

export interface IssuerShape {
  readonly family: Family;
  readonly traits: IssuerTraits;
  /** Counts its slots for whoever asks. */
  readonly slots: boolean;
  /** Refuses a key beyond `maxLive`. */
  readonly enforces: boolean;
  /** Gives a key that it gave before, or one that never works, with this probability. */
  readonly repeats: number;
  readonly duds: number;
  /** Keys are too short to have a fingerprint. */
  readonly short: boolean;
}

export interface StoreShape {
  /** What is current has another version than what was staged, and what is kept another one again. */
  readonly renames: boolean;
  readonly converges: number;
  /** Two credentials in one document. */
  readonly shared: boolean;
}

export function issuerShape(dice: Dice, family: Family): IssuerShape {
  const byPerson = family === 'manual' || family === 'unproven';
  const unproven = family === 'unproven' || family === 'random';
  const mine: { readonly [F in Family]: Partial<IssuerTraits> } = {
    minted: { revokesBy: dice.pick(['id', 'secret']) },
    slots: { revokesBy: 'id', maxLive: dice.pick([2, 2, 3]) },
    swap: { revokesBy: 'replacement', maxLive: 1, settles: 0 },
    promote: { revokesBy: 'promotion', maxLive: 2 },
    client: { revokesBy: dice.pick(['id', 'secret']), secretFrom: 'client' },
    manual: { revokesBy: 'operator', secretFrom: 'operator' },
    unproven: { revokesBy: 'operator', secretFrom: 'operator' },
    random: { revokesBy: 'nothing', secretFrom: 'client', settles: 0 },
  };
  const traits: IssuerTraits = {
    secretFrom: 'issuer',
    asksWith: 'own',
    maxLive: 'unknown',
    revokesBy: 'secret',
    proves: !unproven,
    marks: !byPerson && !unproven && dice.chance(0.4),
    lists: !byPerson && !unproven && dice.chance(0.4),
    lastUsed: false,
    settles: dice.pick([0, 0, 10 * SECOND, 2 * MINUTE]),
    sweeps: false,
    longestLife: family !== 'random' && dice.chance(0.4) ? 60 * DAY : null,
    ...mine[family],
  };
  return {
    family,
    traits,
    slots: family === 'slots' && dice.chance(0.5),
    enforces: family !== 'slots' || dice.chance(0.3),
    repeats: family === 'minted' && dice.chance(0.15) ? 0.4 : 0,
    duds: (family === 'minted' || family === 'slots') && dice.chance(0.15) ? 0.4 : 0,
    short: (family === 'minted' || family === 'client') && dice.chance(0.15),
  };
}

export function storeShape(dice: Dice): StoreShape {
  return {
    renames: dice.chance(0.4),
    converges: dice.pick([0, 0, 0, 30 * SECOND, 5 * MINUTE]),
    shared: dice.chance(0.2),
  };
}

export function policyOf(dice: Dice, { traits, family, slots }: IssuerShape, store: StoreShape): Policy {
  return {
    maxAge: 90 * DAY,
    renewBefore: null,
    overlap: dice.pick([30 * MINUTE, 2 * HOUR, DAY]),
    lead: 14 * DAY,
    acceptGap: family === 'swap',
    scopes: [],
    gates: dice.chance(0.1) ? ['idle'] : [],
    hooks: dice.chance(0.2) ? ['restart'] : [],
    mirrors: dice.chance(0.2) ? ['copy'] : [],
    shared: store.shared,
    config: 'config-1',
    converges: store.converges,
    issuer: {
      ...traits,
      can: {
        register: family === 'client',
        revoke: ['id', 'secret', 'promotion'].includes(traits.revokesBy),
        find: traits.marks,
        list: traits.lists,
        slots,
      },
    },
  };
}
