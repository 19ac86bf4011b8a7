import type { ErrorCode } from '../errors.ts';
import type { ListedKey, Slots, Verification } from '../issuer.ts';
import type { Ledger } from '../ledger.ts';
import { rowOf } from '../rows.ts';
import type { Fingerprints } from '../secret.ts';
import type { Version } from '../store.ts';

/** What `current` holds. */
export interface CurrentSeen {
  readonly version: Version;
  /** The row whose key it is, by version, id or fingerprint; null: a key that this ledger does not know. */
  readonly row: string | null;
  readonly fingerprints: Fingerprints;
  /** Every part is long enough for a fingerprint. */
  readonly complete: boolean;
  readonly writtenAt?: string;
}

/** What the issuer said of a key, and when it was asked (milliseconds since the epoch). */
export type Answer = Verification & { readonly askedAt: number };

/** A key of another credential that is not dead, as far as its ledger tells. */
export interface SiblingKey {
  readonly credential: string;
  /** Its row in that ledger, which is its mark. */
  readonly id?: string;
  /** The id that the issuer of this credential gave it. */
  readonly issuerKeyId?: string;
  /** The id that an issuer of another name gave it. Whether that is the same account, nobody here can tell. */
  readonly idElsewhere?: string;
  readonly fingerprints?: Fingerprints;
}

/**
 * What this run has seen since the last effect that could have changed it. Absent means: not looked.
 * Nothing in it outlives the process.
 */
export interface Seen {
  /** The machine and clock that this run goes by. */
  readonly clock: string;
  /** An id that no rotation has had, for the one that may be opened next. */
  readonly freshId: string;
  /** Null: there is no key of ours or anybody's. */
  readonly current?: CurrentSeen | null;
  /** The version of what consumers read, also where a shared document holds no key of ours. Null: nothing is there. */
  readonly base?: Version | null;
  /** When `current` was asked for: milliseconds since the epoch. */
  readonly currentAskedAt?: number;
  /** What the issuer says of a row's key, by row. */
  readonly works: Readonly<Record<string, Answer>>;
  /** What the issuer says of the key in `current` when that is no row. */
  readonly foreignWorks?: Verification;
  /** What is staged or kept for a row: null: nothing there. `same`: it is the key that the row describes. */
  readonly staged: Readonly<Record<string, { readonly version: Version; readonly same: boolean } | null>>;
  /** The row whose secret this run holds in memory, with its fingerprints. */
  readonly hand?: { readonly row: string; readonly fingerprints: Fingerprints };
  /** The effect whose intention this run has saved and has not acted on: `<effect>:<row>`. */
  readonly entered?: string;
  /** What the issuer found by a row's mark. */
  readonly found: Readonly<Record<string, ListedKey | null>>;
  /** When it was asked for that: milliseconds since the epoch, by row. */
  readonly foundAt: Readonly<Record<string, number>>;
  readonly listed?: readonly ListedKey[];
  /** When the list was asked for: milliseconds since the epoch. */
  readonly listedAt?: number;
  readonly slots?: Slots;
  readonly siblings?: readonly SiblingKey[];
  /** The living row that holds the same bytes as the key in hand, where these are too short for a fingerprint. */
  readonly twin?: string | null;
  /** Whether a row's kept bytes are those in `current`, by row; asked for where they are too short for a fingerprint. */
  readonly sameBytes: Readonly<Record<string, boolean>>;
  /** Mirrors that hold the key of a row, by row. */
  readonly mirrored: Readonly<Record<string, readonly string[]>>;
  /** Reasons why a row's gates do not pass, by row; empty: they pass. */
  readonly gates: Readonly<Record<string, readonly string[]>>;
  /** When the issuer said that a row's key was last used, by row, where a gate asked; null: never. */
  readonly used?: Readonly<Record<string, string | null>>;
}

export function nothingSeen(clock: string, freshId: string): Seen {
  return {
    clock,
    freshId,
    works: {},
    staged: {},
    found: {},
    foundAt: {},
    sameBytes: {},
    mirrored: {},
    gates: {},
  };
}

/** Something to find out. None of these has an effect. */
export type Look =
  | { readonly what: 'current' }
  | { readonly what: 'works'; readonly row: string }
  | { readonly what: 'foreign-works' }
  | { readonly what: 'staged'; readonly row: string }
  | { readonly what: 'invent'; readonly row: string }
  | { readonly what: 'found'; readonly row: string }
  | { readonly what: 'listed' }
  | { readonly what: 'slots' }
  | { readonly what: 'siblings' }
  | { readonly what: 'same-bytes'; readonly row: string }
  | { readonly what: 'twin'; readonly row: string }
  | { readonly what: 'mirrored'; readonly row: string }
  | { readonly what: 'gates'; readonly row: string };

/** Something that changes the world outside the ledger. */
export type Effect =
  | { readonly kind: 'create'; readonly row: string }
  | { readonly kind: 'register'; readonly row: string }
  | { readonly kind: 'stage'; readonly row: string; readonly mark: string }
  | {
      readonly kind: 'promote';
      readonly row: string;
      readonly version: Version;
      readonly base: Version | null;
    }
  | { readonly kind: 'rewrite'; readonly row: string; readonly mark: string; readonly base: Version }
  | { readonly kind: 'revoke'; readonly row: string; readonly role: 'old' | 'new' }
  | { readonly kind: 'discard'; readonly row: string; readonly version: Version }
  | { readonly kind: 'owed'; readonly row: string };

/** Whether `current` holds a key that no row knows, or one that was given up without a word that it is dead. */
export function isForeign(ledger: Ledger, { current }: Seen): boolean {
  if (current === undefined || current === null) return false;
  const row = rowOf(ledger, current.row ?? undefined);
  return row === null || (row.state === 'settled' && row.revokeEntered === undefined);
}

/** Whether `current` holds another key than this row's. */
export function isAnother({ current }: Seen, row: { readonly id: string } | null): boolean {
  return current !== undefined && current !== null && current.row !== row?.id;
}

export function effectName(effect: Effect): string {
  return `${effect.kind}:${effect.row}`;
}

export type WaitFor = 'retry' | 'proof' | 'overlap' | 'operator' | 'back-off' | 'gate';

/** What is to be done next. Exactly one of these for every ledger, policy, observation and time. */
export type Step<Change> =
  | { readonly do: 'look'; readonly at: Look }
  /** A change of the ledger alone; it is saved together with what follows. */
  | { readonly do: 'record'; readonly change: Change }
  /** Save the intention of an effect. */
  | { readonly do: 'intend'; readonly effect: Effect }
  /** Perform the effect whose intention was just saved. */
  | { readonly do: 'act'; readonly effect: Effect }
  /** Nothing can be done before `until` (milliseconds since the epoch; null: before somebody acts). */
  | {
      readonly do: 'wait';
      readonly for: WaitFor;
      readonly reason: string;
      readonly until: number | null;
      readonly late?: boolean;
      /** The other side asked for this pause. */
      readonly told?: boolean;
    }
  /** Going on is not safe, or not for keyturn to decide. */
  | { readonly do: 'stop'; readonly code: ErrorCode; readonly reason: string; readonly hint: string }
  | { readonly do: 'nothing'; readonly reason: string };
