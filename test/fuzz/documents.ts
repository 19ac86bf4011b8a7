import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type FieldMap, keyIn, textWith } from '../../src/core/document.ts';
import { Secret } from '../../src/core/secret.ts';
import { target } from './engine.ts';
import { anyText, mutants, textOf } from './mutate.ts';
import { holds, outcomeOf, secrets } from './outcome.ts';

const SAMPLES = [
  '{"SID":"a","KEY":"b","other":[1,{"KEY":"x"}],"n":1.50}',
  '{\n  "other": "\\u00e9",\n  "S\\u0049D": "a",\n  "deep": { "KEY": "}" }\n}\n',
  '{}',
  '{ }',
  '{"KEY":{"KEY":"]"}}',
  '{"KEY" : "a" , "x":"\\"KEY\\":" }',
  '[]',
  '"text"',
  'null',
];
const field = fc.oneof(fc.constantFrom('SID', 'KEY', 'other', '"', '\\', '__proto__', '$&', ''), fc.string());
const shown = (document: string) => JSON.parse(document) as Readonly<Record<string, unknown>>;

export const documents = target({
  name: 'document',
  few: 400,
  share: 9,
  input: fc.record({
    mutant: mutants(SAMPLES, ['SID', 'KEY', 'a']),
    fields: fc.tuple(field, field).filter(([a, b]) => a !== b),
    first: fc.tuple(fc.oneof(secrets, fc.string()), fc.oneof(secrets, anyText)),
    second: secrets,
    inside: fc.boolean(),
  }),
  check: async ({ mutant, fields: [sid, secret], first, second, inside }) => {
    const fields: FieldMap = { sid, secret };
    const text = inside ? textOf(mutant).replace('"a"', JSON.stringify(second)) : textOf(mutant);
    const key = Secret.fromParts({ sid: first[0], secret: first[1] });
    const other = Secret.fromParts({ sid: second, secret: second.slice(1) });
    const planted = [first[0], first[1], second].filter((one) => one.length >= 20);
    await outcomeOf(() => keyIn(text, fields), ['UNREADABLE'], planted);
    const { value, error } = await outcomeOf(() => textWith(key, text, fields), ['UNREADABLE'], planted);
    if (error !== null) return;
    const read = keyIn(value, fields);
    holds(read?.equals(key) === true, 'what was put in does not come out');
    const [before, after] = [shown(text), shown(value)];
    const others = Object.keys(before).filter((name) => name !== sid && name !== secret);
    for (const name of others)
      holds(isDeepStrictEqual(after[name], before[name]), `the field ${name} was changed`);
    const kept = Object.keys(after).filter((name) => name !== sid && name !== secret);
    holds(isDeepStrictEqual(kept, others), 'fields have come, gone or moved');
    holds(
      textWith(key, textWith(other, value, fields), fields) === value,
      'a way there and back is another text',
    );
  },
});

const UNITS = ['"a{N}":1,', '"a{N}":"x",', '"a{N}":[', '"a{N}":{', '\\\\', 'x', '"x",', '{"a":1},', ' '];

/** Documents as large as a store may hold. */
export const documentSize = target({
  name: 'document-size',
  few: 3,
  share: 0.2,
  deadlineMs: 20_000,
  input: fc.record({
    head: fc.constantFrom('{', '{"KEY":"', '{"x":"', '{"x":[', '{"KEY":"a",'),
    unit: fc.constantFrom(...UNITS),
    tail: fc.constantFrom('"z":0}', '"}', '0]}', '}', ''),
    bytes: fc.constantFrom(16 * 1024, 1024 * 1024, 4 * 1024 * 1024),
  }),
  check: async ({ head, unit, tail, bytes }) => {
    const parts: string[] = [];
    for (let size = 0, n = 0; size < bytes; n += 1) {
      const part = unit.replace('{N}', String(n));
      parts.push(part);
      size += part.length;
    }
    const text = `${head}${parts.join('')}${tail}`;
    const fields = { value: 'KEY' };
    await outcomeOf(() => keyIn(text, fields), ['UNREADABLE']);
    await outcomeOf(() => textWith(Secret.of('new'), text, fields), ['UNREADABLE']);
  },
});
