import { Secret } from '../../core/secret.ts';
import type { StoredValue } from '../../core/store.ts';
import type { Accessed } from './api.ts';
import type { SecretMeta } from './replies.ts';
import type { Written } from './written.ts';

type Open = Exclude<Accessed, 'closed'>;

/** One way in which consumers read a secret, and how what they read is replaced. */
export interface Current {
  /** What consumers read now; null: nothing yet. */
  read(main: string, signal: AbortSignal): Promise<Open | null>;
  /**
   * The number that consumers read now, as surely as it can be told; null: none yet. `sure` throws CONFLICT where it was
   * not the newest state that was seen.
   */
  standing(main: string, signal: AbortSignal): Promise<Standing>;
  /** Makes the text current if `base` still is, and gives its number; otherwise CONFLICT. */
  replace(of: Replacement, signal: AbortSignal): Promise<number>;
}

export interface Standing {
  readonly number: number | null;
  readonly secret: SecretMeta | null;
  readonly sure: (signal: AbortSignal) => Promise<void>;
}

export interface Replacement {
  readonly main: string;
  readonly standing: Standing;
  readonly base: number | null;
  readonly data: Buffer;
}

/** What consumers read now, as the store gives it. */
export async function readCurrent(
  of: { readonly current: Current; readonly written: Written; readonly main: string },
  signal: AbortSignal,
): Promise<StoredValue | null> {
  const { current, written, main } = of;
  const found = await current.read(main, signal);
  if (found === null) return null;
  const text = Secret.of(found.data.toString('utf8'));
  return { version: `v${found.number}`, text, ...(await written.at(main, found.number, signal)) };
}
