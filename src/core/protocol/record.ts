import type { Key, Ledger } from '../ledger.ts';
import type { TrailNote } from '../trail.ts';
import type { Change } from './changes.ts';

/** Who records, when, and by which clock. */
export interface Pen {
  readonly now: number;
  /** A person, a job or a command; written to the trail. */
  readonly by: string;
  /** Names the machine's clock. */
  readonly clock: string;
  /** Of the credential's configuration, to tell later whether it changed. */
  readonly config: string;
}

/** The new ledger and what the trail says of the change (null: nothing). */
export interface Applied {
  readonly ledger: Ledger;
  readonly note: Note | null;
}

export interface Note {
  readonly event: string;
  readonly key?: string;
  readonly data?: NonNullable<TrailNote['data']>;
}

export type Handler<Type extends Change['type']> = (
  ledger: Ledger,
  change: Extract<Change, { type: Type }>,
  pen: Pen,
) => Applied;

export type Handlers<Types extends Change['type']> = { readonly [Type in Types]: Handler<Type> };

/** No promote of the key can land any more. */
export const NO_PROMOTE = {
  promoteEntered: undefined,
  promoteBase: undefined,
  promoteOlder: undefined,
  promoteDoubt: undefined,
} as const;

/** Replaces one row; the patch may clear a field with undefined. */
export function withRow(ledger: Ledger, id: string, patch: Partial<Key>): Ledger {
  return { ...ledger, keys: ledger.keys.map((key) => (key.id === id ? { ...key, ...patch } : key)) };
}

export function withRotation(ledger: Ledger, patch: Partial<NonNullable<Ledger['rotation']>>): Ledger {
  return ledger.rotation === undefined ? ledger : { ...ledger, rotation: { ...ledger.rotation, ...patch } };
}

export function withoutRow(ledger: Ledger, id: string): Ledger {
  return { ...ledger, keys: ledger.keys.filter((key) => key.id !== id) };
}
