import type { SecretStore } from '../../core/store.ts';
import { storeCall } from '../../core/store-call.ts';
import type { Api } from './api.ts';
import { ALIAS } from './by-alias.ts';
import { isBeside, placeOf } from './names.ts';

const MOST_VERSIONS = 100;

/** Which versions there are, and what goes when a location is ended. */
export function listingOf(api: Api): Required<Pick<SecretStore, 'history' | 'remove'>> {
  return {
    history: (location, signal) =>
      storeCall(`list the versions of ${location}`, signal, async () => {
        const versions = await api.listVersions(placeOf(location).main, MOST_VERSIONS, signal);
        return versions
          .filter(({ state }) => state === 'enabled')
          .map(({ number, createdAt }) => ({
            version: `v${number}`,
            ...(createdAt === undefined ? {} : { writtenAt: createdAt }),
          }));
      }),

    remove: (location, signal) =>
      storeCall(`remove ${location}`, signal, async () => {
        const { main, staged } = placeOf(location);
        for (const { id } of await api.listSecrets(main, signal)) {
          if (id === main || id === staged || id.startsWith(`${main}--ledger--`)) {
            await api.deleteSecret(id, signal);
          }
        }
      }),
  };
}

/** Secrets that have the alias. */
export async function aliasedLocations(api: Api, signal: AbortSignal): Promise<readonly string[]> {
  const secrets = await api.listSecrets('', signal);
  return secrets
    .filter(({ id, aliases }) => aliases.has(ALIAS) && !isBeside(id))
    .map(({ id }) => id)
    .sort();
}
