import { KeyturnError } from '../../core/errors.ts';
import { conflict } from '../../core/store-call.ts';
import type { Api } from './api.ts';
import type { Current } from './current.ts';
import { accessNumber, disabled } from './named-texts.ts';
import type { SecretMeta } from './replies.ts';

export const ALIAS = 'current';
const MOST_ALIASES = 50;
/** How far back a version is looked for that was added and never became current. */
const MOST_ORPHANS = 20;

/** Consumers read `versions/current`. The alias moves with the etag of the secret: that is the compare-and-set. */
export function currentByAlias(api: Api): Current {
  const standing: Current['standing'] = async (main, signal) => {
    const secret = await api.getSecret(main, signal);
    return {
      number: secret?.aliases.get(ALIAS) ?? null,
      secret,
      // Writing what is there already fails where there is something newer.
      sure: async (inner) => {
        if (secret === null) return;
        if ((await api.updateSecret(secret, { aliases: secret.aliases }, inner)) === null) throw moved(main);
      },
    };
  };

  /** A version that an interrupted promote added: newer than what is current, nobody's, and with these bytes. */
  const orphan = async (secret: SecretMeta, data: Buffer, signal: AbortSignal): Promise<number | null> => {
    const above = secret.aliases.get(ALIAS) ?? 0;
    const aliased = new Set(secret.aliases.values());
    for (const { number, state } of await api.listVersions(secret.id, MOST_ORPHANS, signal)) {
      if (number <= above || state !== 'enabled' || aliased.has(number)) continue;
      const found = await accessNumber(api, secret.id, number, signal);
      if (found?.data.equals(data)) return number;
    }
    return null;
  };

  return {
    standing,

    read: async (main, signal) => {
      const found = await api.access(main, ALIAS, signal);
      if (found === 'closed') throw disabled(`${api.resource(main)}/versions/${ALIAS}`);
      return found;
    },

    replace: async ({ main, standing: { secret }, data }, signal) => {
      const of = secret ?? (await make(api, main, signal));
      if (of.aliases.size >= MOST_ALIASES && !of.aliases.has(ALIAS)) throw noAlias(main);
      const number = (await orphan(of, data, signal)) ?? (await api.addVersion(main, data, signal));
      if (number === null) throw moved(main);
      const aliases = new Map(of.aliases).set(ALIAS, number);
      if ((await api.updateSecret(of, { aliases }, signal)) === null) throw moved(main);
      return number;
    },
  };
}

/** A secret that was not there. Throws CONFLICT where somebody else has just made it. */
export async function make(api: Api, secret: string, signal: AbortSignal): Promise<SecretMeta> {
  const made = await api.createSecret(secret, {}, signal);
  if (made === null) throw moved(secret);
  return made;
}

export function moved(secret: string): KeyturnError {
  return conflict(`${secret} was changed by someone else`);
}

export function noAlias(secret: string): KeyturnError {
  return new KeyturnError('FULL', `${secret} has ${MOST_ALIASES} aliases, as many as it may have`, {
    hint: 'take away aliases that nobody uses',
    unsent: true,
  });
}
