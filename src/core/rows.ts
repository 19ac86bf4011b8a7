import { toMs } from './credential.ts';
import type { Key, Ledger, Rotation } from './ledger.ts';
import { CLOCK_SKEW, type Policy } from './policy.ts';
import { type Fingerprints, sameFingerprints } from './secret.ts';

/** How long after its window a key that the issuer does not know yet may still turn up. */
export const LATE_CREATE = 3_600_000;

export function rowOf(ledger: Ledger, id: string | undefined): Key | null {
  return ledger.keys.find((key) => key.id === id) ?? null;
}

export function currentRow(ledger: Ledger): Key | null {
  return ledger.keys.find((key) => key.state === 'current') ?? null;
}

/** Proven dead, or settled by a person: nothing is owed for it any more. */
export function isDead(key: Key): boolean {
  return key.state === 'revoked' || key.state === 'settled';
}

/** It exists at the issuer, as far as anybody knows. */
export function isLive(key: Key): boolean {
  return key.state === 'pending' || key.state === 'current' || key.state === 'retiring';
}

/** Consumers have read it, or may have. */
export function wasCurrent(key: Key): boolean {
  return (
    key.state === 'current' ||
    key.state === 'retiring' ||
    key.ceasedCurrentAt !== undefined ||
    key.promoteEntered !== undefined
  );
}

/**
 * Rows that are owed a revocation: neither current, nor old or new of the open rotation, nor dead, nor merely
 * possible. Derived from the rows, so that there is no list to lose.
 */
export function owedRevocations(ledger: Ledger): readonly Key[] {
  const rotation = ledger.rotation;
  return ledger.keys.filter(
    (key) =>
      (key.state === 'pending' || key.state === 'retiring') &&
      key.id !== rotation?.new &&
      (key.id !== rotation?.old || key.endNow !== undefined),
  );
}

/** Whether the rotation asks for a key; the others place one that exists. */
export function makesKey({ kind }: Rotation): boolean {
  return kind !== 'rollback' && kind !== 'adopt';
}

export function possibleRows(ledger: Ledger): readonly Key[] {
  return ledger.keys.filter((key) => key.state === 'possible');
}

/** The key that was current before, if it lives and nothing was ever sent against it. */
export function previous(ledger: Ledger): Key | null {
  const rows = ledger.keys.filter(
    (key) => key.state === 'retiring' && key.revokeEntered === undefined && key.storeVersion !== undefined,
  );
  const old = rows.find((key) => key.id === ledger.rotation?.old);
  if (old !== undefined) return old;
  return (
    [...rows].sort((a, b) => (b.ceasedCurrentAt ?? '').localeCompare(a.ceasedCurrentAt ?? ''))[0] ?? null
  );
}

/** The overlap that counts for a key, in milliseconds. */
export function overlapOf(key: Key, policy: Pick<Policy, 'overlap'>): number {
  return key.overlap ?? policy.overlap;
}

/**
 * When the overlap of a key that consumers may have read is over, in milliseconds since the epoch.
 * Null: it has not begun, since hooks or mirrors are still owed. Zero: no overlap counts for it.
 * Where another machine's clock began it, the difference that clocks may have is added.
 */
export function overlapEnd(
  key: Key,
  policy: Pick<Policy, 'overlap' | 'converges'>,
  clock: string,
): number | null {
  if (key.endNow !== undefined || !wasCurrent(key)) return 0;
  if (key.overlapFrom === undefined) return null;
  const overlap = overlapOf(key, policy);
  const length = overlap + policy.converges;
  const skew = length === 0 || key.overlapClock === clock ? 0 : CLOCK_SKEW;
  return toMs(key.overlapFrom) + length + skew;
}

/**
 * Whether what was read from `current` may be only what the store still shows of what was replaced: within the time that
 * the store may take, the very version that stood there before, or nothing; in a shared document, whatever it shows.
 */
export function isStale(
  ledger: Ledger,
  policy: Policy,
  seen: {
    readonly current?: {
      readonly version: string;
      readonly row: string | null;
      readonly writtenAt?: string;
    } | null;
    readonly currentAskedAt?: number;
  },
): boolean {
  const { current, currentAskedAt: askedAt = 0 } = seen;
  const held = currentRow(ledger);
  if (policy.converges === 0 || current === undefined || current?.row === held?.id) return false;
  const settled = (since: string | undefined): boolean =>
    since === undefined || askedAt >= toMs(since) + policy.converges + CLOCK_SKEW;
  // In a shared document others may have written in between, so that no version tells what is old.
  const since = held?.currentSince;
  const written = current?.writtenAt;
  const isNewer = written !== undefined && toMs(written) > toMs(since ?? written) + CLOCK_SKEW;
  if (policy.shared && since !== undefined && !settled(since) && !isNewer) return true;
  const row = rowOf(ledger, current?.row ?? undefined);
  if (row !== null && row.currentAs === current?.version && !settled(row.ceasedCurrentAt)) return true;
  if (current === null) return held !== null && !settled(held.currentSince);
  return ledger.keys.some((next) => next.replaced === current.version && !settled(next.currentSince));
}

/** When the issuer came to know the key, as far as the ledger tells. */
export function bornAt(key: Key): number | null {
  const at = key.window?.to ?? key.window?.from;
  return at === undefined ? null : toMs(at);
}

/**
 * Whether an answer that refuses a key as dead may only mean that the issuer does not know it everywhere yet: one that
 * was asked for within the time that this takes, for a key that was never seen to work.
 */
export function mayBeTooNew(key: Key, policy: Policy, askedAt: number, clock: string): boolean {
  return key.verifiedAt === undefined && askedAt < settledAt(key, policy, clock);
}

/** From when on the issuer knows the key everywhere, by this clock; 0 where nothing says when it was made. */
export function settledAt(key: Key, policy: Policy, clock: string): number {
  const born = bornAt(key);
  if (born === null) return 0;
  return born + policy.issuer.settles + (key.window?.clock === clock ? 0 : CLOCK_SKEW);
}

/** From when on the issuer's answer about a key tells what became of a request that was sent at this time, by any clock. */
export function answersFrom({ issuer: { settles } }: Policy, sent: string): number {
  return toMs(sent) + settles + (settles === 0 ? 0 : CLOCK_SKEW);
}

/** What two keys of one issuer are compared by. */
interface Named {
  readonly issuerKeyId?: string | undefined;
  readonly fingerprints?: Fingerprints | undefined;
}

/** Whether two keys of one issuer are one: by all fingerprints, and where these cannot tell, by the issuer's id. */
export function sameKey(a: Named, b: Named): boolean {
  return sameFingerprints(a.fingerprints, b.fingerprints) ?? sameId(a, b);
}

/** Whether the issuer knows both by one id, be they one key or not: to end one by it would end the other. */
export function sameId(a: Named, b: Named): boolean {
  return a.issuerKeyId !== undefined && a.issuerKeyId === b.issuerKeyId;
}

/** Whether two keys of one issuer are one, or have one id there: what is done to one may be done to the other. */
export function sameKeyOrId(a: Named, b: Named): boolean {
  return sameKey(a, b) || sameId(a, b);
}

/** When a key that nobody may ever see again can no longer be alive; null: it may live for ever. */
export function possibleUntil(key: Key): number | null {
  const life = key.longestLife ?? null;
  const to = key.window?.to ?? key.window?.from;
  if (life === null || to === undefined) return null;
  return toMs(to) + life + 86_400_000;
}

/** Whether its own expiry ended it, with room for clocks that differ. */
export function hasExpired(key: Pick<Key, 'expiresAt'>, now: number): boolean {
  return key.expiresAt !== undefined && key.expiresAt !== null && now > toMs(key.expiresAt) + CLOCK_SKEW;
}
