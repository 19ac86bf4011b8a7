import { describe, expect, test } from 'vitest';
import type { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { checkShape } from '../../src/issuers/meta/shape.ts';
import { freshToken } from './meta-graph-server.ts';

describe('shape', () => {
  test.each<[string, RegExp]>([
    [`Bearer ${'x'.repeat(40)}`, /the word Bearer/],
    [`EAA${'x'.repeat(40)} `, /spaces/],
    [`EAA${'x'.repeat(40)}\u0007`, /spaces, line breaks or characters/],
    [`EAA${'x'.repeat(40)}é`, /characters/],
    [`634974688087057|${'x'.repeat(32)}`, /app token/],
    ['0123456789abcdef'.repeat(2), /app secret/],
    [`SK${'0123456789abcdef'.repeat(2)}`, /key of a provider/],
    ['01234567-89ab-cdef-0123-456789abcdef', /key of a provider/],
    ['EAAshort', /shorter/],
    ['', /shorter/],
  ])('%j is none', (value, message) => {
    expect(() => checkShape(Secret.of(value))).toThrow(message);
    try {
      checkShape(Secret.of(value));
    } catch (error) {
      expect(error).toMatchObject({ code: 'BAD_VALUE', exitCode: 2 });
      if (value !== '')
        expect(`${(error as Error).message}${(error as KeyturnError).hint}`).not.toContain(value);
    }
  });

  test('several parts are none', () => {
    expect(() => checkShape(Secret.fromParts({ sid: 'a', secret: 'b' }))).toThrow(/several parts/);
  });

  test('anything else may be one', () => {
    for (const value of [freshToken(), 'x'.repeat(30), `EAAB${'-_.~'.repeat(20)}`])
      checkShape(Secret.of(value));
  });
});
