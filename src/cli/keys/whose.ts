import type { ListedKey } from '../../core/issuer.ts';
import type { Key, Ledger } from '../../core/ledger.ts';
import { isDead, isLive } from '../../core/rows.ts';

/**
 * What keyturn knows of a key that an issuer lists. `ours`: keyturn made it. `adopted`: a person handed it over.
 * `orphan`: keyturn made it, or may have, and it should be gone. `unknown`: no ledger speaks of it. `missing`: a ledger
 * says that it lives, and the issuer does not list it.
 */
export type Whose = 'ours' | 'adopted' | 'orphan' | 'unknown' | 'missing';

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

/** Every key that the issuer lists, and every living one that it does not, against the ledgers of its credentials. */
export function compareKeys(listed: readonly ListedKey[], ledgers: readonly Ledger[]): readonly KnownKey[] {
  const rows = ledgers.flatMap((ledger) => ledger.keys.map((row) => ({ ledger, row })));
  const present = listed.map((key): KnownKey => {
    const found = rows.find(({ row }) => row.issuerKeyId === key.issuerKeyId || row.id === key.mark);
    const suspect = rows.find(
      ({ row }) => row.state === 'possible' && row.suspects?.includes(key.issuerKeyId) === true,
    );
    const known = found ?? suspect;
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

function whoseOf(key: ListedKey, row: Key | null): Whose {
  // A name that only keyturn gives, and no ledger here that knows it.
  if (row === null) return key.mark === undefined ? 'unknown' : 'orphan';
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
