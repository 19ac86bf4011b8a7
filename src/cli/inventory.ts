import type { Config, ConfiguredCredential } from '../config/config.ts';
import type { AuditedCredential, AuditedValue, Inventory } from '../core/audit-subject.ts';
import { type KeyturnError, toKeyturnError } from '../core/errors.ts';
import type { Ledger } from '../core/ledger.ts';
import { lookAt, verified } from '../engine/looks.ts';
import type { Run } from '../engine/run.ts';
import { openSession, type Session } from '../engine/session.ts';
import type { Context } from './context.ts';
import { compareList, takeLists } from './keys/orphans.ts';
import { inParallel } from './parallel.ts';
import { runMaker } from './runs.ts';

/** Everything that an audit goes by. */
export interface Taken {
  readonly inventory: Inventory;
  /** By credential; those that could not be read are absent. */
  readonly ledgers: ReadonlyMap<string, Ledger>;
  /** Why a credential or a store could not be read. */
  readonly errors: readonly KeyturnError[];
}

interface One {
  readonly credential?: AuditedCredential;
  readonly ledger?: Ledger;
  readonly error?: KeyturnError;
}

/**
 * Reads what is to be audited. The chosen credentials are read whole and, unless `offline`, their issuers are asked;
 * of the others only the ledger is read, to compare with.
 */
export async function takeInventory(
  chosen: readonly ConfiguredCredential[],
  context: Context,
  { offline, strangers }: { readonly offline: boolean; readonly strangers: boolean },
): Promise<Taken> {
  const config = await context.config();
  const lists = offline ? [] : await takeLists(chosen, context);
  const makeRun = await runMaker(context, { dry: true });
  const read = await inParallel(config.credentials, async (credential): Promise<One> => {
    const selected = chosen.includes(credential);
    try {
      return await readOne(await makeRun(credential), selected, offline);
    } catch (caught) {
      const error = toKeyturnError(caught, `audit ${credential.name}`);
      if (error.code === 'BUG' || error.code === 'INTERRUPTED') throw caught;
      // What is only there to be compared with is read as far as it can be.
      return selected ? { error } : {};
    }
  });
  const found = strangers ? await findStrangers(config, context) : { strangers: [], errors: [] };
  const ledgers = read.flatMap(({ ledger }) =>
    ledger === undefined ? [] : [[ledger.credential, ledger] as const],
  );
  return {
    inventory: {
      credentials: read.flatMap(({ credential }) => (credential === undefined ? [] : [credential])),
      issuers: lists.map((list) => compareList(list, config, new Map(ledgers))),
      strangers: found.strangers,
    },
    ledgers: new Map(ledgers),
    errors: [...read.flatMap(({ error }) => (error === undefined ? [] : [error])), ...found.errors],
  };
}

async function readOne(run: Run, selected: boolean, offline: boolean): Promise<One> {
  const { name, issuer } = run.credential;
  const session = await openSession(run);
  const ledger = session.book.ledger;
  const common = { name, issuer, policy: run.policy, clock: run.runner.host, selected };
  if (!selected) return { credential: common, ledger };
  const current = await readCurrent(session);
  const asks = current !== null && !offline && run.issuer.traits.proves;
  const said = asks ? await verified(run, current.key, `the key of ${name}`) : undefined;
  return { credential: { ...common, current, ...(said === undefined ? {} : { said }) }, ledger };
}

async function readCurrent({ run, values, book, seen }: Session): Promise<AuditedValue | null> {
  const { current } = await lookAt(run, values, book.ledger, seen, { what: 'current' });
  const value = values.current;
  if (!current || value === null || value.key === null) return null;
  const { writtenAt } = current;
  return { key: value.key, row: current.row, ...(writtenAt === undefined ? {} : { writtenAt }) };
}

/** Locations that hold a value and that no credential names, in the stores that can list theirs. */
async function findStrangers(
  config: Config,
  context: Context,
): Promise<{ readonly strangers: Inventory['strangers']; readonly errors: readonly KeyturnError[] }> {
  const strangers: { store: string; location: string }[] = [];
  const errors: KeyturnError[] = [];
  for (const settings of config.stores) {
    const using = config.credentials.filter((one) => one.store === settings);
    const [first] = using;
    if (first === undefined) continue;
    try {
      const store = await context.store(first);
      const known = new Set(using.map((one) => one.location));
      for (const location of (await store.locations?.(context.signal)) ?? []) {
        if (!known.has(location)) strangers.push({ store: store.kind, location });
      }
    } catch (caught) {
      const error = toKeyturnError(caught, `list the locations of the store ${settings.kind}`);
      if (error.code === 'BUG' || error.code === 'INTERRUPTED') throw caught;
      errors.push(error);
    }
  }
  return { strangers, errors };
}
