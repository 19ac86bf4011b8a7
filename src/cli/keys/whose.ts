import type { ListedKey } from '../../core/issuer.ts';
import type { Key, Ledger } from '../../core/ledger.ts';
import { isDead, isLive } from '../../core/rows.ts';

/**
 * What keyturn knows of a key that an issuer lists. `ours`: keyturn made it. `adopted`: a person handed it over.
 * `orphan`: keyturn made it, or may have, and a ledger says that it should be gone. `unclaimed`: keyturn made it, and no
 * ledger here knows it. `unknown`: no ledger speaks of it. `missing`: a ledger says that it lives, and the issuer does
 * not list it.
 */
export type Whose = 'ours' | 'adopted' | 'orphan' | 'unclaimed' | 'unknown' | 'missing';

export interface KnownKey {
  readonly whose: Whose;
  readonly issuerKeyId: string;
  readonly name: string | null;
  readonly credential: string | null;
  /** Its row in the ledger of the credential. */
  readonly key: string | null;
  readonly state: Key['state'] | null;
  readonly issuedAt: string | null;
  readonly expiresAt: string | null;
  /** Null: never, or nobody says; `lastUsedKnown` tells which. */
  readonly lastUsed: string | null;
  readonly lastUsedKnown: boolean;
}

/**
 * Every key that the issuer lists, and every living one that it does not, against the ledgers of its credentials. By its
 * mark a key is looked for in all ledgers (`others`), since two names in a configuration may be one account.
 */
export function compareKeys(
  listed: readonly ListedKey[],
  ledgers: readonly Ledger[],
  others: readonly Ledger[],
): readonly KnownKey[] {
  const rows = rowsIn(ledgers);
  const elsewhere = rowsIn(others);
  const present = listed.map((key): KnownKey => {
    const found = rows.find(({ row }) => row.issuerKeyId === key.issuerKeyId || row.id === key.mark);
    const suspect = rows.find(
      ({ row }) => row.state === 'possible' && row.suspects?.includes(key.issuerKeyId) === true,
    );
    const known = found ?? suspect ?? elsewhere.find(({ row }) => row.id === key.mark);
    return {
      whose: whoseOf(key, known?.row ?? null),
      issuerKeyId: key.issuerKeyId,
      name: key.name ?? null,
      credential: known?.ledger.credential ?? null,
      key: known?.row.id ?? null,
      state: known?.row.state ?? null,
      issuedAt: key.facts.issuedAt ?? known?.row.issuedAt ?? null,
      expiresAt: key.facts.expiresAt ?? known?.row.expiresAt ?? null,
      lastUsed: key.lastUsed ?? null,
      lastUsedKnown: key.lastUsed !== undefined,
    };
  });
  const absent = rows.filter(
    ({ row }) =>
      isLive(row) &&
      row.issuerKeyId !== undefined &&
      !listed.some((key) => key.issuerKeyId === row.issuerKeyId),
  );
  return [...present, ...absent.map(({ ledger, row }) => missing(ledger, row))];
}

function rowsIn(ledgers: readonly Ledger[]): readonly { readonly ledger: Ledger; readonly row: Key }[] {
  return ledgers.flatMap((ledger) => ledger.keys.map((row) => ({ ledger, row })));
}

function whoseOf(key: ListedKey, row: Key | null): Whose {
  // A name that only keyturn gives: a credential that is not in this configuration may live by it.
  if (row === null) return key.mark === undefined ? 'unknown' : 'unclaimed';
  if (isDead(row) || row.state === 'possible' || row.state === 'intended') return 'orphan';
  // Only what was asked for here has a longest life noted, be it one without end.
  return row.longestLife === undefined ? 'adopted' : 'ours';
}

function missing(ledger: Ledger, row: Key): KnownKey {
  return {
    whose: 'missing',
    issuerKeyId: row.issuerKeyId ?? '',
    name: null,
    credential: ledger.credential,
    key: row.id,
    state: row.state,
    issuedAt: row.issuedAt ?? null,
    expiresAt: row.expiresAt ?? null,
    lastUsed: null,
    lastUsedKnown: false,
  };
}
