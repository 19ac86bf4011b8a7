import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import {
  emptyLedger,
  formatLedger,
  hasRoom,
  type Key,
  LEDGER_MAX_BYTES,
  LEDGER_RESERVED_BYTES,
  type Ledger,
  parseLedger,
} from '../../src/core/ledger.ts';

const NAME = 'wa-test';
const AT = '2026-11-22T00:00:00.000Z';

const instant = fc.constantFrom(AT, '2026-11-23T10:11:12.345Z');
const key = fc.record(
  {
    id: fc.constantFrom('r1.1', 'r20261122-00000001.2'),
    state: fc.constantFrom('intended', 'possible', 'pending', 'current', 'retiring', 'revoked', 'settled'),
    rotation: fc.constant('r1'),
    attempt: fc.nat(9),
    issuedAtFrom: fc.constantFrom('issuer', 'store', 'operator', 'unknown'),
    issuerKeyId: fc.string(),
    fingerprints: fc.constant({ value: '0123456789abcdef' }),
    expiresAt: fc.option(instant),
    scopes: fc.array(fc.string(), { maxLength: 3 }),
    storeVersion: fc.string(),
    window: fc.constant({ from: AT }),
    promoteBase: fc.option(fc.string()),
    proof: fc.constant({ by: 'issuer', at: AT }),
  },
  { requiredKeys: ['id', 'state', 'rotation', 'attempt', 'issuedAtFrom'] },
) as fc.Arbitrary<Key>;

function ledgerWith(keys: readonly Key[]): Ledger {
  return { ...emptyLedger(NAME), keys: [...keys] };
}

describe('a ledger', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 6 }), (keys) => {
        const ledger = ledgerWith(keys);
        expect(parseLedger(formatLedger(ledger), NAME)).toEqual(JSON.parse(JSON.stringify(ledger)));
      }),
    );
  });

  it('is refused when it is cut anywhere', () => {
    const document = formatLedger(ledgerWith([]));
    for (let length = 0; length < document.length; length += 1)
      expect(() => parseLedger(document.slice(0, length), NAME)).toThrow(KeyturnError);
  });

  it.each([
    ['newer', { version: 2 }, /version 2/],
    ['of another credential', { credential: 'wa-other' }, /belongs to wa-other/],
    ['with an unknown field', { surprise: 1 }, /damaged/],
    ['without its keys', { keys: undefined }, /damaged at keys/],
    ['with a row of no state', { keys: [{ id: 'r1.1' }] }, /damaged at keys\.0/],
    ['with a time of its own', { rotation: { id: 'r1', startedAt: 'yesterday' } }, /damaged at rotation/],
    [
      'without the hash of its trail',
      { trail: { ...emptyLedger(NAME).trail, head: '' } },
      /damaged at trail\.head/,
    ],
    ['of no version', { version: undefined }, /damaged at version/],
  ])('%s is refused, and says that nothing was changed', (_, patch, message) => {
    const document = JSON.stringify({ ...emptyLedger(NAME), ...patch });
    try {
      parseLedger(document, NAME);
      expect.unreachable();
    } catch (caught) {
      expect(caught).toMatchObject({ code: 'LEDGER', exitCode: 4 });
      expect((caught as KeyturnError).message).toMatch(message);
      expect((caught as KeyturnError).hint).toMatch(/nothing was changed/);
    }
  });

  it.each(['', '[]', 'null', '"text"', '17', '{}'])('%s is none', (document) => {
    expect(() => parseLedger(document, NAME)).toThrow(/damaged|not JSON/);
  });

  it('that the parser would not read is not written', () => {
    const wrong = { ...emptyLedger(NAME), seq: -1 };
    expect(() => formatLedger(wrong)).toThrow(/seq/);
    expect(() => formatLedger({ ...emptyLedger(NAME), surprise: 1 } as Ledger)).toThrow(KeyturnError);
  });

  it('is never larger than its limit, counted in bytes', () => {
    const row = {
      id: 'r1.1',
      state: 'possible',
      rotation: 'r1',
      attempt: 1,
      issuedAtFrom: 'unknown',
    } as const;
    const large = ledgerWith([{ ...row, lastError: 'é'.repeat(LEDGER_MAX_BYTES / 2) }]);
    expect(JSON.stringify(large).length).toBeLessThan(LEDGER_MAX_BYTES);
    expect(() => formatLedger(large)).toThrow(/over 12288 bytes/);
  });

  it('keeps room for an emergency', () => {
    const row = {
      id: 'r1.1',
      state: 'possible',
      rotation: 'r1',
      attempt: 1,
      issuedAtFrom: 'unknown',
    } as const;
    const lastError = 'x'.repeat(LEDGER_MAX_BYTES - LEDGER_RESERVED_BYTES);
    const full = ledgerWith([{ ...row, lastError }]);
    expect(hasRoom(full)).toBe(false);
    const rotation = { id: 'r2', reason: '', by: '', startedAt: AT, phase: 'create', attempt: 1 } as const;
    expect(hasRoom({ ...full, rotation: { ...rotation, kind: 'scheduled' } })).toBe(false);
    expect(hasRoom({ ...full, rotation: { ...rotation, kind: 'emergency' } })).toBe(true);
    expect(hasRoom(emptyLedger(NAME))).toBe(true);
  });
});
