import type { Credential } from '../core/credential.ts';
import type { Issuer } from '../core/issuer.ts';
import type { Policy } from '../core/policy.ts';
import type { SiblingKey } from '../core/protocol/seen.ts';
import type { Secret } from '../core/secret.ts';
import type { LedgerStore, SecretStore } from '../core/store.ts';
import type { TrailNote, TrailSink } from '../core/trail.ts';

/** Time and chance, as the engine is given them. */
export interface World {
  /** Milliseconds since the epoch, by the machine's clock. */
  readonly now: () => number;
  /** Milliseconds that only go forward; may stand still while the machine sleeps. */
  readonly monotonic: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: (bytes: number) => Uint8Array;
}

/** Who runs. */
export interface Runner {
  /** Unique per process. */
  readonly owner: string;
  /** Names the machine, and so its clock. */
  readonly host: string;
  /** Lets another run on this machine tell that this process is gone; absent where that cannot be told. */
  readonly process?: string;
  /** Whether a process that is named so is provably gone. False where it may live, or runs elsewhere. */
  readonly isGone: (host: string, process: string) => boolean;
  /** Who stands behind it, for the trail: a person, a job. */
  readonly by: string;
}

/** A hook or a mirror: an effect that is owed after every promote. */
export interface OwedEffect {
  readonly name: string;
  readonly kind: 'hook' | 'mirror';
  /** Performs it for the key that is current now. May be asked again. */
  perform(request: {
    readonly credential: string;
    readonly key: Secret;
    readonly text: Secret;
    readonly signal: AbortSignal;
  }): Promise<void>;
  /** Whether it holds this text now; null where it cannot be read. Mirrors only. */
  holds?(text: Secret, signal: AbortSignal): Promise<boolean | null>;
}

/** A gate: evidence that consumers have let go of the old key. */
export interface Gate {
  readonly name: string;
  /** Why it does not pass, or null when it passes; with the last use of the key, where it asked the issuer for that. */
  check(request: {
    readonly issuerKeyId?: string;
    readonly since: string;
    readonly signal: AbortSignal;
  }): Promise<string | null | GateAnswer>;
}

export interface GateAnswer {
  /** Null: it passes. */
  readonly reason: string | null;
  /** ISO 8601; null: never. */
  readonly usedAt: string | null;
}

/** Everything that one run on one credential may touch. */
export interface Run {
  readonly credential: Credential;
  readonly issuer: Issuer;
  readonly store: SecretStore;
  readonly ledgers: LedgerStore;
  readonly policy: Policy;
  readonly world: World;
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Keys of other credentials that this one must not be given. */
  readonly siblings: () => Promise<readonly SiblingKey[]>;
  readonly effects: readonly OwedEffect[];
  readonly gates: readonly Gate[];
  readonly sinks: readonly TrailSink[];
  readonly takeLease: boolean;
  /** Milliseconds since the epoch after which no new effect starts. */
  readonly deadline: number;
  /** Stay until the overlap is over. */
  readonly waitForOverlap: boolean;
  readonly report: (progress: Progress) => void;
}

/** What happens, as it happens. No secret is in it. */
export type Progress =
  | { readonly kind: 'note'; readonly credential: string; readonly note: TrailNote }
  | {
      readonly kind: 'waiting';
      readonly credential: string;
      readonly reason: string;
      readonly until: number | null;
    }
  | {
      readonly kind: 'sink-down';
      readonly credential: string;
      readonly sink: string;
      readonly message: string;
    };
