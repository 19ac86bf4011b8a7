import type { IssuerTraits } from '../../src/core/issuer.ts';
import { COMMANDS, type Command } from './commands.ts';
import { FAULTS } from './network.ts';
import { Dice } from './random.ts';
import { DAY, HOUR, MINUTE, SECOND } from './world.ts';

/** Kinds of issuers as the protocol tells them apart. */
const families = (dice: Dice) =>
  ({
    minted: { revokesBy: dice.pick(['id', 'secret']) }, // issuer-made, any number of keys
    slots: { revokesBy: 'id', maxLive: dice.pick([2, 2, 3]) }, // issuer-made, two or three keys at most
    swap: { revokesBy: 'replacement', maxLive: 1, settles: 0 }, // issuer-made: making another kills it
    promote: { revokesBy: 'promotion', maxLive: 2 }, // issuer-made: promoting the second key kills the first
    client: { revokesBy: dice.pick(['id', 'secret']), secretFrom: 'client' }, // client-made and registered
    manual: { revokesBy: 'operator', secretFrom: 'operator' }, // made and removed by a person
    unproven: { revokesBy: 'operator', secretFrom: 'operator' }, // the same, and nobody to ask
    random: { revokesBy: 'nothing', secretFrom: 'client', settles: 0 }, // client-made, and nobody to ask or tell
  }) satisfies Readonly<Record<string, Partial<IssuerTraits>>>;
export type Family = keyof ReturnType<typeof families>;
export const FAMILIES = Object.keys(families(new Dice(0))) as readonly Family[];

/** One credential: its issuer, what the configuration says, and what is there at the beginning. */
function planOf(dice: Dice, gap: boolean, family: Family, store: ReturnType<typeof storeOf>, race: boolean) {
  const own: Partial<IssuerTraits> = families(dice)[family];
  const unproven = family === 'unproven' || family === 'random';
  const knows = !unproven && family !== 'manual';
  const traits: IssuerTraits = {
    secretFrom: 'issuer',
    asksWith: (family === 'minted' || family === 'slots') && dice.chance(0.2) ? 'current' : 'own',
    maxLive: 'unknown',
    revokesBy: 'secret',
    proves: !unproven,
    marks: knows && dice.chance(0.4),
    lists: knows && dice.chance(0.4),
    lastUsed: false,
    settles: dice.pick([0, 0, 10 * SECOND, 2 * MINUTE]),
    sweeps: false,
    longestLife: family !== 'random' && dice.chance(0.4) ? 60 * DAY : null,
    ...own,
  };
  const often = (likely: boolean): number => (likely && dice.chance(0.15) && !race ? 0.4 : 0);
  // One that expires is old before it is dead, or dies while all this goes on.
  const old = traits.longestLife === null ? 100 * DAY : 45 * DAY;
  const dies = traits.longestLife !== null && !unproven && !race && dice.chance(0.2);
  const last = dies ? 60 * DAY - dice.between(0, 3 * HOUR) : old;
  return {
    family,
    traits,
    slots: family === 'slots' && dice.chance(0.5), // counts its slots for whoever asks
    enforces: family !== 'slots' || dice.chance(0.3), // refuses a key beyond `maxLive`
    repeats: often(family === 'minted'), // gives a key that it gave before, with this probability
    duds: often(family === 'minted' || family === 'slots'), // or one that never works, dead or of the wrong kind
    short: (family === 'minted' || family === 'client') && dice.chance(0.15), // keys without a fingerprint
    begins: race ? 'managed' : dice.pick(['empty', 'managed', 'managed', 'managed', 'foreign'] as const),
    age: race || dice.chance(0.7) ? last : 2 * DAY, // of the key that is there
    policy: {
      overlap: dice.pick([30 * MINUTE, 2 * HOUR, DAY]),
      config: 'config-1',
      acceptGap: family === 'swap' && gap, // where it is not, nothing may be made until a person accepts it at the end
      gates: dice.chance(0.2) ? ['idle'] : [],
      hooks: dice.chance(0.2) ? ['restart'] : [],
      mirrors: dice.chance(0.2) ? ['copy'] : [],
      shared: store.shared,
      converges: store.converges,
    },
  };
}
export type Plan = ReturnType<typeof planOf>;

const storeOf = (dice: Dice, race: boolean) => ({
  renames: dice.chance(0.4), // what is current has another version than what was staged
  converges: dice.pick([0, 0, 0, 30 * SECOND, 5 * MINUTE]) * (race ? 0 : 1), // readers may see what was there before
  casPromote: race || dice.chance(0.8), // promote is compare-and-set; else a moment lies between the look and the change
  shared: dice.chance(0.2), // two credentials in one document
});

/** What a job, a person or a stranger does `at` milliseconds after the beginning. */
export const operation = (id: number, command: Command, at = 0, host = 0, credential = 0) => ({
  id,
  command,
  at,
  host,
  credential,
  takeLease: false,
  waits: false, // until the overlap is over
  lurks: false, // a stranger who acts at the worst moment: while the intention to revoke a key is being saved
});
export type Operation = ReturnType<typeof operation>;

/** Everything that happens in one simulation, but for what follows from it; `without`: less these parts. */
export function scheduleOf(seed: number, without: ReadonlySet<string> = new Set()) {
  const dice = new Dice(seed, 1);
  const race = dice.chance(0.06); // runs of one due credential at once, with nothing going wrong
  const store = storeOf(dice, race);
  const family = race ? dice.pick(['minted', 'slots', 'client'] as const) : dice.pick(FAMILIES);
  const families = store.shared ? [family, 'minted' as const] : [family];
  const credentials = families.map((each) => planOf(dice, seed % 4 > 0, each, store, race));
  const skewed = !race && dice.chance(0.5);
  const operations = race ? racing(dice) : mixed(dice, credentials);
  return {
    seed,
    race,
    store,
    credentials,
    clocks: [0, 1, 2].map(() => (skewed ? dice.between(0, 5 * MINUTE) : 0)), // milliseconds ahead of the truth
    operations: operations.filter(({ id }) => !without.has(`${id}`)),
    faults: {
      probability: race ? 0 : dice.pick([0.01, 0.03, 0.06, 0.15]),
      kinds: dice.chance(0.3) ? FAULTS : Array.from({ length: 1 + dice.int(3) }, () => dice.pick(FAULTS)),
    },
    sink: race ? 'none' : dice.pick(['none', 'none', 'none', 'optional', 'required'] as const),
    without,
  };
}
export type Schedule = ReturnType<typeof scheduleOf>;

/** Many at once. */
function racing(dice: Dice): Operation[] {
  const at = (): number => (dice.chance(0.5) ? 0 : dice.between(0, 2 * SECOND));
  return Array.from({ length: 2 + dice.int(3) }, (_, id) => operation(id, 'run', at(), id % 3));
}

/** Two to six of anything, and in half of the schedules two runs at the end of the overlap, where an old key is to die. */
function mixed(dice: Dice, credentials: readonly Plan[]): Operation[] {
  const [{ family, begins }] = credentials as [Plan];
  const likely: Command[] = begins === 'managed' ? [] : ['adopt', 'adopt by hand'];
  if (family === 'slots') likely.unshift('emergency', 'rotate');
  if (family === 'manual' || family === 'unproven') likely.unshift('provide', 'provide');
  const commandFor = (): Command => {
    if (dice.chance(0.35)) return 'run';
    return likely.length > 0 && dice.chance(0.4) ? dice.pick(likely) : dice.pick(COMMANDS);
  };
  const overlap = Math.max(...credentials.map(({ policy }) => policy.overlap));
  const span = dice.pick([10 * SECOND, 3 * MINUTE, 1.2 * overlap, 1.2 * overlap]);
  const lively = dice.chance(0.5);
  const count = 2 + dice.int(5);
  const late = dice.chance(0.5) ? 2 : 0;
  // What was there before keyturn is taken on, so that what adopt does is met by faults as well.
  const planned = (id: number): Command => {
    if (id === 1 && begins === 'foreign') return 'adopt';
    return id === 0 || !lively || id >= count ? 'run' : commandFor();
  };
  return Array.from({ length: count + late }, (_, id) => ({
    id,
    command: planned(id),
    at: id === 0 ? 0 : id < count ? dice.between(0, span) : overlap + dice.between(0, 12 * MINUTE),
    host: dice.int(3),
    credential: dice.int(credentials.length),
    takeLease: dice.chance(0.1),
    waits: dice.chance(0.08),
    lurks: dice.chance(0.3),
  }));
}
