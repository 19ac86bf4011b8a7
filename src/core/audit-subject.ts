import type { AuditRule } from './audit-rules.ts';
import type { Instant } from './credential.ts';
import type { Verification } from './issuer.ts';
import type { Ledger } from './ledger.ts';
import type { Policy } from './policy.ts';
import type { Secret } from './secret.ts';

/** What consumers of one credential read now. */
export interface AuditedValue {
  readonly key: Secret;
  /** The row whose key it is; null: one that the ledger does not know. */
  readonly row: string | null;
  readonly writtenAt?: Instant;
}

/** One credential as the audit sees it, besides its ledger. */
export interface AuditedCredential {
  readonly name: string;
  readonly issuer: string;
  readonly policy: Policy;
  /** Whose clock the overlaps that begin here go by. */
  readonly clock: string;
  /** Null: the store holds no key of this credential. Absent: it was not read. */
  readonly current?: AuditedValue | null;
  /** What the issuer says of the key in `current`. Absent: it was not asked, on purpose. */
  readonly said?: Verification;
  /** Whether findings about it are wanted; the others are there to be compared with. */
  readonly selected: boolean;
}

/** A key that an issuer lists, that keyturn made, and that no ledger calls alive. */
export interface ListedOrphan {
  readonly issuerKeyId: string;
  readonly name: string | null;
  /** The credential whose ledger says that it is dead; null: no ledger knows it. */
  readonly credential: string | null;
  readonly key: string | null;
  readonly issuedAt: Instant | null;
}

/** What an issuer lists, compared with the ledgers of all its credentials. */
export interface AuditedIssuer {
  readonly name: string;
  readonly orphans: readonly ListedOrphan[];
  /** Why that could not be compared; null: it was. */
  readonly unknown: string | null;
}

export interface Inventory {
  readonly credentials: readonly AuditedCredential[];
  /** Issuers whose lists tell a key that keyturn made. */
  readonly issuers: readonly AuditedIssuer[];
  /** Locations in stores that hold a value and that no credential names. */
  readonly strangers: readonly { readonly store: string; readonly location: string }[];
}

/** A finding before the table of rules has added what it says. */
export interface Found {
  readonly rule: AuditRule;
  readonly key?: string | null;
  readonly message: string;
  readonly hint: string;
  readonly since?: Instant | null;
}

/** One credential with its ledger, for the checks. */
export interface Subject {
  readonly credential: AuditedCredential;
  readonly ledger: Ledger;
  readonly now: number;
}
