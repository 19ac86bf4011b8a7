import type { IssuerTraits } from '../../src/core/issuer.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { Dice } from './random.ts';
import { DAY, HOUR, MINUTE, SECOND } from './world.ts';

/** Kinds of issuers as the protocol tells them apart. */
export const FAMILIES = [
  'minted', // issuer-made, any number of keys, revoked by the secret
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
  /** May give the key that it gave before. */
  readonly repeats: boolean;
  /** Keys are too short to have a fingerprint. */
  readonly short: boolean;
  /** Says in the answer to create when the key ends. */
  readonly expiring: boolean;
}

export interface StoreShape {
  /** Current has another version than what was staged, and what is kept another one again. */
  readonly renames: boolean;
  readonly converges: number;
  /** Two credentials in one document. */
  readonly shared: boolean;
}

export function issuerShape(chance: Dice, family: Family): IssuerShape {
  const expiring = chance.chance(0.4);
  const base: IssuerTraits = {
    secretFrom: 'issuer',
    maxLive: 'unknown',
    revokesBy: 'secret',
    proves: true,
    marks: chance.chance(0.4),
    lists: chance.chance(0.4),
    lastUsed: false,
    settles: chance.pick([0, 0, 10 * SECOND, 2 * MINUTE]),
    sweeps: false,
    longestLife: expiring ? 60 * DAY : null,
  };
  const shape = { family, slots: false, enforces: true, repeats: false, short: false, expiring };
  switch (family) {
    case 'minted':
      return {
        ...shape,
        traits: { ...base, revokesBy: chance.pick(['id', 'secret']) },
        repeats: chance.chance(0.15),
        short: chance.chance(0.15),
      };
    case 'slots': {
      const traits = { ...base, maxLive: chance.pick([2, 2, 3]), revokesBy: 'id' as const };
      return { ...shape, traits, slots: chance.chance(0.5), enforces: chance.chance(0.7) };
    }
    case 'swap':
      return { ...shape, traits: { ...base, maxLive: 1, revokesBy: 'replacement', settles: 0 } };
    case 'promote':
      return { ...shape, traits: { ...base, maxLive: 2, revokesBy: 'promotion' } };
    case 'client': {
      const traits = {
        ...base,
        secretFrom: 'client' as const,
        revokesBy: chance.pick(['id', 'secret'] as const),
      };
      return { ...shape, traits, short: chance.chance(0.2) };
    }
    case 'manual':
    case 'unproven': {
      const traits = { ...base, secretFrom: 'operator' as const, revokesBy: 'operator' as const };
      return { ...shape, traits: { ...traits, marks: false, lists: false, proves: family === 'manual' } };
    }
    case 'random': {
      const traits = { ...base, secretFrom: 'client' as const, revokesBy: 'nothing' as const, proves: false };
      return { ...shape, traits: { ...traits, marks: false, lists: false, settles: 0, longestLife: null } };
    }
  }
}

export function storeShape(chance: Dice): StoreShape {
  return {
    renames: chance.chance(0.4),
    converges: chance.pick([0, 0, 0, 30 * SECOND, 5 * MINUTE]),
    shared: chance.chance(0.2),
  };
}

export function policyOf(chance: Dice, shape: IssuerShape, store: StoreShape): Policy {
  const { traits, family } = shape;
  const made = traits.secretFrom;
  return {
    maxAge: 90 * DAY,
    renewBefore: null,
    overlap: chance.pick([30 * MINUTE, 2 * HOUR, DAY]),
    lead: 14 * DAY,
    acceptGap: family === 'swap',
    scopes: [],
    gates: chance.chance(0.1) ? ['idle'] : [],
    hooks: chance.chance(0.2) ? ['restart'] : [],
    mirrors: chance.chance(0.2) ? ['copy'] : [],
    shared: store.shared,
    config: 'config-1',
    converges: store.converges,
    issuer: {
      ...traits,
      can: {
        register: made === 'client' && family !== 'random',
        revoke: !['swap', 'manual', 'unproven', 'random'].includes(family),
        find: traits.marks,
        list: traits.lists,
        slots: shape.slots,
      },
    },
  };
}
