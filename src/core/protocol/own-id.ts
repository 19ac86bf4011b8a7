import type { KeyFacts } from '../credential.ts';
import type { Key } from '../ledger.ts';
import type { Policy } from '../policy.ts';

/*
 * An id that was listed before a key was asked for is never that key's: the provider gives keys that were there
 * already, or a pointer of its description leads to another key. By such an id nothing is ended.
 */

export function wasListedBefore(row: Key | null, issuerKeyId: string | undefined): boolean {
  return issuerKeyId !== undefined && row?.listedBefore?.includes(issuerKeyId) === true;
}

/** The facts of a key without an id that is not its own. Where keys are not ended by their id, it may stay the same. */
export function withOwnId(policy: Policy, row: Key | null, facts: KeyFacts): KeyFacts {
  if (policy.issuer.revokesBy !== 'id' || !wasListedBefore(row, facts.issuerKeyId)) return facts;
  const { issuerKeyId: _, ...rest } = facts;
  return rest;
}
