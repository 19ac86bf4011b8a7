import type { ConfiguredCredential } from '../config/config.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Key } from '../core/ledger.ts';
import type { SiblingKey } from '../core/protocol/seen.ts';
import { isDead } from '../core/rows.ts';
import type { LedgerStore } from '../core/store.ts';
import type { Context } from './context.ts';
import { inParallel, READS_AT_ONCE } from './parallel.ts';

/** For so long a ledger that was read tells what lives under its credential. A run looks no more often either. */
const GOOD_FOR_MS = 60_000;

/** The keys of other credentials, for all runs of one command. */
export interface Siblings {
  /** Keys of all other credentials that are not dead. */
  readonly of: (credential: ConfiguredCredential) => Promise<readonly SiblingKey[]>;
  /** The same ledgers; what is saved there is read anew by those who ask after it. */
  readonly watched: (credential: ConfiguredCredential, ledgers: LedgerStore) => LedgerStore;
}

/**
 * Reads each ledger once, and once more when it was changed here or a minute has passed: a thousand rotations that each
 * read the other 999 would be a million questions. `lenient`: those that cannot be read are left out.
 */
export function siblingsIn(
  all: readonly ConfiguredCredential[],
  context: Pick<Context, 'ledger' | 'world'>,
  lenient: boolean,
): Siblings {
  const read = new Map<string, { readonly at: number; readonly keys: Promise<readonly Key[]> }>();

  const keysOf = (credential: ConfiguredCredential): Promise<readonly Key[]> => {
    const now = context.world.now();
    const known = read.get(credential.name);
    // Below zero: somebody has put the clock back.
    if (known !== undefined && now - known.at >= 0 && now - known.at < GOOD_FOR_MS) return known.keys;
    const keys = liveKeys(credential, context, lenient);
    read.set(credential.name, { at: now, keys });
    keys.catch(() => read.delete(credential.name));
    return keys;
  };

  return {
    of: async ({ name, issuer }) => {
      const others = all.filter((other) => other.name !== name);
      const keys = await inParallel(
        others,
        async (other) => (await keysOf(other)).map((key) => siblingKey(key, other, issuer)),
        READS_AT_ONCE,
      );
      return keys.flat();
    },

    watched: ({ name }, ledgers) => ({
      load: (at, signal) => ledgers.load(at, signal),
      save: async (at, document, revision, signal) => {
        try {
          return await ledgers.save(at, document, revision, signal);
        } finally {
          read.delete(name);
        }
      },
      writeSegment: (at, segment, document, signal) => ledgers.writeSegment(at, segment, document, signal),
      readSegment: (at, segment, signal) => ledgers.readSegment(at, segment, signal),
      dropSegment: (at, segment, signal) => ledgers.dropSegment(at, segment, signal),
    }),
  };
}

/** As a credential of `issuer` sees it: ids that another issuer gave mean nothing there. */
function siblingKey(
  { id, issuerKeyId, fingerprints }: Key,
  { name, issuer: its }: ConfiguredCredential,
  issuer: string,
): SiblingKey {
  return {
    credential: name,
    id,
    ...(issuerKeyId === undefined ? {} : { [its === issuer ? 'issuerKeyId' : 'idElsewhere']: issuerKeyId }),
    ...(fingerprints === undefined ? {} : { fingerprints }),
  };
}

async function liveKeys(
  credential: ConfiguredCredential,
  context: Pick<Context, 'ledger'>,
  lenient: boolean,
): Promise<readonly Key[]> {
  try {
    return (await context.ledger(credential)).keys.filter((key) => !isDead(key));
  } catch (caught) {
    if (!lenient || !(caught instanceof KeyturnError)) throw caught;
    return [];
  }
}
