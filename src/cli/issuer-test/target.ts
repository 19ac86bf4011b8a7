import { toKeyturnError } from '../../core/errors.ts';
import { guarded } from '../../engine/guard.ts';
import type { Made, Trial } from './step.ts';

/** By which id the throw-away key may be ended. */
export interface Target {
  /** Absent: no id can be told to be its. */
  readonly id?: string;
  /** The list has it now and had it not before, so that it is the new key and no other. */
  readonly certain: boolean;
  /** What was read as its id, right or wrong, for whoever has to look for it by hand. */
  readonly read: readonly string[];
}

/**
 * What create gave as an id and what the name of the key leads to may both be wrong, each for itself. One that was
 * listed before is never the new key's; where they still differ, neither is.
 */
export async function targetOf(trial: Trial, { facts, before }: Made): Promise<Target> {
  const { issuer, mark, caller } = trial;
  const { find, list } = issuer;
  const found = await answered(trial, async (signal) => find?.(mark, signal, caller) ?? null);
  const after = await answered(trial, async (signal) => list?.(signal, caller) ?? null);
  const listed = new Set(after?.map((key) => key.issuerKeyId));
  const read = [...new Set([facts.issuerKeyId, found?.issuerKeyId])].filter((id) => id !== undefined);
  const others = read.filter((id) => !before.has(id));
  const fresh = others.filter((id) => listed.has(id));
  const [id, ...more] = fresh.length > 0 ? fresh : others;
  const only = id !== undefined && more.length === 0;
  return { ...(only ? { id } : {}), certain: only && fresh.length > 0, read };
}

/** What cannot be told is left out: the key is to be ended all the same. */
async function answered<T>(
  { world }: Trial,
  ask: (signal: AbortSignal) => Promise<T | null>,
): Promise<T | null> {
  try {
    return await guarded(world, 'look for the key', new AbortController().signal, ask);
  } catch (caught) {
    if (toKeyturnError(caught, 'look for the key').code === 'BUG') throw caught;
    return null;
  }
}
