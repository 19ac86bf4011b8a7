import type { Config, ConfiguredCredential } from '../../config/config.ts';
import { choice } from '../../config/wording.ts';
import { keyIn } from '../../core/document.ts';
import { KeyturnError } from '../../core/errors.ts';
import type { Issuer, ListedKey } from '../../core/issuer.ts';
import type { Secret } from '../../core/secret.ts';
import { guarded } from '../../engine/guard.ts';
import type { Context } from '../context.ts';
import { inParallel } from '../parallel.ts';

/** The credentials of an issuer that the configuration names. Throws USAGE for another name. */
export function credentialsOf(config: Config, issuer: string): readonly ConfiguredCredential[] {
  if (config.issuers.has(issuer)) return config.credentials.filter((one) => one.issuer === issuer);
  throw new KeyturnError('USAGE', 'there is no issuer of this name in the configuration', {
    hint: choice(null, [...config.issuers.keys()], 'issuers'),
  });
}

/** A key by which an issuer can be asked about the others: what is current in the first store that has one. */
export async function callerOf(
  credentials: readonly ConfiguredCredential[],
  context: Context,
): Promise<Secret | undefined> {
  for (const credential of credentials) {
    const { location, fields } = credential;
    const store = await context.store(credential);
    const found = await guarded(context.world, `read ${location}`, context.signal, (signal) =>
      store.read(location, 'current', signal),
    );
    const key = found === null ? null : keyIn(found.text.open() ?? '', fields);
    if (key !== null) return key;
  }
  return undefined;
}

/** The keys that the issuer lists, with their last use where it says so. Throws UNSUPPORTED where it lists none. */
export async function listKeys(
  name: string,
  issuer: Issuer,
  caller: Secret | undefined,
  context: Context,
): Promise<readonly ListedKey[]> {
  const { list, lastUsed } = issuer;
  if (list === undefined) {
    throw new KeyturnError('UNSUPPORTED', `${name} cannot list its keys`, {
      hint: 'look at keyturn status for what keyturn knows of them, and at the console of the provider for the rest',
    });
  }
  const listed = await guarded(context.world, `list the keys of ${name}`, context.signal, (signal) =>
    list(signal, caller),
  );
  if (lastUsed === undefined) return listed;
  return inParallel(listed, async (key) => {
    if (key.lastUsed !== undefined) return key;
    try {
      const at = await guarded(
        context.world,
        `ask ${name} when a key was last used`,
        context.signal,
        (signal) => lastUsed(key.issuerKeyId, signal, caller),
      );
      return { ...key, lastUsed: at };
    } catch (caught) {
      // An answer without a time is an unknown last use, and no reason to hide the list.
      if (caught instanceof KeyturnError && caught.code === 'BAD_REPLY') return key;
      throw caught;
    }
  });
}
