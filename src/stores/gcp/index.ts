import type { PluginContext } from '../../core/plugin.ts';
import { durationMs } from '../../core/setting.ts';
import type { LedgerStore, SecretStore } from '../../core/store.ts';
import { storeCall } from '../../core/store-call.ts';
import { valuesInPlace } from './alias-only.ts';
import { createApi } from './api.ts';
import { currentByAlias } from './by-alias.ts';
import { currentByLatest } from './by-latest.ts';
import { callsOver } from './calls.ts';
import { checkStore } from './check.ts';
import { connectionFor } from './client.ts';
import { ledgersOn } from './ledgers.ts';
import { aliasedLocations, listingOf } from './listing.ts';
import { parentOf } from './names.ts';
import { missingRights } from './rights.ts';
import type { GcpSettings } from './settings.ts';
import { LARGEST, STAGED_APART, valuesApart } from './values.ts';
import { writtenTimes } from './written.ts';

const CONVERGES = '1h';

export interface GcpStore extends SecretStore {
  readonly ledgers: LedgerStore;
}

/** Google Secret Manager. Nothing is loaded and nobody is asked before the first call. */
export function createGcpStore(settings: GcpSettings, context: PluginContext): GcpStore {
  const connection = connectionFor(settings, context);
  const api = createApi(callsOver(connection, context), parentOf(settings));
  const written = writtenTimes(api);
  const byLatest = settings.mode === 'latest';
  const inPlace = settings.aliasOnly === true;
  const current = byLatest ? currentByLatest(api) : currentByAlias(api);
  return {
    kind: settings.kind,
    traits: {
      casPromote: !byLatest,
      hiddenStaging: true,
      converges: durationMs(settings.converges ?? CONVERGES) ?? 0,
      limits: inPlace ? { valueBytes: LARGEST } : STAGED_APART.limits,
    },
    ...(inPlace ? valuesInPlace(api, written) : valuesApart(api, current, written)),
    ...listingOf(api),
    ledgers: ledgersOn(api),
    // Which secrets have a version at all takes a call for each; which have the alias takes one.
    ...(byLatest
      ? {}
      : {
          locations: (signal) => storeCall('list the secrets', signal, () => aliasedLocations(api, signal)),
        }),
    check: (signal) => storeCall('check the store', signal, () => checkStore(api, settings, signal)),
    rights: (at, signal) =>
      storeCall(`ask for the rights at ${at.location}`, signal, () =>
        missingRights(api, settings, at, signal),
      ),
    close: connection.close,
  };
}
