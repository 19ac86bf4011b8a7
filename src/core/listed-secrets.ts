import { KeyturnError } from './errors.ts';
import type { ListedKey } from './issuer.ts';
import type { Key } from './ledger.ts';
import { fingerprint } from './secret.ts';

/**
 * Why a list is neither to be shown nor remembered: an id or a name in it is the secret of a key that is known here.
 * Null: none is. An id that is also a part of its key is no secret.
 */
export function secretListed(
  listed: readonly Pick<ListedKey, 'issuerKeyId' | 'name'>[],
  rows: readonly Key[],
): KeyturnError | null {
  const prints = new Set(rows.flatMap(({ fingerprints }) => Object.values(fingerprints ?? {})));
  for (const { issuerKeyId } of rows) if (issuerKeyId !== undefined) prints.delete(fingerprint(issuerKeyId));
  if (prints.size === 0) return null;
  const isSecret = (text: string): boolean => prints.has(fingerprint(text));
  const leaks = listed.some(({ issuerKeyId, name = '' }) =>
    [issuerKeyId, name, ...name.split(/\s+/)].some(isSecret),
  );
  if (!leaks) return null;
  return new KeyturnError('BAD_REPLY', 'what is listed as the id or the name of a key is its secret', {
    hint: 'correct list.reply.id and list.reply.name at once; nothing of the list is shown or kept',
  });
}
