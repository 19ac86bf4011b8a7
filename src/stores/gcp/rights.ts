import { KeyturnError } from '../../core/errors.ts';
import type { LedgerAddress, MissingRight } from '../../core/store.ts';
import type { Api } from './api.ts';
import { ALIAS } from './by-alias.ts';
import { grantOf } from './faults.ts';
import { ledgerSecret, placeOf } from './names.ts';
import type { GcpSettings } from './settings.ts';

/** What the rotator does with each of the secrets of a credential; the role of the docs page, line by line. */
export const ROTATOR = [
  'secretmanager.secrets.get',
  'secretmanager.secrets.update',
  'secretmanager.versions.access',
  'secretmanager.versions.add',
  'secretmanager.versions.destroy',
  'secretmanager.versions.get',
  'secretmanager.versions.list',
] as const;

/**
 * Asks Google which permissions are there on each secret of a credential. A secret that does not exist yet has none, and
 * nobody can tell whether it may be made: it is passed over.
 */
export async function missingRights(
  api: Api,
  settings: GcpSettings,
  at: LedgerAddress,
  signal: AbortSignal,
): Promise<readonly MissingRight[]> {
  const { main, staged } = placeOf(at.location);
  const beside = settings.aliasOnly === true ? [] : [staged];
  await refuseUnfit(api, settings, main, signal);
  const found = await Promise.all(
    [main, ...beside, ledgerSecret(at)].map((secret) => missingOn(api, secret, signal)),
  );
  return found.flat();
}

async function missingOn(api: Api, secret: string, signal: AbortSignal): Promise<readonly MissingRight[]> {
  const there = new Set(await api.testPermissions(secret, ROTATOR, signal));
  const missing = ROTATOR.filter((permission) => !there.has(permission));
  if (missing.length === ROTATOR.length && !(await mayExist(api, secret, signal))) return [];
  return missing.map((permission) => ({
    permission,
    on: api.resource(secret),
    grant: grantOf(permission),
  }));
}

/** Whoever may not look at a secret is told that it may not be there. */
async function mayExist(api: Api, secret: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await api.getSecret(secret, signal)) !== null;
  } catch (caught) {
    if (caught instanceof KeyturnError && caught.code === 'DENIED') return true;
    throw caught;
  }
}

/** What can be told of the secret before a key is made for it. */
async function refuseUnfit(
  api: Api,
  settings: GcpSettings,
  main: string,
  signal: AbortSignal,
): Promise<void> {
  const secret = await orNull(() => api.getSecret(main, signal));
  if (secret === null) return;
  if (secret.managed) {
    throw new KeyturnError('UNSUPPORTED', `${api.resource(main)} is rotated by Google itself (Cloud SQL)`, {
      hint: 'use another secret for this credential',
      unsent: true,
    });
  }
  if (settings.mode === 'latest' || secret.aliases.has(ALIAS)) return;
  const [newest] = (await orNull(() => api.listVersions(main, 1, signal))) ?? [];
  if (newest === undefined) return;
  throw new KeyturnError('CONFIG', `${api.resource(main)} has versions, but no alias ${ALIAS}`, {
    hint: `let consumers read versions/${ALIAS} and run gcloud secrets update ${main} --update-version-aliases=${ALIAS}=${newest.number}, then keyturn adopt; or use mode latest`,
    unsent: true,
  });
}

/** Null as well where it is not allowed: what is missing is told as a whole. */
async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (caught) {
    if (caught instanceof KeyturnError && caught.code === 'DENIED') return null;
    throw caught;
  }
}
