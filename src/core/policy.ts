import type { Instant } from './credential.ts';
import { toMs } from './credential.ts';
import type { IssuerTraits } from './issuer.ts';
import type { Key, Ledger } from './ledger.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const RENEW_AT_LEAST = 7 * DAY;
export const KEYS_PER_DAY = 3;
/** How far the clocks of two machines may differ before the promises of time weaken. */
export const CLOCK_SKEW = 5 * 60_000;

/** Everything that the configuration says about how one credential rotates. Durations in milliseconds. */
export interface Policy {
  readonly maxAge: number;
  /** Null: a third of the key's life. */
  readonly renewBefore: number | null;
  readonly overlap: number;
  /** How long before it is due a rotation that needs a person is opened. */
  readonly lead: number;
  /** The configuration accepts that a key of an issuer with `maxLive: 1` dies before its successor is in place. */
  readonly acceptGap: boolean;
  readonly scopes: readonly string[];
  /** Names of the gates that must pass before an old key is revoked. */
  readonly gates: readonly string[];
  /** Names of the hooks and mirrors that every promote owes. */
  readonly hooks: readonly string[];
  readonly mirrors: readonly string[];
  /** The key's parts are fields of a JSON document that others share. */
  readonly shared: boolean;
  /** Changes when the configuration of this credential or its issuer does. */
  readonly config: string;
  /** How long readers of the store may see an old `current` after promote. */
  readonly converges: number;
  readonly issuer: IssuerTraits & IssuerAbilities;
}

/** Which optional methods the issuer has. */
export interface IssuerAbilities {
  readonly can: {
    readonly register: boolean;
    readonly revoke: boolean;
    readonly find: boolean;
    readonly list: boolean;
    readonly slots: boolean;
  };
}

/** Why a rotation is due, or null. `at` is when it became so. */
export interface Due {
  readonly rule: 'first' | 'age' | 'expiry' | 'scope' | 'dead';
  readonly reason: string;
  readonly at: number;
}

/** What the issuer said of the key in `current`, where it was asked. */
export interface DueFacts {
  readonly missingScopes: readonly string[];
  readonly dead: boolean;
}

/** When the key's age began to count: the issuer's word, the store's, a person's, or its adoption. */
export function ageFrom(key: Key): number | null {
  return key.issuedAt === undefined ? null : toMs(key.issuedAt);
}

export function ageDays(key: Key, now: number): number | null {
  const from = ageFrom(key);
  return from === null ? null : Math.max(0, Math.floor((now - from) / DAY));
}

/** When too little of its life is left; null for a key that does not end by itself. */
export function renewAt(key: Key, policy: Pick<Policy, 'renewBefore'>): number | null {
  if (key.expiresAt === undefined || key.expiresAt === null) return null;
  const expires = toMs(key.expiresAt);
  const from = ageFrom(key);
  const life = from === null ? null : Math.max(0, expires - from);
  if (policy.renewBefore !== null) return expires - clampToHalf(policy.renewBefore, life);
  if (life === null) return expires - RENEW_AT_LEAST;
  return expires - clampToHalf(Math.max(life / 3, RENEW_AT_LEAST), life);
}

function clampToHalf(before: number, life: number | null): number {
  return life === null ? before : Math.min(before, life / 2);
}

/** When the key in `current` becomes due by time alone: the earlier of age and expiry. */
export function dueAt(key: Key, policy: Pick<Policy, 'maxAge' | 'renewBefore'>): number | null {
  const from = ageFrom(key);
  const byAge = from === null ? null : from + policy.maxAge;
  const byExpiry = renewAt(key, policy);
  if (byAge === null) return byExpiry;
  return byExpiry === null ? byAge : Math.min(byAge, byExpiry);
}

/** The first reason that applies for replacing the key in `current` (null: there is no key yet). */
export function due(
  current: Key | null,
  policy: Policy,
  facts: DueFacts,
  ledger: Ledger,
  now: number,
): Due | null {
  if (current === null) return { rule: 'first', reason: 'there is no key yet', at: now };
  const lead = policy.issuer.secretFrom === 'operator' ? policy.lead : 0;
  return (
    dueByAge(current, policy, now, lead) ??
    dueByExpiry(current, policy, now, lead) ??
    dueByScope(policy, facts, ledger, now) ??
    (facts.dead ? { rule: 'dead', reason: 'the key is dead, or may be soon', at: now } : null)
  );
}

function dueByAge(key: Key, policy: Policy, now: number, lead: number): Due | null {
  const from = ageFrom(key);
  if (from === null || now < from + policy.maxAge - lead) return null;
  const days = Math.floor((now - from) / DAY);
  return {
    rule: 'age',
    reason: `it is ${days} days old; the limit is ${policy.maxAge / DAY}`,
    at: from + policy.maxAge,
  };
}

function dueByExpiry(key: Key, policy: Policy, now: number, lead: number): Due | null {
  const at = renewAt(key, policy);
  if (at === null || now < at - lead) return null;
  return { rule: 'expiry', reason: `it expires at ${key.expiresAt}`, at };
}

function dueByScope(policy: Policy, facts: DueFacts, ledger: Ledger, now: number): Due | null {
  if (facts.missingScopes.length === 0 || ledger.scopesTriedFor === policy.config) return null;
  return { rule: 'scope', reason: `it lacks the scope ${facts.missingScopes.join(', ')}`, at: now };
}

/**
 * How long `run` stays away after rotations that ended without promote: 1 h, doubling to 24 h. Where the key in current
 * is of no use, a minute, doubling to 1 h. Null: it need not.
 */
export function backOffUntil(ledger: Ledger, policy: Policy, urgent = false): number | null {
  const failures = ledger.failures;
  if (failures === undefined || failures.count === 0 || failures.config !== policy.config) return null;
  const [first, most] = urgent ? [60_000, HOUR] : [HOUR, DAY];
  return toMs(failures.lastAt) + Math.min(first * 2 ** (failures.count - 1), most);
}

/** When the next key may be asked for; null: now. */
export function keyBudgetUntil(made: readonly Instant[] | undefined, now: number): number | null {
  const recent = (made ?? []).map(toMs).filter((at) => at > now - DAY && at <= now + CLOCK_SKEW);
  if (recent.length < KEYS_PER_DAY) return null;
  return Math.min(...recent) + DAY;
}

/** The pause before an effect that failed is tried again: 5 s, doubling to 1 h. */
export function retryDelay(tries: number): number {
  return Math.min(5_000 * 2 ** Math.max(0, tries - 1), HOUR);
}
