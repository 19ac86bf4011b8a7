import type { ConfiguredCredential } from '../../config/config.ts';
import { type ErrorCode, KeyturnError, toKeyturnError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import type { LedgerStore, SecretStore } from '../../core/store.ts';
import { guarded } from '../../engine/guard.ts';
import type { Context } from '../context.ts';
import { attempt, type Check, fail, ok, warn } from './check.ts';

const PREFIX = 'keyturn-doctor-';
const CREDENTIAL = 'keyturn-doctor';
const NONCE_BYTES = 8;
/** Whoever is refused so by the first call of all has written nothing that would have to be removed. */
const AT_THE_DOOR: ReadonlySet<ErrorCode> = new Set(['ADMIN_REFUSED', 'CONFIG', 'REFERENCE']);

/**
 * Does with a store what a rotation does, at a location that nobody else has, and removes it again. What it writes is
 * no secret. The location is a name that every kind of store allows.
 */
export async function tryStore(user: ConfiguredCredential, context: Context): Promise<readonly Check[]> {
  const name = `store ${user.store.kind}: trial`;
  const location = `${PREFIX}${Buffer.from(context.world.random(NONCE_BYTES)).toString('hex')}`;
  let entered = false;
  const call: Call = async (doing, work) => {
    try {
      const answer = await guarded(context.world, `${doing} at ${location}`, context.signal, work);
      entered = true;
      return answer;
    } catch (caught) {
      entered ||= !AT_THE_DOOR.has(toKeyturnError(caught, doing).code);
      throw caught;
    }
  };
  return attempt(name, async () => {
    const store = await context.store(user);
    let left: readonly Check[] = [];
    let tried: readonly Check[] = [];
    try {
      tried = await attempt(name, () => tryAll(store, name, location, call));
    } finally {
      if (entered) left = await cleanUp(store, name, location, context);
    }
    return [...tried, ...left];
  });
}

async function tryAll(
  store: SecretStore,
  name: string,
  location: string,
  call: Call,
): Promise<readonly Check[]> {
  const { ledgers } = store;
  const faults = [
    ...(await tryValues(store, location, call)),
    ...(ledgers === undefined ? [] : await tryLedger(ledgers, location, call)),
  ];
  if (faults.length === 0) {
    return [ok(name, `a value was staged, read, promoted, replaced and discarded at ${location}`)];
  }
  return faults.map((message) => fail(name, message, 'do not use this store: it does not keep its promises'));
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
  // A store whose readers may see an old value for a while may show one here.
  const shows = async (word: string): Promise<boolean> =>
    (await current())?.text.equals(text(word)) === true || store.traits.converges > 0;

  const first = await stage('first');
  const staged = await call('read', (signal) => store.read(location, { version: first.version }, signal));
  must(staged?.text.equals(text('first')) === true, 'what was staged does not read back');
  must((await current()) === null, 'a staged value can be seen before it is promoted');
  const promoted = await call('promote', (signal) =>
    store.promote({ location, version: first.version, base: null }, signal),
  );
  must(await shows('first'), 'what was promoted does not read back');

  const second = await stage('second');
  const stale = call('promote', (signal) =>
    store.promote({ location, version: second.version, base: null }, signal),
  );
  must(await refused(stale), 'a promote that expects another value than the present one is not refused');
  const replaced = await call('promote', (signal) =>
    store.promote({ location, version: second.version, base: promoted.version }, signal),
  );
  must(await shows('second'), 'a value cannot be replaced');
  const kept = await call('keep', (signal) => store.keep(location, replaced.version, signal));
  const held = await call('read', (signal) => store.read(location, { version: kept.version }, signal));
  must(held?.text.equals(text('second')) === true, 'what was kept does not read back');
  await call('discard', (signal) => store.discard(location, first.version, signal));
  const gone = await call('read', (signal) => store.read(location, { mark: 'doctor.first' }, signal));
  must(gone === null, 'what was discarded can still be read by its mark');
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

/** Also after an interruption, and whatever came out before: what cannot be removed is told, and hides nothing else. */
async function cleanUp(
  store: SecretStore,
  name: string,
  location: string,
  { world }: Context,
): Promise<readonly Check[]> {
  const left = (hint: string) => [warn(name, `what was written at ${location} is left there`, hint)];
  if (store.remove === undefined) return left('remove it by hand; it is no secret');
  try {
    await guarded(world, `remove ${location}`, new AbortController().signal, async (signal) =>
      store.remove?.(location, signal),
    );
    return [];
  } catch (caught) {
    const { code, message, hint } = toKeyturnError(caught, `remove ${location}`);
    if (code === 'BUG') throw caught;
    return left(`${message}; ${hint}; or remove it by hand: it is no secret`);
  }
}
