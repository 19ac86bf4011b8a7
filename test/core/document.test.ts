import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyIn, textWith } from '../../src/core/document.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';

const FIELDS = { sid: 'OUR_SID', value: 'OUR_SECRET' };
const OURS = new Set(Object.values(FIELDS));

const name = fc
  .oneof(fc.string(), fc.constantFrom('OUR', 'OUR_SID ', '"OUR_SID"', 'a\\"b', '{', '}', '\\'))
  .filter((text) => text !== '__proto__');

/** Any JSON text of an object, with any white space between its tokens. */
const document = fc
  .tuple(
    fc.dictionary(name, fc.jsonValue()),
    fc.constantFrom('', ' ', '\t', 2, 4),
    fc.constantFrom('', ' ', '\n', '\n\n  '),
    fc.boolean(),
  )
  .map(([object, indent, around, holdsOurs]) => {
    const whole = holdsOurs ? { ...object, OUR_SID: 'old sid', OUR_SECRET: 'old "secret" \\' } : object;
    return `${around}${JSON.stringify(whole, null, indent)}${around}`;
  });

const key = fc.tuple(fc.string(), fc.string()).map(([sid, value]) => Secret.fromParts({ sid, value }));

function without(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !OURS.has(field)));
}

describe('a key in a document that others share', () => {
  it('reads back, and every other field is what it was', () => {
    fc.assert(
      fc.property(document, key, (text, secret) => {
        const written = textWith(secret, text, FIELDS);
        expect(keyIn(written, FIELDS)?.equals(secret)).toBe(true);
        expect(without(JSON.parse(written))).toEqual(without(JSON.parse(text)));
      }),
      { numRuns: 200 },
    );
  });

  it('leaves every other byte: writing the old key back gives the old document', () => {
    fc.assert(
      fc.property(document, key, (text, secret) => {
        const old = keyIn(text, FIELDS);
        fc.pre(old !== null && JSON.parse(text).OUR_SID === 'old sid');
        const there = textWith(secret, text, FIELDS);
        expect(textWith(old as Secret, there, FIELDS)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the order of the fields and adds missing ones at the end', () => {
    const text = '{\n  "B": 1,\n  "OUR_SECRET": "x",\n  "A": [1, {"OUR_SID": "not ours"}]\n}\n';
    const written = textWith(Secret.fromParts({ sid: 's', value: 'v' }), text, FIELDS);
    expect(written).toBe(
      '{\n  "B": 1,\n  "OUR_SECRET": "v",\n  "A": [1, {"OUR_SID": "not ours"}],\n  "OUR_SID": "s"\n}\n',
    );
    expect(textWith(Secret.fromParts({ sid: '$&', value: "$'" }), '{}', FIELDS)).toBe(
      '{"OUR_SID": "$&", "OUR_SECRET": "$\'"}',
    );
    expect(textWith(Secret.fromParts({ sid: 's', value: 'v' }), null, FIELDS)).toBe(
      '{"OUR_SID": "s", "OUR_SECRET": "v"}',
    );
  });

  it('is not there when one of its fields is missing', () => {
    expect(keyIn('{"OUR_SID": "s"}', FIELDS)).toBeNull();
    expect(keyIn('{}', FIELDS)).toBeNull();
  });

  it.each([
    ['text', 'EAAG'],
    ['a list', '["OUR_SID"]'],
    ['null', 'null'],
    ['a number', '17'],
    ['cut JSON', '{"OUR_SID": "s"'],
    ['a field that is there twice', '{"OUR_SID": "a", "OUR_SID": "b", "OUR_SECRET": "c"}'],
  ])('is refused in %s', (_, text) => {
    expect(() => keyIn(text, FIELDS)).toThrow(KeyturnError);
    expect(() => textWith(Secret.fromParts({ sid: 's', value: 'v' }), text, FIELDS)).toThrow(KeyturnError);
  });

  it('is refused where our field is no string, and no value is in the error', () => {
    for (const text of ['{"OUR_SID": {"canary": "x"}, "OUR_SECRET": "v"}', '{"canary": canary}']) {
      try {
        keyIn(text, FIELDS);
        expect.unreachable();
      } catch (caught) {
        expect(caught).toMatchObject({ code: 'UNREADABLE' });
        expect(String(caught)).not.toContain('canary');
      }
    }
  });
});

describe('a key that is stored verbatim', () => {
  it('is the text, every byte of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        expect(keyIn(text, undefined)?.open()).toBe(text);
        expect(textWith(Secret.of(text), 'anything', undefined)).toBe(text);
      }),
    );
  });

  it('has one part', () => {
    expect(() => textWith(Secret.fromParts({ sid: 's', value: 'v' }), null, undefined)).toThrow(
      /needs fields/,
    );
    expect(() => textWith(Secret.of('v'), null, FIELDS)).toThrow(/no part named sid/);
  });
});
