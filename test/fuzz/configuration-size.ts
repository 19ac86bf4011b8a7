import fc from 'fast-check';
import { catalogue } from '../../src/cli/kinds.ts';
import { openAll } from '../../src/config/catalogue.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { target } from './engine.ts';
import { outcomeOf } from './outcome.ts';

const KINDS = await openAll(catalogue);
/** More than any honest file. The loader reads up to four times as much, in no more than the square of the time. */
const LARGEST = 256 * 1024;

const UNITS = [
  'a',
  ' ',
  '\n',
  '[',
  '{',
  '{a: ',
  '- ',
  '? ',
  '&a ',
  '*a ',
  '"',
  "'",
  '#',
  'a:\n',
  ' a: b\n',
  '-eyJ',
  'EAA',
  ',',
  '|\n',
  'Bearer ',
  '-----BEGIN ',
  'x{N}: { issuer: y{N} }\n  ',
  'x{N}: {kind: random}\n  ',
  'store:x{N}',
  'a{N}: 1\n',
  '!!a ',
  'https://',
  '[a, ',
  '{N}, ',
  '"{N}", ',
  '\\',
  '\t',
  '%',
  '---\n',
  '{key.',
  '\u2028',
  'eyJhbGciOi',
  '_',
  'a.',
];
const HEADS = [
  '',
  'version: 1\n',
  'version: 1\nissuers: {',
  'version: 1\nissuers:\n  ',
  'version: 1\ncredentials:\n  ',
  'version: 1\nissuers:\n  own-issuer-name: {kind: random}\n  ',
  'a: "',
  "a: '",
  'version: 1\nx: ',
  'version: 1\nx: [',
  'version: 1\nissuers: { a: { kind: meta-system-user, scopes: [',
  'version: 1\nstore: { kind: file, path: "',
];
const TAILS = ['', '"', "'", ']', '}', ' }', '\n', '\nissuers: {}\ncredentials: {}\n'];

/** Large texts of one pattern: what takes a parser long is what it meets again and again. */
export const configurationSize = target({
  name: 'configuration-size',
  few: 4,
  share: 0.2,
  deadlineMs: 10_000,
  input: fc.record({
    head: fc.constantFrom(...HEADS),
    units: fc.array(fc.constantFrom(...UNITS), { minLength: 1, maxLength: 3 }),
    tail: fc.constantFrom(...TAILS),
    bytes: fc.constantFrom(16 * 1024, 64 * 1024, LARGEST),
  }),
  check: async ({ head, units, tail, bytes }) => {
    const unit = units.join('');
    const times = Math.floor((bytes - head.length - tail.length) / Math.max(unit.length, 1));
    const body = unit.includes('{N}')
      ? Array.from({ length: times }, (_, n) => unit.replaceAll('{N}', String(n)))
          .join('')
          .slice(0, bytes)
      : unit.repeat(times);
    await outcomeOf(() => parseConfig(`${head}${body}${tail}`, '/srv/keyturn.yaml', KINDS), ['CONFIG']);
  },
});
