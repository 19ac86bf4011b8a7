import type { Config, ConfiguredCredential } from '../../config/config.ts';
import type { AuditedIssuer } from '../../core/audit-subject.ts';
import { toMs } from '../../core/credential.ts';
import { toKeyturnError } from '../../core/errors.ts';
import type { ListedKey } from '../../core/issuer.ts';
import type { Ledger } from '../../core/ledger.ts';
import { secretListed } from '../../core/listed-secrets.ts';
import { guarded } from '../../engine/guard.ts';
import type { Context } from '../context.ts';
import { inParallel } from '../parallel.ts';
import { callerOf } from './listing.ts';
import { compareKeys } from './whose.ts';

/** What an issuer lists; a text says why that could not be told. */
export interface TakenList {
  readonly issuer: string;
  readonly keys: readonly ListedKey[] | string;
  /** A key that was proven dead before this is on no list any more. */
  readonly deadBefore: number;
}

/**
 * The lists of those issuers of these credentials that tell keys that keyturn made. To be taken before the ledgers are
 * read: what is listed then was entered in a ledger before.
 */
export async function takeLists(
  chosen: readonly ConfiguredCredential[],
  context: Context,
): Promise<readonly TakenList[]> {
  const names = [...new Set(chosen.map(({ issuer }) => issuer))];
  const taken = await inParallel(names, async (name): Promise<readonly TakenList[]> => {
    const takenAt = context.world.now();
    try {
      const { list, traits } = await context.issuer(name);
      if (list === undefined || !traits.marks) return [];
      const { credentials } = await context.config();
      const caller = await callerOf(
        credentials.filter(({ issuer }) => issuer === name),
        context,
      );
      if (caller === undefined && traits.asksWith === 'current') return [];
      const keys = await guarded(context.world, `list the keys of ${name}`, context.signal, (signal) =>
        list(signal, caller),
      );
      return [{ issuer: name, keys, deadBefore: takenAt - traits.settles }];
    } catch (caught) {
      const error = toKeyturnError(caught, `list the keys of ${name}`);
      if (error.code === 'BUG' || error.code === 'INTERRUPTED') throw caught;
      return [{ issuer: name, keys: error.message, deadBefore: 0 }];
    }
  });
  return taken.flat();
}

/** The orphans of a list that no ledger reports by itself. */
export function compareList(
  { issuer, keys, deadBefore }: TakenList,
  config: Config,
  ledgers: ReadonlyMap<string, Ledger>,
): AuditedIssuer {
  if (typeof keys === 'string') return { name: issuer, orphans: [], unknown: keys };
  const names = config.credentials.filter((one) => one.issuer === issuer).map(({ name }) => name);
  const unread = names.find((name) => !ledgers.has(name));
  if (unread !== undefined)
    return { name: issuer, orphans: [], unknown: `the ledger of ${unread} could not be read` };
  const known = names.flatMap((name) => ledgers.get(name) ?? []);
  const leak = secretListed(
    keys,
    known.flatMap((ledger) => ledger.keys),
  );
  if (leak !== null) return { name: issuer, orphans: [], unknown: leak.message };
  const others = [...ledgers.values()].filter(({ credential }) => !names.includes(credential));
  const compared = compareKeys(keys, known, others);
  const silent = config.credentials.find(({ name }) => !ledgers.has(name));
  if (silent !== undefined && compared.some(({ whose }) => whose === 'unclaimed'))
    return { name: issuer, orphans: [], unknown: `the ledger of ${silent.name} could not be read` };
  const orphans = compared.filter(({ whose, state, credential, key }) => {
    if (whose === 'unclaimed') return true;
    if (whose !== 'orphan' || state === 'possible' || state === 'intended') return false;
    const row = ledgers.get(credential ?? '')?.keys.find(({ id }) => id === key);
    return row?.proof === undefined || toMs(row.proof.at) < deadBefore;
  });
  return { name: issuer, orphans, unknown: null };
}
