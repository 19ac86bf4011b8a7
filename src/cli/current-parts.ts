import type { ConfiguredCredential } from '../config/config.ts';
import { keyIn } from '../core/document.ts';
import { KeyturnError } from '../core/errors.ts';
import { guarded } from '../engine/guard.ts';
import type { Context } from './context.ts';

/**
 * What consumers of a credential read now, in clear: by field, or as `value`. Throws REFERENCE where there is nothing.
 */
export async function currentParts(
  credential: ConfiguredCredential,
  context: Context,
): Promise<ReadonlyMap<string, string>> {
  const { name, location, fields } = credential;
  const store = await context.store(credential);
  const found = await guarded(context.world, `read ${location}`, context.signal, (signal) =>
    store.read(location, 'current', signal),
  );
  const key = found === null ? null : keyIn(found.text.open() ?? '', fields);
  if (key === null) {
    throw new KeyturnError('REFERENCE', `the store has no current key of ${name}`, {
      hint: `run keyturn rotate ${name}, or keyturn adopt ${name}, first`,
      credential: name,
    });
  }
  return new Map(key.partNames.map((part) => [fields?.[part] ?? part, key.open(part) ?? '']));
}
