import { describe, expect, it } from 'vitest';
import { emptyLedger, type Key, type Ledger } from '../../src/core/ledger.ts';
import {
  hasExpired,
  isDead,
  isLive,
  isStale,
  owedRevocations,
  possibleUntil,
  sameKey,
  wasCurrent,
} from '../../src/core/rows.ts';
import { policyFor } from './situations.ts';

const DAY = 86_400_000;
const AT = '2026-11-22T00:00:00.000Z';
const NOW = Date.parse(AT);
const policy = policyFor('revokes by secret');

function row(state: Key['state'], patch: Partial<Key> = {}): Key {
  return { id: `r1.${state}`, state, rotation: 'r1', attempt: 1, issuedAtFrom: 'issuer', ...patch };
}

const STATES = ['intended', 'possible', 'pending', 'current', 'retiring', 'revoked', 'settled'] as const;

describe('what a state means', () => {
  it.each([
    ['live', isLive, ['pending', 'current', 'retiring']],
    ['dead', isDead, ['revoked', 'settled']],
    ['may have been read', wasCurrent, ['current', 'retiring']],
  ] as const)('%s', (_, holds, states) => {
    expect(STATES.filter((state) => holds(row(state)))).toEqual(states);
  });

  it('a key whose promote was entered may have been read', () => {
    expect(wasCurrent(row('pending', { promoteEntered: AT }))).toBe(true);
  });
});

describe('revocations that are owed', () => {
  const keys = STATES.map((state) => row(state));
  const rotation = { id: 'r2', kind: 'manual', reason: '', by: '', startedAt: AT, attempt: 1 } as const;

  it('are all rows that live and are not current, whatever became of their rotation', () => {
    const ledger: Ledger = { ...emptyLedger('wa-test'), keys };
    expect(owedRevocations(ledger).map((key) => key.state)).toEqual(['pending', 'retiring']);
  });

  it('are not those of the open rotation, unless their overlap was ended', () => {
    const open = { ...rotation, phase: 'overlap', old: 'r1.retiring', new: 'r1.pending' } as const;
    const ledger: Ledger = { ...emptyLedger('wa-test'), keys, rotation: open };
    expect(owedRevocations(ledger)).toEqual([]);
    const ended = keys.map((key) => ({ ...key, endNow: 'emergency' }));
    expect(owedRevocations({ ...ledger, keys: ended }).map((key) => key.state)).toEqual(['retiring']);
  });
});

describe('whether two keys are one', () => {
  const one = { value: '0123456789abcdef' };
  const two = { value: 'fedcba9876543210' };
  it.each([
    [
      'the same id, and one value is not known',
      { issuerKeyId: 'a', fingerprints: one },
      { issuerKeyId: 'a' },
      true,
    ],
    [
      'the same id, both too short',
      { issuerKeyId: 'a', fingerprints: {} },
      { issuerKeyId: 'a', fingerprints: {} },
      true,
    ],
    [
      'the same id of two values',
      { issuerKeyId: 'a', fingerprints: one },
      { issuerKeyId: 'a', fingerprints: two },
      false,
    ],
    [
      'the same id, one too short',
      { issuerKeyId: 'a', fingerprints: one },
      { issuerKeyId: 'a', fingerprints: {} },
      false,
    ],
    ['the same fingerprints', { fingerprints: one }, { fingerprints: { ...one } }, true],
    ['other fingerprints', { fingerprints: one }, { fingerprints: two }, false],
    ['nothing known of either', {}, {}, false],
    ['nothing known of one', { fingerprints: one }, {}, false],
    ['no fingerprint at all', { fingerprints: {} }, { fingerprints: {} }, false],
  ])('%s', (_, a, b, same) => {
    expect(sameKey(a, b)).toBe(same);
    expect(sameKey(b, a)).toBe(same);
  });
});

describe('time', () => {
  it('a possible key ends after its window, the longest life and a day; never where keys do not end', () => {
    const window = { from: AT, to: AT };
    expect(possibleUntil(row('possible', { window, longestLife: 400 * DAY }))).toBe(NOW + 400 * DAY + DAY);
    expect(possibleUntil(row('possible', { window, longestLife: null }))).toBeNull();
    expect(possibleUntil(row('possible', { window }))).toBeNull();
    expect(possibleUntil(row('possible', { longestLife: 400 * DAY }))).toBeNull();
  });

  it('a key has expired only when clocks cannot be the reason', () => {
    const key = row('retiring', { expiresAt: AT });
    expect(hasExpired(key, NOW + 5 * 60_000)).toBe(false);
    expect(hasExpired(key, NOW + 5 * 60_000 + 1)).toBe(true);
    expect(hasExpired(row('retiring', { expiresAt: null }), NOW * 2)).toBe(false);
    expect(hasExpired(row('retiring'), NOW * 2)).toBe(false);
  });

  it('a read that shows the version which was replaced proves nothing while the store converges', () => {
    const old = row('retiring', { currentAs: 'v1', ceasedCurrentAt: AT });
    const ledger: Ledger = { ...emptyLedger('wa-test'), keys: [old] };
    const slow = { ...policy, converges: 60_000 };
    const seen = { version: 'v1', row: old.id, fingerprints: {}, complete: true };
    expect(isStale(ledger, slow, { current: seen, currentAskedAt: NOW + 1 })).toBe(true);
    const other = { ...seen, version: 'v2' };
    expect(isStale(ledger, slow, { current: other, currentAskedAt: NOW + 1 })).toBe(false);
    expect(isStale(ledger, slow, { current: seen, currentAskedAt: NOW + DAY })).toBe(false);
    expect(isStale(ledger, policy, { current: seen, currentAskedAt: NOW + 1 })).toBe(false);
  });
});
