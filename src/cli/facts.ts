import { remedyOfPossible } from '../core/audit-ledger.ts';
import type { Key, Ledger, Rotation } from '../core/ledger.ts';
import { owedRevocations, possibleRows } from '../core/rows.ts';

/** What the JSON output says of one key. Never a value; null: not known. */
export interface KeyOutput {
  readonly id: string;
  readonly state: Key['state'];
  readonly issuerKeyId: string | null;
  readonly identity: string | null;
  readonly fingerprints: Readonly<Record<string, string>> | null;
  readonly issuedAt: string | null;
  readonly issuedAtFrom: Key['issuedAtFrom'];
  /** Null: it does not end by itself, or nobody knows when. */
  readonly expiresAt: string | null;
  readonly scopes: readonly string[] | null;
  /** When a gate last heard that it was used. Null: never, or no gate asked. */
  readonly usedAt: string | null;
  readonly proof: Key['proof'] | null;
}

export function keyOutput(key: Key): KeyOutput {
  return {
    id: key.id,
    state: key.state,
    issuerKeyId: key.issuerKeyId ?? null,
    identity: key.identity ?? null,
    fingerprints: key.fingerprints ?? null,
    issuedAt: key.issuedAt ?? null,
    issuedAtFrom: key.issuedAtFrom,
    expiresAt: key.expiresAt ?? null,
    scopes: key.scopes ?? null,
    usedAt: key.usedAt ?? null,
    proof: key.proof ?? null,
  };
}

export interface RotationOutput {
  readonly id: string;
  readonly kind: Rotation['kind'];
  readonly reason: string;
  readonly by: string;
  readonly startedAt: string;
  readonly phase: Rotation['phase'];
  readonly attempt: number;
  readonly old: string | null;
  readonly new: string | null;
  readonly promotedAt: string | null;
  readonly waiting: Rotation['waiting'] | null;
  readonly nextTry: string | null;
  readonly lastError: string | null;
}

export function rotationOutput(rotation: Rotation): RotationOutput {
  const { id, kind, reason, by, startedAt, phase, attempt } = rotation;
  return {
    id,
    kind,
    reason,
    by,
    startedAt,
    phase,
    attempt,
    old: rotation.old ?? null,
    new: rotation.new ?? null,
    promotedAt: rotation.promotedAt ?? null,
    waiting: rotation.waiting ?? null,
    nextTry: rotation.nextTry ?? null,
    lastError: rotation.lastError ?? null,
  };
}

/** Something that is not yet done, or that nobody knows to be done. */
export interface DebtOutput {
  readonly kind: 'revocation' | 'possible-orphan' | 'hook' | 'mirror';
  /** The key, or the name of the hook or mirror. */
  readonly target: string;
  readonly since: string | null;
  readonly tries: number;
  readonly nextTry: string | null;
  readonly lastError: string | null;
  /** What a person does about it; null: keyturn pays it by itself. */
  readonly hint: string | null;
}

/** The debts of a ledger. A key in its overlap is none: it is as it should be. */
export function debtsOf(ledger: Ledger): readonly DebtOutput[] {
  const owed = owedRevocations(ledger).map((key) =>
    rowDebt('revocation', key, key.revokeEntered ?? key.ceasedCurrentAt, null),
  );
  const possible = possibleRows(ledger).map((key) =>
    rowDebt('possible-orphan', key, key.window?.from, remedyOfPossible(key, ledger.credential)),
  );
  const effects = ledger.owed.map(
    (debt): DebtOutput => ({
      kind: debt.kind,
      target: debt.target,
      since: debt.since,
      tries: debt.tries,
      nextTry: debt.nextTry ?? null,
      lastError: debt.lastError ?? null,
      hint: null,
    }),
  );
  return [...owed, ...possible, ...effects];
}

function rowDebt(
  kind: DebtOutput['kind'],
  key: Key,
  since: string | undefined,
  hint: string | null,
): DebtOutput {
  return {
    kind,
    target: key.id,
    since: since ?? null,
    tries: key.tries ?? 0,
    nextTry: key.nextTry ?? null,
    lastError: key.lastError ?? null,
    hint,
  };
}
