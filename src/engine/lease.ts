import { toInstant, toMs } from '../core/credential.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Lease } from '../core/ledger.ts';
import type { Runner } from './run.ts';

/** How long a lease lasts without being renewed. */
export const LEASE_MS = 60_000;

/** A courtesy that keeps a second run out; safety comes from compare-and-set and the fence. */
export function leaseOf(runner: Runner, held: Lease | undefined, now: number): Lease {
  return {
    owner: runner.owner,
    host: runner.host,
    ...(runner.process === undefined ? {} : { process: runner.process }),
    since: held?.owner === runner.owner ? held.since : toInstant(now),
    until: toInstant(now + LEASE_MS),
  };
}

/** Why this run may not take the lease; null: it may. */
export function leaseRefusal(
  lease: Lease | undefined,
  runner: Runner,
  now: number,
  take: boolean,
): KeyturnError | null {
  if (lease === undefined || lease.owner === runner.owner || take) return null;
  if (toMs(lease.until) <= now) return null;
  if (lease.process !== undefined && runner.isGone(lease.host, lease.process)) return null;
  return new KeyturnError(
    'LEASED',
    `another run holds the lease: ${lease.owner} on ${lease.host}, since ${lease.since}, until ${lease.until}`,
    {
      hint: 'wait until then, or use --take-lease if that run is gone',
      unsent: true,
    },
  );
}
