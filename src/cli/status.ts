import type { ConfiguredCredential } from '../config/config.ts';
import { toInstant } from '../core/credential.ts';
import type { Key, Ledger } from '../core/ledger.ts';
import { ageDays, dueAt } from '../core/policy.ts';
import { currentRow, isDead, overlapEnd } from '../core/rows.ts';
import {
  type DebtOutput,
  debtsOf,
  type KeyOutput,
  keyOutput,
  type RotationOutput,
  rotationOutput,
} from './facts.ts';

/** What `status` says of one credential. */
export interface CredentialStatus {
  readonly name: string;
  readonly issuer: string;
  /** The kind of its store. */
  readonly store: string;
  readonly location: string;
  readonly current: KeyOutput | null;
  readonly keys: readonly (KeyOutput & {
    /** When the overlap of a retiring key is over; null: it has none, or it has not begun. */
    readonly overlapEnds: string | null;
    /** When a retiring key was last used, or was replaced where it never was; null: no gate has asked. */
    readonly quietSince: string | null;
  })[];
  /** The gates that a key has to pass before it is revoked. */
  readonly gates: readonly string[];
  readonly rotation: RotationOutput | null;
  readonly debts: readonly DebtOutput[];
  readonly hold: NonNullable<Ledger['hold']> | null;
  readonly lease: {
    readonly owner: string;
    readonly host: string;
    readonly since: string;
    readonly until: string;
  } | null;
  /** Whole days since the current key was issued. */
  readonly ageDays: number | null;
  /** When the current key is due by time; in the past: it is due now. */
  readonly due: string | null;
}

/** From the ledger alone. `converges`: how long readers of the store may see an old value, in milliseconds. */
export function statusOf(
  credential: ConfiguredCredential,
  ledger: Ledger,
  { now, clock, converges }: { readonly now: number; readonly clock: string; readonly converges: number },
): CredentialStatus {
  const { name, issuer, store, location } = credential;
  const policy = { ...credential.policy, converges };
  const current = currentRow(ledger);
  const due = current === null ? null : dueAt(current, policy);
  const endOf = (key: Key): string | null => {
    if (key.state !== 'retiring' || isDead(key)) return null;
    const end = overlapEnd(key, policy, clock);
    return end === null || end === 0 ? null : toInstant(end);
  };
  return {
    name,
    issuer,
    store: store.kind,
    location,
    current: current === null ? null : keyOutput(current),
    keys: ledger.keys.map((key) => ({
      ...keyOutput(key),
      overlapEnds: endOf(key),
      quietSince: quietSince(key),
    })),
    gates: credential.policy.gates,
    rotation: ledger.rotation === undefined ? null : rotationOutput(ledger.rotation),
    debts: debtsOf(ledger),
    hold: ledger.hold ?? null,
    lease: leaseOf(ledger, now),
    ageDays: current === null ? null : ageDays(current, now),
    due: due === null ? null : toInstant(due),
  };
}

function quietSince(key: Key): string | null {
  if (key.state !== 'retiring' || key.usedAt === undefined) return null;
  return key.usedAt ?? key.ceasedCurrentAt ?? null;
}

/** Null also for one that has run out: nobody is at work. */
function leaseOf({ lease }: Ledger, now: number): CredentialStatus['lease'] {
  if (lease === undefined || Date.parse(lease.until) <= now) return null;
  const { owner, host, since, until } = lease;
  return { owner, host, since, until };
}
