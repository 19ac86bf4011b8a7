import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyturnError, toKeyturnError } from '../../src/core/errors.ts';
import { fingerprint, Secret, sameFingerprints } from '../../src/core/secret.ts';

const CANARY = 'canary-which-must-not-be-seen-anywhere';

function shown(value: unknown): readonly string[] {
  return [
    String(value),
    `${value}`,
    ['', value].join(''),
    JSON.stringify(value),
    JSON.stringify({ deep: [value] }),
    inspect(value, { depth: 9, showHidden: true }),
    inspect({ deep: { deeper: value } }, { depth: 9, showHidden: true }),
    Object.keys(value as object).join(),
    String(Object.values(value as object)),
    String(new Error(String(value)).stack),
  ];
}

describe('a secret', () => {
  it.each([
    ['of one part', Secret.of(CANARY)],
    ['of several', Secret.fromParts({ sid: `${CANARY}-1`, secret: `${CANARY}-2` })],
  ])('%s is shown by nothing', (_, secret) => {
    for (const text of shown(secret)) expect(text).not.toContain('canary');
    expect(() => structuredClone({ secret })).not.toThrow();
    expect(inspect(structuredClone({ secret }))).not.toContain('canary');
  });

  it('is not in what an unexpected error becomes', () => {
    const error = toKeyturnError(new Error(`failed with ${CANARY}`), 'call the issuer');
    expect(error).toBeInstanceOf(KeyturnError);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary');
    expect(error.cause).toBeUndefined();
    expect(toKeyturnError(CANARY, 'call the issuer').message).not.toContain('canary');
  });

  it('opens to what was put in, part by part', () => {
    const name = fc.string({ minLength: 1 }).filter((text) => text !== '__proto__');
    fc.assert(
      fc.property(fc.dictionary(name, fc.string(), { minKeys: 1 }), (parts) => {
        const secret = Secret.fromParts(parts);
        expect(secret.openAll()).toEqual({ ...parts });
        for (const [part, value] of Object.entries(parts)) expect(secret.open(part)).toBe(value);
        expect(secret.equals(Secret.fromParts(parts))).toBe(true);
        expect(secret.open('no such part at all')).toBe(parts['no such part at all'] ?? null);
      }),
    );
  });

  it('equals by bytes alone', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(Secret.of(a).equals(Secret.of(b))).toBe(a === b);
        expect(Secret.of(a).equals(Secret.fromParts({ value: a, more: b }))).toBe(false);
      }),
    );
  });
});

describe('fingerprints', () => {
  it('are 16 hex digits, for parts of at least 20 characters', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const prints = Secret.of(text).fingerprints();
        expect(Object.keys(prints)).toEqual(text.length >= 20 ? ['value'] : []);
        expect(fingerprint(text)).toMatch(/^[0-9a-f]{16}$/);
      }),
    );
  });

  it('name the same key, another one, or cannot tell', () => {
    const one = { value: fingerprint('one') };
    expect(sameFingerprints(one, { ...one })).toBe(true);
    expect(sameFingerprints(one, { value: fingerprint('two') })).toBe(false);
    expect(sameFingerprints(one, { ...one, more: fingerprint('two') })).toBe(false);
    expect(sameFingerprints({}, {})).toBeNull();
    expect(sameFingerprints(undefined, one)).toBeNull();
  });
});
