import type { Key, Ledger } from '../ledger.ts';
import type { Step } from './changes.ts';
import type { Seen } from './seen.ts';
import { look } from './steps.ts';

/** The ids that the list has in addition to those of before, and that no other key of this issuer is known by. */
export function appeared(
  ledger: Ledger,
  seen: Seen,
  row: Key,
  listedBefore: readonly string[],
): readonly string[] | Step {
  if (seen.listed === undefined) return look({ what: 'listed' });
  const known = new Set([
    ...listedBefore,
    ...ledger.keys.filter(({ id }) => id !== row.id).map((key) => key.issuerKeyId),
  ]);
  const ids = seen.listed.map((key) => key.issuerKeyId).filter((id) => !known.has(id));
  if (ids.length > 0 && seen.siblings === undefined) return look({ what: 'siblings' });
  return ids.filter((id) => !seen.siblings?.some((key) => key.issuerKeyId === id));
}
