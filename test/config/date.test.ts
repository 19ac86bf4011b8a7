import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDate } from '../../src/config/date.ts';
import { KeyturnError } from '../../src/core/errors.ts';

const NOW = Date.UTC(2026, 4, 31, 12);
const parse = (text: string) => parseDate(text, NOW, '--issued-at');

describe('a date', () => {
  it.each([
    ['2026-05-31', '2026-05-31T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2026-05-31T12:00Z', '2026-05-31T12:00:00.000Z'],
    ['2026-05-31T12:00:00.5Z', null],
    ['2026-05-31T11:59:59.5Z', '2026-05-31T11:59:59.500Z'],
    ['2026-05-31T13:30:15+02:00', '2026-05-31T11:30:15.000Z'],
    ['2026-05-31T06:30:00-05:30', '2026-05-31T12:00:00.000Z'],
    ['2026-06-01T01:00:00+14:00', '2026-05-31T11:00:00.000Z'],
  ])('%s', (text, expected) => {
    if (expected === null) expect(() => parse(text)).toThrow('lies in the future');
    else expect(parse(text)).toBe(expected);
  });

  it.each([
    ['2026-06-01', 'lies in the future'],
    ['2026-05-31T12:00', 'has a time without an offset'],
    ['2026-05-31T12:00:00', 'has a time without an offset'],
    ['2026-02-30', 'does not exist'],
    ['2025-02-29', 'does not exist'],
    ['2026-13-01', 'does not exist'],
    ['2026-00-10', 'does not exist'],
    ['0026-01-01', 'does not exist'],
    ['2026-05-30T24:00Z', 'does not exist'],
    ['2026-05-30T23:60Z', 'does not exist'],
    ['2026-05-30T23:59:60Z', 'does not exist'],
    ['2026-05-30T23:59+15:00', 'does not exist'],
    ['2026-5-1', 'is no ISO 8601 date'],
    ['31.05.2026', 'is no ISO 8601 date'],
    ['2026-05-30 10:00Z', 'is no ISO 8601 date'],
    ['2026-05-30t10:00z', 'is no ISO 8601 date'],
    ['2026-05-30Z', 'is no ISO 8601 date'],
    [' 2026-05-30', 'is no ISO 8601 date'],
    ['1780000000', 'is no ISO 8601 date'],
    ['yesterday', 'is no ISO 8601 date'],
    ['', 'is no ISO 8601 date'],
  ])('%s is refused', (text, reason) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(reason) }),
    );
  });

  it('gives back every instant of the past, and fails with USAGE only', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(NOW), noInvalidDate: true }), (date) => {
        expect(parse(date.toISOString())).toBe(date.toISOString());
      }),
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789-:TZ.+') })),
        (text) => {
          try {
            expect(Date.parse(parse(text))).toBeLessThanOrEqual(NOW);
          } catch (caught) {
            expect(caught).toBeInstanceOf(KeyturnError);
            expect(caught).toMatchObject({ code: 'USAGE' });
          }
        },
      ),
    );
  });
});
