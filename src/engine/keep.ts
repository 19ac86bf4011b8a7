import type { Change } from '../core/protocol/changes.ts';
import { isDead, rowOf } from '../core/rows.ts';
import type { Version } from '../core/store.ts';
import { guarded } from './guard.ts';
import type { Run } from './run.ts';
import type { Session } from './session.ts';
import type { CurrentValue } from './values.ts';

/** Puts a value aside. In a shared document each credential has a copy of its own, so that none discards another's. */
export function keepValue(
  run: Run,
  { version, text }: CurrentValue,
  mark: string,
): Promise<{ readonly version: Version }> {
  const { location } = run.credential;
  return guarded(run.world, 'keep the value in current', run.signal, (signal) =>
    run.policy.shared
      ? run.store.stage({ location, mark: `${mark}.0`, text }, signal)
      : run.store.keep(location, version, signal),
  );
}

/**
 * What somebody else put into current may be a key whose value is nowhere else: it is kept before another one takes its
 * place, since it may be needed to revoke it, and for a rollback.
 */
export async function keepReplaced({ run, book, values, seen }: Session): Promise<readonly Change[]> {
  const row = rowOf(book.ledger, seen.current?.row ?? undefined);
  const value = values.current;
  if (row === null || isDead(row) || row.storeVersion !== undefined) return [];
  if (value === null || seen.current?.version !== value.version) return [];
  const { version } = await keepValue(run, value, row.id);
  return [{ type: 'staged', row: row.id, version }];
}
