import type { ConfiguredCredential } from '../../config/config.ts';
import { KeyturnError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import type { LedgerStore, SecretStore } from '../../core/store.ts';
import { guarded } from '../../engine/guard.ts';
import type { Context } from '../context.ts';
import { attempt, type Check, fail, ok, warn } from './check.ts';

const FOLDER = 'keyturn-doctor';
const CREDENTIAL = 'keyturn-doctor';
const NONCE_BYTES = 8;

/**
 * Does with a store what a rotation does, on a location that nobody else has, and removes it again. What it writes is
 * no secret.
 */
export async function tryStore(user: ConfiguredCredential, context: Context): Promise<readonly Check[]> {
  const name = `store ${user.store.kind}: trial`;
  const location = `${FOLDER}/${Buffer.from(context.world.random(NONCE_BYTES)).toString('hex')}`;
  const call = <T>(doing: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    guarded(context.world, `${doing} at ${location}`, context.signal, work);
  return attempt(name, async () => {
    const store = await context.store(user);
    const { ledgers } = store;
    try {
      const faults = [
        ...(await tryValues(store, location, call)),
        ...(ledgers === undefined ? [] : await tryLedger(ledgers, location, call)),
      ];
      if (faults.length > 0) {
        return faults.map((message) =>
          fail(name, message, 'do not use this store: it does not keep its promises'),
        );
      }
      return [
        ok(name, `a value was staged, read, promoted and replaced at ${location}`),
        ...leftover(store, location),
      ];
    } finally {
      await store.remove?.(location, new AbortController().signal);
    }
  });
}

type Call = <T>(doing: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** What went otherwise than it should; empty: nothing. */
async function tryValues(store: SecretStore, location: string, call: Call): Promise<readonly string[]> {
  const faults: string[] = [];
  const must = (claim: boolean, fault: string): void => {
    if (!claim) faults.push(fault);
  };
  const text = (word: string) => Secret.of(`keyturn doctor: ${word} trial value`);
  const stage = (word: string) =>
    call('stage', (signal) => store.stage({ location, mark: `doctor.${word}`, text: text(word) }, signal));
  const current = () => call('read', (signal) => store.read(location, 'current', signal));

  const first = await stage('first');
  const staged = await call('read', (signal) => store.read(location, { version: first.version }, signal));
  must(staged?.text.equals(text('first')) === true, 'what was staged does not read back');
  must((await current()) === null, 'a staged value can be seen before it is promoted');
  const promoted = await call('promote', (signal) =>
    store.promote({ location, version: first.version, base: null }, signal),
  );
  must((await current())?.text.equals(text('first')) === true, 'what was promoted does not read back');

  const second = await stage('second');
  const stale = call('promote', (signal) =>
    store.promote({ location, version: second.version, base: null }, signal),
  );
  must(await refused(stale), 'a promote that expects another value than the present one is not refused');
  const replaced = await call('promote', (signal) =>
    store.promote({ location, version: second.version, base: promoted.version }, signal),
  );
  must((await current())?.text.equals(text('second')) === true, 'a value cannot be replaced');
  await call('discard', (signal) => store.discard(location, promoted.version, signal));
  must(
    await refused(call('discard', (signal) => store.discard(location, replaced.version, signal))),
    'the current value can be discarded',
  );
  return faults;
}

async function tryLedger(ledgers: LedgerStore, location: string, call: Call): Promise<readonly string[]> {
  const at = { location, credential: CREDENTIAL };
  const save = (word: string, revision: string | null) =>
    call('save a ledger', (signal) => ledgers.save(at, JSON.stringify({ trial: word }), revision, signal));
  const faults: string[] = [];
  const first = await save('first', null);
  if (!(await refused(save('other', null)))) faults.push('a ledger that is there can be made once more');
  const second = await save('second', first.revision);
  if (!(await refused(save('other', first.revision)))) faults.push('a ledger can be saved over a newer one');
  const found = await call('load a ledger', (signal) => ledgers.load(at, signal));
  if (found?.revision !== second.revision) faults.push('a ledger that was saved is not what is loaded next');
  return faults;
}

async function refused(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (caught) {
    if (caught instanceof KeyturnError && caught.code === 'CONFLICT') return true;
    throw caught;
  }
}

function leftover(store: SecretStore, location: string): readonly Check[] {
  if (store.remove !== undefined) return [];
  const name = `store ${store.kind}: trial`;
  return [warn(name, `what was written at ${location} is left there`, 'remove it by hand; it is no secret')];
}
