import type { Instant, KeyFacts } from './credential.ts';
import type { Secret } from './secret.ts';

/** The version of this contract; a plugin that was built for another one is refused. */
export const ISSUER_CONTRACT = 1;

/**
 * Marks one attempt of one rotation: `<rotation id>.<attempt>`, at most 40 characters of `[a-z0-9.-]`.
 * An issuer writes it into any free field of the key, so that an interrupted create can be found again.
 */
export type Mark = string;

export interface IssuerTraits {
  /** Who invents the secret: the issuer, keyturn (then `register` follows), or a person at a dashboard. */
  readonly secretFrom: 'issuer' | 'client' | 'operator';
  /** What a new key is asked for with: a credential of keyturn's own, or the key in `current`, without which none comes. */
  readonly asksWith: 'own' | 'current';
  /** How many keys can live at once. 1 means that no overlap exists. */
  readonly maxLive: number | 'unknown';
  /**
   * How a key dies. `operator`: a person removes it. `nothing`: there is nobody to revoke it at and nobody to ask;
   * such a key is settled after its overlap and never called revoked.
   */
  readonly revokesBy: 'id' | 'secret' | 'replacement' | 'promotion' | 'operator' | 'nothing';
  /**
   * Whether `verify` can tell a live key from a dead one at all. False: a new key is promoted on its shape alone,
   * and an old one ends by a person's word, or is settled where `revokesBy` is `nothing`.
   */
  readonly proves: boolean;
  /** Whether create writes the mark where `find` sees it. */
  readonly marks: boolean;
  /** Whether the keys can be listed. */
  readonly lists: boolean;
  /** Whether the issuer can say when a key was last used. */
  readonly lastUsed: boolean;
  /**
   * Milliseconds during which a new key may still be refused and a dead one still accepted. A key that was once accepted
   * is not refused again while it lives.
   */
  readonly settles: number;
  /** Whether all keys of one identity can be ended at once. */
  readonly sweeps: boolean;
  /** The longest life of a new key in milliseconds; null where it does not end by itself. */
  readonly longestLife: number | null;
}

/**
 * The answer of `verify`. It is never a guess:
 * - `works`: the issuer accepted the key just now, in every way that was asked.
 * - `refused`: the issuer answered, and the answer is about the key itself. `dead`: it accepts the key nowhere.
 *   `scope-missing`: it lives but may not do what the configuration declares. `wrong-kind`: it is some other sort of key.
 * - `unknown`: anything else, such as no answer, a limit, a fault, or two answers that disagree.
 */
export type Verification =
  | { readonly verdict: 'works'; readonly facts: KeyFacts; readonly findings: readonly VerificationFinding[] }
  | {
      readonly verdict: 'refused';
      readonly why: 'dead' | 'scope-missing' | 'wrong-kind';
      readonly message: string;
      readonly facts?: KeyFacts;
    }
  | { readonly verdict: 'unknown'; readonly message: string; readonly retryAfterMs?: number };

/** Something that does not stop a key from working but that a person should know. */
export interface VerificationFinding {
  readonly rule: 'extra-scope' | 'version-drift' | 'other';
  readonly message: string;
}

export interface CreateRequest {
  readonly mark: Mark;
  /** The secret in `current`, for issuers that exchange the old one for a new one. */
  readonly current?: Secret;
  readonly signal: AbortSignal;
}

export interface CreatedKey {
  readonly secret: Secret;
  readonly facts: KeyFacts;
}

export interface RegisterRequest {
  readonly mark: Mark;
  readonly secret: Secret;
  readonly current?: Secret;
  readonly signal: AbortSignal;
}

export interface RevokeRequest {
  readonly issuerKeyId?: string;
  readonly secret?: Secret;
  /** Whether the target is the key that is being replaced, or the one that was to replace it. */
  readonly role: 'old' | 'new';
  /** The key in `current`, where one key revokes another. */
  readonly caller?: Secret;
  readonly signal: AbortSignal;
}

export interface ListedKey {
  readonly issuerKeyId: string;
  readonly mark?: Mark;
  readonly name?: string;
  readonly facts: KeyFacts;
  /** When it was last used, where the list says so; null: never. */
  readonly lastUsed?: Instant | null;
}

export interface Slots {
  readonly used: number;
  readonly max: number;
  readonly keys: readonly ListedKey[];
}

/** What a person has to do at a dashboard. Text only; never a secret. */
export interface Instructions {
  readonly url?: string;
  readonly steps: readonly string[];
}

/** One thing about an issuer that a person may have to put right. */
export interface IssuerCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  /** Empty where there is nothing to do. */
  readonly hint: string;
}

/**
 * The system that makes and kills keys. An ability that an issuer lacks is a method that it does not have.
 *
 * Every method honours `signal`, and throws KeyturnError only: `ambiguous` on it tells whether an effect may have
 * happened. No secret is in any error.
 */
export interface Issuer {
  readonly kind: string;
  readonly traits: IssuerTraits;
  /** The names of the parts of its keys; absent: one part named `value`. */
  readonly parts?: readonly string[];
  /** The account at the issuer that its keys belong to; credentials that share it take turns. */
  readonly identity?: string;

  /** Makes a key. Sends its request at most once per call. Present where `secretFrom` is `issuer`. */
  create?(request: CreateRequest): Promise<CreatedKey>;
  /** Invents a secret by this issuer's rule. No effect. Present where `secretFrom` is `client`. */
  invent?(random: (bytes: number) => Uint8Array): Secret;
  /** Makes an invented secret known at the issuer. Sends its request at most once per call. */
  register?(request: RegisterRequest): Promise<KeyFacts>;
  /** What a person has to do. Present where `secretFrom` or `revokesBy` is `operator`. */
  instructions?(what: 'create' | 'remove'): Instructions;
  /** Refuses, by shape alone, a value that cannot be a key of this issuer. Throws BAD_VALUE. */
  checkShape?(secret: Secret): void;

  /** Asks the issuer whether it accepts this key. Changes nothing. Throws only on abort or a defect. */
  verify(secret: Secret, signal: AbortSignal): Promise<Verification>;
  /** Ends one key. Succeeds for one that is unknown or already dead. Success is not proof of death. */
  revoke?(request: RevokeRequest): Promise<void>;
  /**
   * The key that carries this mark, or null when the issuer says that there is none. Here and below `caller` is the key
   * in `current`, for issuers that take one key's word about the others.
   */
  find?(mark: Mark, signal: AbortSignal, caller?: Secret): Promise<ListedKey | null>;
  list?(signal: AbortSignal, caller?: Secret): Promise<readonly ListedKey[]>;
  /** When the key was last used, or null when never. */
  lastUsed?(issuerKeyId: string, signal: AbortSignal, caller?: Secret): Promise<Instant | null>;
  /** What the issuer says of this key, alive or dead; null when it does not know it. Changes nothing. */
  describe?(
    secret: Secret,
    signal: AbortSignal,
  ): Promise<(KeyFacts & { readonly alive: boolean | null }) | null>;
  slots?(signal: AbortSignal, caller?: Secret): Promise<Slots>;
  /**
   * Whether the credentials that keyturn itself uses here are accepted, and what else can be told without changing
   * anything. What cannot be told throws.
   */
  check?(signal: AbortSignal): Promise<readonly IssuerCheck[]>;
  /** Ends every key of an identity but those kept. */
  sweep?(request: {
    readonly identity: string;
    readonly keep: readonly string[];
    readonly signal: AbortSignal;
  }): Promise<void>;
}
