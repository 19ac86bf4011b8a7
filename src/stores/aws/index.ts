import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import type { LedgerStore, SecretStore } from '../../core/store.ts';
import { type Client, createClient } from './client.ts';
import { ledgersIn } from './ledgers.ts';
import { locationFault, NEXT, namesWith } from './names.ts';
import { secretsOf } from './secrets.ts';
import type { AwsSettings } from './settings.ts';
import { refuseFullOfLabels, refuseObstacle } from './standing.ts';
import { TRAITS, valuesIn } from './values.ts';

export interface AwsStore extends SecretStore {
  readonly ledgers: LedgerStore;
  readonly rights: NonNullable<SecretStore['rights']>;
  readonly remove: NonNullable<SecretStore['remove']>;
  readonly close: NonNullable<SecretStore['close']>;
}

/**
 * AWS Secrets Manager. A location is the name of a secret, and AWSCURRENT is always current; all else that lives has a
 * label of our own. Ledgers and first values are secrets beside it, under `prefix`.
 */
export function createAwsStore(settings: AwsSettings, context: PluginContext): AwsStore {
  const { kmsKeyId, prefix = 'keyturn/', auditPrefix } = settings;
  const client: Client = createClient(settings, context);
  const secrets = secretsOf(client, kmsKeyId);
  const names = namesWith(prefix);
  /** Secrets beside a location that this object may have made. */
  const beside = new Map<string, Set<string>>();

  return {
    kind: settings.kind,
    traits: TRAITS,
    ...valuesIn(secrets, names),
    ledgers: ledgersIn({
      secrets,
      names,
      random: context.random,
      writes: ({ location }, name) => {
        beside.set(location, (beside.get(location) ?? new Set()).add(name));
      },
    }),

    /** AWS tells nobody beforehand what he may write; but what he may read can be tried, and what stands in anyone's way be seen. */
    async rights({ credential, location }, signal) {
      const name = names.value(location);
      const [value, ledger] = await Promise.all([
        secrets.describe(name, signal),
        secrets.describe(names.ledger({ credential, location }), signal),
        // No version has this label there.
        secrets.get(names.first(location), { label: NEXT }, signal),
      ]);
      refuseObstacle(value);
      refuseObstacle(ledger);
      if (value !== null) refuseFullOfLabels(name, value);
      return null;
    },

    /** Whether AWS can be reached and knows who asks. Being denied a look at what is not there is no fault. */
    async check(signal) {
      try {
        await secrets.describe(`${prefix}doctor`, signal);
      } catch (caught) {
        if (!(caught instanceof KeyturnError) || caught.code !== 'DENIED') throw caught;
      }
      return [];
    },

    ...(auditPrefix === undefined
      ? {}
      : {
          locations: async (signal) =>
            (await secrets.list(auditPrefix, signal)).filter((name) => locationFault(name, prefix) === null),
        }),

    async remove(location, signal) {
      const all = [names.value(location), names.first(location), ...(beside.get(location) ?? [])];
      for (const name of all) await secrets.remove(name, signal);
    },

    close: async () => client.close(),
  };
}
