import type { Mark } from './issuer.ts';
import type { Secret } from './secret.ts';

/** The version of this contract; a plugin that was built for another one is refused. */
export const STORE_CONTRACT = 1;

/** Names one stored value for ever: no two values at a location have ever had the same one. */
export type Version = string;

export interface StoreTraits {
  /** Whether promote is compare-and-set on the server's side. */
  readonly casPromote: boolean;
  /** Whether a staged version is invisible to those who read as consumers do. */
  readonly hiddenStaging: boolean;
  /** Milliseconds for which readers may still see an old `current` after promote. */
  readonly converges: number;
  readonly limits: { readonly valueBytes: number };
  /** Takes JSON objects and no other text: every credential there needs `fields`. */
  readonly objectsOnly?: boolean;
}

/** One stored text. The box has the single part `value`: the exact text that consumers would read. */
export interface StoredValue {
  readonly version: Version;
  readonly text: Secret;
  /** When this version became what it is, where the store knows: ISO 8601. */
  readonly writtenAt?: string;
}

export interface StageRequest {
  readonly location: string;
  readonly mark: Mark;
  /** The exact text, as part `value`. */
  readonly text: Secret;
}

export interface PromoteRequest {
  readonly location: string;
  readonly version: Version;
  /** The version that is current now; null: there is none yet. */
  readonly base: Version | null;
}

/** Something that a rotation has to do and that the store does not allow to whoever asks. */
export interface MissingRight {
  /** What the store's own access control calls it. */
  readonly permission: string;
  /** What it is missing on, as the store names it. */
  readonly on: string;
  /** What gives it: the line of a policy, or the name of a role. */
  readonly grant: string;
}

/**
 * The secret manager that consumers read. It moves texts; it knows nothing of keys, fields or rotations.
 * Every method throws KeyturnError only; null is absence and nothing else: denied and unreachable throw.
 */
export interface SecretStore {
  readonly kind: string;
  readonly traits: StoreTraits;

  /**
   * What consumers read now, one version, or what was staged under a mark. Null when it is not there.
   * A version can be read for as long as it is staged, current or kept.
   */
  read(
    location: string,
    which: 'current' | { readonly version: Version } | { readonly mark: Mark },
    signal: AbortSignal,
  ): Promise<StoredValue | null>;

  /**
   * Writes a text where consumers do not see it, and gives its version. The same mark and text again: the same version,
   * nothing done. Another text under the same mark: CONFLICT. What is staged is kept until it is discarded.
   */
  stage(request: StageRequest, signal: AbortSignal): Promise<{ readonly version: Version }>;

  /**
   * Makes exactly this version current, if `base` still is; otherwise CONFLICT and nothing is changed.
   * Promoting what is already current succeeds. At no instant is `current` absent once it existed.
   * Gives the version that reads of `current` now report, which may differ from the staged one.
   */
  promote(request: PromoteRequest, signal: AbortSignal): Promise<{ readonly version: Version }>;

  /**
   * Holds the value of a version (current, or one that was) until it is discarded, whatever becomes of `current`.
   * Gives the version under which the kept value can be read. Keeping it again succeeds.
   */
  keep(location: string, version: Version, signal: AbortSignal): Promise<{ readonly version: Version }>;

  /** Lets a staged or kept value go. Of the absent: succeeds. Of what is `current`: CONFLICT. */
  discard(location: string, version: Version, signal: AbortSignal): Promise<void>;

  /**
   * Where ledgers live, for a store that has real compare-and-set. Absent: the configuration names another store.
   */
  readonly ledgers?: LedgerStore;

  /** Versions from newest to oldest, where the store can tell. */
  history?(
    location: string,
    signal: AbortSignal,
  ): Promise<readonly { version: Version; writtenAt?: string }[]>;
  /** Locations that hold a value, for the audit of what nobody manages. */
  locations?(signal: AbortSignal): Promise<readonly string[]>;
  /** What stands in the way of using this store, found without writing. An empty list: nothing. */
  check?(signal: AbortSignal): Promise<
    readonly {
      readonly name: string;
      readonly ok: boolean;
      readonly message: string;
      readonly hint: string;
    }[]
  >;
  /**
   * Which of the rights that a rotation at this place needs are missing, found without writing. An empty list: none, as
   * far as the store can tell. Null: it cannot tell whoever asks. Absent: it can tell nobody.
   */
  rights?(at: LedgerAddress, signal: AbortSignal): Promise<readonly MissingRight[] | null>;
  /**
   * Ends a location with all that it holds: current, staged and kept values, and ledgers. Only for one that nobody reads,
   * as a trial of the store makes it. Of the absent: succeeds.
   */
  remove?(location: string, signal: AbortSignal): Promise<void>;
  /** Ends sessions and connections. Succeeds twice. */
  close?(): Promise<void>;
}

export interface LedgerAddress {
  readonly credential: string;
  readonly location: string;
}

/** A place of compare-and-set for one small document per credential. It does not look inside. */
export interface LedgerStore {
  /** The newest document with its revision; null when there is none. What was saved is what the next load sees. */
  load(
    at: LedgerAddress,
    signal: AbortSignal,
  ): Promise<{ readonly document: string; readonly revision: string } | null>;
  /**
   * Saves if `revision` is still the newest (null: if there is none yet) and gives the new one; otherwise CONFLICT.
   * UNREACHABLE and TIMEOUT leave open whether it was saved.
   */
  save(
    at: LedgerAddress,
    document: string,
    revision: string | null,
    signal: AbortSignal,
  ): Promise<{ readonly revision: string }>;
  /** Writes a document once. The same again: nothing done. Another under the same name: CONFLICT. */
  writeSegment(at: LedgerAddress, name: string, document: string, signal: AbortSignal): Promise<void>;
  readSegment(at: LedgerAddress, name: string, signal: AbortSignal): Promise<string | null>;
  /** Of the absent: succeeds. */
  dropSegment(at: LedgerAddress, name: string, signal: AbortSignal): Promise<void>;
}
