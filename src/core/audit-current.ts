import type { Found, Subject } from './audit-subject.ts';
import { toInstant } from './credential.ts';
import type { Key } from './ledger.ts';
import { ageDays, ageFrom, renewAt } from './policy.ts';
import { currentRow, isDead, rowOf } from './rows.ts';

const DAY = 86_400_000;

/** The key that consumers read: what the ledger knows of it, and the issuer's present word, which counts for more. */
interface InPlace {
  /** Null: a key that the ledger does not know. */
  readonly id: string | null;
  readonly key: Key;
}

/** What is wrong with the key that consumers read. */
export function checksOfCurrent(subject: Subject): readonly Found[] {
  const place = keyInPlace(subject);
  if (place === null) return placement(subject);
  const checks = [
    placement(subject),
    expiry(subject, place),
    age(subject, place),
    unknownAge(place),
    scopes(subject, place),
    sayings(subject, place),
  ];
  return checks.flat();
}

function keyInPlace({ credential: { current, said }, ledger }: Subject): InPlace | null {
  // Where the store was not read, it is the one that the ledger calls current.
  const row = current === undefined ? currentRow(ledger) : rowOf(ledger, current?.row ?? undefined);
  if (row === null && !current) return null;
  const facts = said === undefined || said.verdict === 'unknown' ? undefined : said.facts;
  const known: Key = row ?? {
    id: 'current',
    state: 'current',
    rotation: 'none',
    attempt: 0,
    issuedAtFrom: 'unknown',
  };
  const key: Key = {
    ...known,
    ...(facts?.issuedAt === undefined ? {} : { issuedAt: facts.issuedAt, issuedAtFrom: 'issuer' as const }),
    ...(facts?.expiresAt === undefined ? {} : { expiresAt: facts.expiresAt }),
  };
  return { id: row?.id ?? null, key };
}

/** What the store holds against what the ledger says. */
function placement({ credential: { name, current }, ledger }: Subject): readonly Found[] {
  if (current === undefined) return [];
  const held = currentRow(ledger);
  if (current === null) {
    if (held === null) return [];
    const message = 'the store has no value, and the ledger says that it has';
    const hint = `put the value back, or run keyturn rotate ${name} to put a new key in place`;
    return [{ rule: 'gone', key: held.id, message, hint }];
  }
  if (current.row === null) {
    const what = ledger.keys.length === 0 ? 'holds a key' : 'holds another key than the ledger says';
    return [
      {
        rule: 'unmanaged',
        message: `the store ${what}, one that keyturn does not manage`,
        hint: `run keyturn adopt ${name}`,
        since: current.writtenAt ?? null,
      },
    ];
  }
  const row = rowOf(ledger, current.row);
  if (row === null || !isDead(row)) return [];
  const message = `the store holds ${row.id}, which is ${row.state}`;
  return [{ rule: 'dead', key: row.id, message, hint: emergency(name), since: row.proof?.at ?? null }];
}

function expiry({ credential: { name, policy }, now }: Subject, { id, key }: InPlace): readonly Found[] {
  if (key.expiresAt === undefined || key.expiresAt === null) return [];
  const since = key.expiresAt;
  if (now >= Date.parse(since)) {
    return [{ rule: 'expired', key: id, message: `it expired at ${since}`, hint: emergency(name), since }];
  }
  const renew = renewAt(key, policy);
  if (renew === null || now < renew) return [];
  const left = Math.floor((Date.parse(since) - now) / DAY);
  const message = `it expires at ${since}, in ${left} ${left === 1 ? 'day' : 'days'}`;
  return [{ rule: 'expires-soon', key: id, message, hint: renewal(name), since: toInstant(renew) }];
}

function age({ credential: { name, policy }, now }: Subject, { id, key }: InPlace): readonly Found[] {
  const from = ageFrom(key);
  if (from === null || now < from + policy.maxAge) return [];
  const limit = policy.maxAge % DAY === 0 ? `${policy.maxAge / DAY} days` : `${policy.maxAge / 1000} s`;
  const message = `it is ${ageDays(key, now)} days old; the limit is ${limit}`;
  return [
    { rule: 'over-age', key: id, message, hint: renewal(name), since: toInstant(from + policy.maxAge) },
  ];
}

function unknownAge({ id, key }: InPlace): readonly Found[] {
  if (id === null || (key.issuedAt !== undefined && key.issuedAtFrom !== 'unknown')) return [];
  const message =
    key.issuedAt === undefined
      ? 'nobody knows when it was issued'
      : `nobody knows when it was issued; its age counts from ${key.issuedAt}`;
  const hint = 'rotate it: the age of a new key is known';
  return [{ rule: 'age-unknown', key: id, message, hint }];
}

/** By the issuer's present word where there is one, else by what the ledger holds. */
function scopes({ credential: { name, policy, said } }: Subject, { id, key }: InPlace): readonly Found[] {
  if (said !== undefined && said.verdict !== 'unknown') return [];
  const have = key.scopes;
  if (have === undefined) return [];
  const lacking = policy.scopes.filter((scope) => !have.includes(scope));
  const extra = have.filter((scope) => !policy.scopes.includes(scope));
  const found: Found[] = [];
  if (lacking.length > 0) {
    const hint = `run keyturn rotate ${name}`;
    found.push({ rule: 'missing-scope', key: id, message: `it lacks ${lacking.join(', ')}`, hint });
  }
  if (extra.length > 0 && policy.scopes.length > 0) {
    const message = `it may also ${extra.join(', ')}, which is not declared`;
    found.push({ rule: 'extra-scope', key: id, message, hint: DECLARE });
  }
  return found;
}

const DECLARE = 'declare it under scopes, or take it from the key at the issuer';

/** What the issuer says of the key in `current`. */
function sayings({ credential: { name, said } }: Subject, { id }: InPlace): readonly Found[] {
  if (said === undefined) return [];
  if (said.verdict === 'unknown') {
    const hint = `run keyturn audit ${name} again; keyturn doctor names what is in the way`;
    return [{ rule: 'unverified', key: id, message: `the issuer could not tell: ${said.message}`, hint }];
  }
  if (said.verdict === 'works') {
    return said.findings.map(({ rule, message }) =>
      rule === 'extra-scope'
        ? { rule, key: id, message, hint: DECLARE }
        : { rule: 'issuer-note', key: id, message, hint: 'compare it with the configuration' },
    );
  }
  const message = `the issuer says: ${said.message}`;
  if (said.why === 'dead') return [{ rule: 'dead', key: id, message, hint: emergency(name) }];
  const hint = `run keyturn rotate ${name}`;
  if (said.why === 'scope-missing') return [{ rule: 'missing-scope', key: id, message, hint }];
  return [
    { rule: 'wrong-kind', key: id, message, hint: 'compare the configuration with the key, then rotate it' },
  ];
}

function emergency(name: string): string {
  return `run keyturn emergency ${name} now`;
}

function renewal(name: string): string {
  return `run keyturn run ${name}`;
}
