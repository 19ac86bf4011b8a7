import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toInstant } from '../../src/core/credential.ts';
import { emptyLedger, type Key } from '../../src/core/ledger.ts';
import {
  ageDays,
  backOffUntil,
  due,
  dueAt,
  KEYS_PER_DAY,
  keyBudgetUntil,
  type Policy,
  renewAt,
  retryDelay,
} from '../../src/core/policy.ts';
import { overlapEnd } from '../../src/core/rows.ts';
import { policyFor } from './situations.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-11-22T00:00:00.000Z');
const FINE = { missingScopes: [], dead: false };
const LEDGER = emptyLedger('wa-test');
const base = policyFor('revokes by secret');

function keyOf(patch: Partial<Key> = {}): Key {
  return { id: 'r1.1', state: 'current', rotation: 'r1', attempt: 1, issuedAtFrom: 'issuer', ...patch };
}

const days = fc.integer({ min: 1, max: 2_000 });

describe('when a key is due', () => {
  it('by age: exactly from maxAge on', () => {
    fc.assert(
      fc.property(days, days, (age, maxAge) => {
        const key = keyOf({ issuedAt: toInstant(NOW - age * DAY) });
        const policy: Policy = { ...base, maxAge: maxAge * DAY };
        expect(due(key, policy, FINE, LEDGER, NOW)?.rule ?? null).toBe(age >= maxAge ? 'age' : null);
        expect(ageDays(key, NOW)).toBe(age);
      }),
    );
  });

  it('by expiry: never before half of its life, at least seven days before the end of a long one', () => {
    fc.assert(
      fc.property(days, fc.option(days), (life, before) => {
        const issued = NOW - 10 * DAY;
        const expires = issued + life * DAY;
        const key = keyOf({ issuedAt: toInstant(issued), expiresAt: toInstant(expires) });
        const at = renewAt(key, { ...base, renewBefore: before === null ? null : before * DAY }) ?? 0;
        expect(at).toBeGreaterThanOrEqual(issued + (life * DAY) / 2 - 1);
        expect(at).toBeLessThanOrEqual(expires);
        if (before === null && life >= 14) expect(expires - at).toBeGreaterThanOrEqual(7 * DAY);
        if (before === null && life >= 21) expect(expires - at).toBeCloseTo((life * DAY) / 3, -1);
      }),
    );
  });

  it('the earlier of the two counts, and a key of which nothing is known is not due by time', () => {
    const both = keyOf({ issuedAt: toInstant(NOW), expiresAt: toInstant(NOW + 60 * DAY) });
    expect(dueAt(both, base)).toBe(NOW + 40 * DAY);
    expect(dueAt(keyOf({ expiresAt: null }), base)).toBeNull();
    expect(due(keyOf(), base, FINE, LEDGER, NOW)).toBeNull();
    expect(due(null, base, FINE, LEDGER, NOW)?.rule).toBe('first');
  });

  it('a person is asked ahead of time', () => {
    const policy = policyFor('made and removed by a person');
    const key = keyOf({ issuedAt: toInstant(NOW - 76 * DAY) });
    expect(due(key, policy, FINE, LEDGER, NOW)?.rule).toBe('age');
    expect(due(key, base, FINE, LEDGER, NOW)).toBeNull();
  });

  it('by a missing scope, once per configuration, and because it is dead', () => {
    const facts = { missingScopes: ['messaging'], dead: false };
    const key = keyOf({ issuedAt: toInstant(NOW) });
    expect(due(key, base, facts, LEDGER, NOW)?.rule).toBe('scope');
    const tried = { ...LEDGER, scopesTriedFor: base.config };
    expect(due(key, base, facts, tried, NOW)).toBeNull();
    expect(due(key, { ...base, config: 'config-2' }, facts, tried, NOW)?.rule).toBe('scope');
    expect(due(key, base, { missingScopes: [], dead: true }, tried, NOW)?.rule).toBe('dead');
  });
});

describe('pauses', () => {
  it('after failures: one hour, doubling, a day at most; none for another configuration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), (count) => {
        const failures = { count, lastAt: toInstant(NOW), code: 'REFUSED', config: base.config };
        const until = backOffUntil({ ...LEDGER, failures }, base) ?? 0;
        expect(until - NOW).toBe(Math.min(HOUR * 2 ** (count - 1), DAY));
        expect(backOffUntil({ ...LEDGER, failures }, { ...base, config: 'other' })).toBeNull();
      }),
    );
  });

  it('between tries: from five seconds to an hour, never shorter than before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000 }), (tries) => {
        expect(retryDelay(tries)).toBeGreaterThanOrEqual(5_000);
        expect(retryDelay(tries + 1)).toBeGreaterThanOrEqual(retryDelay(tries));
        expect(retryDelay(tries)).toBeLessThanOrEqual(HOUR);
      }),
    );
  });

  it('three keys in any 24 hours', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 48 * HOUR }), { maxLength: 8 }), (ages) => {
        const until = keyBudgetUntil(
          ages.map((age) => toInstant(NOW - age)),
          NOW,
        );
        const recent = ages.filter((age) => age < DAY);
        expect(until === null).toBe(recent.length < KEYS_PER_DAY);
        if (until !== null) expect(until).toBe(NOW - Math.max(...recent) + DAY);
      }),
    );
  });
});

describe('the end of an overlap', () => {
  const from = toInstant(NOW);
  const retiring = keyOf({
    state: 'retiring',
    ceasedCurrentAt: from,
    overlapFrom: from,
    overlapClock: 'host-a',
  });

  it('counts from when it began, with the time that the store takes', () => {
    const policy = { ...base, overlap: DAY, converges: HOUR };
    expect(overlapEnd(retiring, policy, 'host-a')).toBe(NOW + DAY + HOUR);
  });

  it('adds what clocks may differ by where another machine began it', () => {
    expect(overlapEnd(retiring, base, 'host-b')).toBe(NOW + base.overlap + 5 * 60_000);
  });

  it('has not begun while hooks are owed, and does not count where it was ended or never was', () => {
    expect(overlapEnd({ ...retiring, overlapFrom: undefined }, base, 'host-a')).toBeNull();
    expect(overlapEnd({ ...retiring, endNow: 'revoke' }, base, 'host-a')).toBe(0);
    expect(overlapEnd(keyOf({ state: 'pending' }), base, 'host-a')).toBe(0);
    expect(overlapEnd(keyOf({ state: 'pending', promoteEntered: from }), base, 'host-a')).toBeNull();
  });
});
