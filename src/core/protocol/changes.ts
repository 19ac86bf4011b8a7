import type { KeyFacts } from '../credential.ts';
import type { ErrorCode } from '../errors.ts';
import type { Hold, Key, Rotation } from '../ledger.ts';
import type { Fingerprints } from '../secret.ts';
import type { Version } from '../store.ts';
import type { Effect, Step as StepOf } from './seen.ts';

/** How an effect or a look failed, as far as a record needs it. Never holds a secret. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly retryAfterMs?: number;
}

/** Everything that can happen to a ledger. Each leaves one entry or more in the trail. */
export type Change =
  | {
      readonly type: 'opened';
      readonly id: string;
      readonly kind: Rotation['kind'];
      readonly reason: string;
      readonly overlap?: number;
      readonly revokeFirst?: true;
      /** The row that the rotation makes current, where it exists already. */
      readonly target?: string;
      readonly scopes?: true;
    }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'postponed'; readonly failure: Failure }
  | { readonly type: 'entered-phase'; readonly phase: Rotation['phase'] }
  | {
      readonly type: 'intended';
      readonly effect: Effect;
      readonly fingerprints?: Fingerprints;
      readonly listedBefore?: readonly string[];
      readonly longestLife?: number | null;
      readonly base?: Version | null;
    }
  | { readonly type: 'parked'; readonly row: string }
  | {
      readonly type: 'provided';
      readonly row: string;
      readonly facts: KeyFacts;
      /** Whose word its age is; absent: the issuer's where `facts` tell it, else that of the person, who made it just now. */
      readonly issuedAtFrom?: Key['issuedAtFrom'];
    }
  | { readonly type: 'created'; readonly row: string; readonly facts: KeyFacts }
  | { readonly type: 'registered'; readonly row: string; readonly facts: KeyFacts }
  /** Definitely not made. */
  | { readonly type: 'not-created'; readonly row: string; readonly failure: Failure }
  /** The answer was lost: it may have been made, or may still be. */
  | { readonly type: 'create-unsure'; readonly row: string; readonly failure: Failure }
  | { readonly type: 'possible'; readonly row: string; readonly suspects?: readonly string[] }
  | { readonly type: 'found'; readonly row: string; readonly facts: KeyFacts }
  /** The issuer's id of a key whose value is known. */
  | { readonly type: 'identified'; readonly row: string; readonly facts: KeyFacts }
  /** A run that lost its lease says what it knows of the key that it made. */
  | {
      readonly type: 'merged';
      readonly row: string;
      readonly facts: KeyFacts;
      readonly revokeEntered?: string;
    }
  | { readonly type: 'never-made'; readonly row: string }
  | { readonly type: 'same-key'; readonly row: string; readonly as: string }
  | {
      readonly type: 'staged';
      readonly row: string;
      readonly version: Version;
      readonly fingerprints?: Fingerprints;
    }
  | { readonly type: 'stage-conflict'; readonly row: string }
  | { readonly type: 'restage'; readonly row: string }
  | { readonly type: 'value-lost'; readonly row: string }
  /** The key of this attempt will not be used; a new attempt follows. */
  | { readonly type: 'given-up'; readonly row: string; readonly why: string }
  | {
      readonly type: 'verified';
      readonly row: string;
      /** `shape`: nobody could be asked, so nothing but its shape is known. */
      readonly by: 'issuer' | 'shape';
      readonly facts: KeyFacts;
      readonly findings: readonly string[];
    }
  | { readonly type: 'unverified'; readonly row: string; readonly why: string }
  | {
      readonly type: 'promoted';
      readonly row: string;
      readonly version: Version;
      readonly hooks: readonly string[];
      readonly mirrors: readonly string[];
    }
  /** The answer was lost: it may have landed, or may still. */
  | { readonly type: 'promote-unsure'; readonly row: string; readonly failure: Failure }
  | { readonly type: 'not-promoted'; readonly row: string; readonly failure: Failure }
  | { readonly type: 'rewritten'; readonly row: string; readonly version: Version; readonly kept: Version }
  /** Another text lies under its mark, as this version: what was current when it was begun. */
  | { readonly type: 'rewrite-conflict'; readonly row: string; readonly version: Version }
  | { readonly type: 'promote-settled'; readonly row: string }
  /** The issuer said when a key that gates keep was last used; null: never. */
  | { readonly type: 'used'; readonly row: string; readonly at: string | null }
  /** The request goes out later than its intention was saved: it is saved again, with the time. */
  | { readonly type: 'revoke-renewed'; readonly row: string }
  | { readonly type: 'revoke-sent'; readonly row: string }
  | { readonly type: 'revoke-failed'; readonly row: string; readonly failure: Failure }
  | { readonly type: 'revoke-taken-back'; readonly row: string; readonly why: string }
  | { readonly type: 'dead'; readonly row: string; readonly by: 'issuer' | 'expiry' }
  | { readonly type: 'settled'; readonly row: string; readonly who: string; readonly reason: string }
  | { readonly type: 'discarded'; readonly row: string; readonly version: Version }
  | { readonly type: 'forgotten'; readonly row: string }
  | {
      readonly type: 'moved';
      readonly row: string;
      readonly version: Version;
      readonly hooks: readonly string[];
      readonly mirrors: readonly string[];
    }
  | { readonly type: 'held'; readonly kind: Hold['kind']; readonly reason: string }
  | { readonly type: 'hold-lifted' }
  | { readonly type: 'ended'; readonly rows: readonly string[]; readonly why: string }
  /** Mirrors that hold an older key although nothing was owed to them. */
  | { readonly type: 'mirrors-owed'; readonly row: string; readonly mirrors: readonly string[] }
  | { readonly type: 'owed-paid'; readonly owed: string }
  | { readonly type: 'owed-failed'; readonly owed: string; readonly failure: Failure }
  | {
      readonly type: 'adopted';
      readonly row: string;
      readonly rotation: string;
      readonly facts: KeyFacts;
      readonly issuedAtFrom: 'issuer' | 'store' | 'operator' | 'unknown';
      /** Nothing can test it, so that its shape is all that speaks for it. */
      readonly by?: 'shape';
      readonly version: Version;
      readonly kept: Version;
      readonly hooks: readonly string[];
      readonly mirrors: readonly string[];
    }
  | { readonly type: 'abandoned'; readonly why: string };

export type Step = StepOf<Change>;
