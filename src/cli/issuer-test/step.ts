import type { KeyFacts } from '../../core/credential.ts';
import { type KeyturnError, toKeyturnError } from '../../core/errors.ts';
import type { Issuer } from '../../core/issuer.ts';
import type { Secret } from '../../core/secret.ts';
import type { World } from '../../engine/run.ts';

export interface Trial {
  readonly issuer: Issuer;
  readonly world: World;
  /** What the throw-away key is named after. */
  readonly mark: string;
  /** A key by which the issuer can be asked. */
  readonly caller: Secret | undefined;
  readonly signal: AbortSignal;
}

/** The throw-away key. */
export interface Made {
  readonly secret: Secret;
  readonly facts: KeyFacts;
  /** The ids that were listed before it was asked for: none of them is its own. */
  readonly before: ReadonlySet<string>;
}

/** What came of one operation of a trial. No secret is in it. */
export interface TrialStep {
  readonly operation: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly message: string;
  /** What to do; empty where there is nothing to do. */
  readonly hint: string;
}

export function passed(operation: string, message: string): TrialStep {
  return { operation, outcome: 'ok', message, hint: '' };
}

export function failed(operation: string, message: string, hint: string): TrialStep {
  return { operation, outcome: 'failed', message, hint };
}

export function leftOut(operation: string, message: string): TrialStep {
  return { operation, outcome: 'skipped', message, hint: '' };
}

export function failedBy(operation: string, caught: unknown): TrialStep {
  const error: KeyturnError = toKeyturnError(caught, operation);
  return failed(operation, error.message, error.hint);
}
