import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod/mini';
import { ALPHABETS, CLASSES, charactersOf } from '../../src/core/alphabet.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import { inventText } from '../../src/core/invent.ts';
import type { PluginContext } from '../../src/core/plugin.ts';
import { Secret } from '../../src/core/secret.ts';
import { createRandomIssuer } from '../../src/issuers/random/index.ts';
import { randomKind, randomSettings } from '../../src/issuers/random/settings.ts';
import { issuerContract } from '../contracts/issuer.ts';
import { startLonelyHarness } from './key-check-server.ts';

const context: PluginContext = {
  now: () => Date.now(),
  random: (bytes) => randomBytes(bytes),
  sleep: () => Promise.resolve(),
  resolve: () => Promise.reject(new KeyturnError('REFERENCE', 'no reference is needed', { hint: 'none' })),
  folder: '/',
  home: '/',
};
const { signal } = new AbortController();
const issuerOf = (settings: object = {}) =>
  createRandomIssuer(z.parse(randomSettings, { kind: 'random', ...settings }));

/** Bytes that a seed decides (mulberry32), so that a failure can be run again. */
function seeded(seed: number): (bytes: number) => Uint8Array {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) & 0xff;
  };
  return (bytes) => Uint8Array.from({ length: bytes }, next);
}

function mistakes(settings: object): readonly string[] {
  const parsed = z.safeParse(randomSettings, { kind: 'random', ...settings });
  return parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

describe('settings', () => {
  test('needs none', () => {
    expect(z.parse(randomSettings, { kind: 'random' })).toEqual({
      kind: 'random',
      length: 43,
      alphabet: 'base64url',
      requires: [],
    });
  });

  test.each<[string, object, RegExp]>([
    ['too short', { length: 15 }, /^length: .*16 to 512/],
    ['too long', { length: 513 }, /^length: .*16 to 512/],
    ['half a character', { length: 20.5 }, /^length: /],
    ['few characters', { alphabet: 'abcdefghi' }, /^alphabet: .*at least 10/],
    ['a character twice', { alphabet: 'abcdefghijka' }, /^alphabet: .*once/],
    ['a space', { alphabet: 'abcdefghij k' }, /^alphabet: .*without spaces/],
    ['beyond ASCII', { alphabet: 'abcdefghijé' }, /^alphabet: .*ASCII/],
    ['a name that is nearly one', { alphabet: 'base64-url' }, /^alphabet: must be base64url/],
    ['a class that is none', { requires: ['letters'] }, /^requires.*lower, upper, digit, symbol/],
    [
      'a class that the alphabet lacks',
      { alphabet: 'hex', requires: ['upper'] },
      /^requires: asks for upper/,
    ],
    ['a test, which no new value could pass', { test: { url: 'https://hooks.example/' } }, /^: /],
  ])('refuses %s', (_, settings, message) => {
    expect(mistakes(settings).join('\n')).toMatch(message);
  });

  test('can be written as a JSON schema', () => {
    expect(z.toJSONSchema(randomSettings)).toMatchObject({ type: 'object', additionalProperties: false });
  });
});

describe('invent', () => {
  test('keeps every rule', () => {
    const explicit = fc
      .uniqueArray(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 10, maxLength: 94 })
      .map((codes) => String.fromCharCode(...codes));
    const named = fc.constantFrom(...Object.keys(ALPHABETS));
    const classes = fc.subarray(Object.keys(CLASSES) as (keyof typeof CLASSES)[]);
    fc.assert(
      fc.property(
        fc.integer({ min: 16, max: 512 }),
        fc.oneof(named, explicit),
        classes,
        fc.integer(),
        (length, alphabet, wanted, seed) => {
          const requires = wanted.filter((name) => CLASSES[name].test(charactersOf(alphabet)));
          fc.pre(mistakes({ length, alphabet, requires }).length === 0);
          const issuer = issuerOf({ length, alphabet, requires });
          const secret = issuer.invent?.(seeded(seed)) ?? Secret.of('');
          const text = secret.open() ?? '';
          expect(secret.partNames).toEqual(['value']);
          expect(text).toHaveLength(length);
          for (const character of text) expect(charactersOf(alphabet)).toContain(character);
          for (const name of requires) expect(text).toMatch(CLASSES[name]);
          expect(() => issuer.checkShape?.(secret)).not.toThrow();
        },
      ),
    );
  });

  test('is decided by the given bytes alone', () => {
    const once = issuerOf().invent?.(seeded(7)).open();
    expect(issuerOf().invent?.(seeded(7)).open()).toBe(once);
    expect(issuerOf().invent?.(seeded(8)).open()).not.toBe(once);
  });

  test('never gives the same twice', () => {
    const issuer = issuerOf({ length: 16 });
    const texts = Array.from({ length: 2000 }, () => issuer.invent?.(context.random).open());
    expect(new Set(texts).size).toBe(2000);
  });

  // 94 characters: 256 is no multiple, so that a plain remainder would favour the first 68 by half again.
  test.each([
    ['base64url', charactersOf('base64url')],
    ['alphanumeric', charactersOf('alphanumeric')],
    ['ten digits', '0123456789'],
    ['all that is printable', String.fromCharCode(...Array.from({ length: 94 }, (_, at) => 0x21 + at))],
  ])('favours no character of %s', (_, characters) => {
    const drawn = 400;
    const random = seeded(20_261_122);
    const counts = new Map<string, number>();
    for (let texts = 0; texts < drawn; texts += 1) {
      for (const one of inventText({ length: 512, characters, requires: [] }, random)) {
        counts.set(one, (counts.get(one) ?? 0) + 1);
      }
    }
    const expected = (drawn * 512) / characters.length;
    const chiSquare = [...characters].reduce(
      (sum, one) => sum + ((counts.get(one) ?? 0) - expected) ** 2 / expected,
      0,
    );
    // Five standard deviations above the mean of the distribution with that many degrees of freedom.
    const degrees = characters.length - 1;
    expect(chiSquare).toBeLessThan(degrees + 5 * Math.sqrt(2 * degrees));
  });

  test('favours no place for a required character', () => {
    const random = seeded(42);
    const rule = { length: 16, characters: 'abcdefghijklmnopqrstuvwxyz0', requires: ['digit' as const] };
    const places = new Array<number>(16).fill(0);
    for (let texts = 0; texts < 8000; texts += 1) {
      const text = inventText(rule, random);
      for (let at = 0; at < 16; at += 1) if (text[at] === '0') places[at] = (places[at] ?? 0) + 1;
    }
    const mean = places.reduce((sum, count) => sum + count, 0) / 16;
    const chiSquare = places.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
    expect(chiSquare).toBeLessThan(15 + 5 * Math.sqrt(30));
  });

  test.each([
    ['always the highest byte', () => (bytes: number) => new Uint8Array(bytes).fill(255)],
    ['always the same byte', () => (bytes: number) => new Uint8Array(bytes)],
    ['nothing', () => () => new Uint8Array(0)],
  ])('a broken source of chance is told, not waited for: %s', (_, source) => {
    const issuer = issuerOf({ alphabet: 'alphanumeric', requires: ['digit', 'lower'] });
    expect(() => issuer.invent?.(source())).toThrow(/source of random bytes/);
  });
});

describe('issuer', () => {
  test('has traits', async () => {
    const make = await randomKind.load();
    expect(make(z.parse(randomSettings, { kind: 'random' }), context)).toMatchObject({
      kind: 'random',
      traits: { secretFrom: 'client', revokesBy: 'nothing', maxLive: 'unknown', proves: false, settles: 0 },
    });
  });

  test('has nobody to register with, to revoke at or to instruct', () => {
    const issuer = issuerOf();
    for (const name of ['create', 'register', 'revoke', 'instructions', 'find', 'list', 'describe']) {
      expect(issuer).not.toHaveProperty(name);
    }
  });

  test('a usable text works, also one of an earlier rule', async () => {
    const issuer = issuerOf({ length: 64, alphabet: 'hex' });
    const works = { verdict: 'works', facts: {}, findings: [] };
    expect(await issuer.verify(Secret.of(randomBytes(9).toString('base64')), signal)).toEqual(works);
    expect(await issuer.verify(issuer.invent?.(context.random) ?? Secret.of(''), signal)).toEqual(works);
  });

  test.each<[string, Secret]>([
    ['nothing', Secret.of('')],
    ['a line break', Secret.of('not-a-secret\n')],
    ['a control character', Secret.of('not-a-secret\u0007')],
    ['beyond ASCII', Secret.of('not-a-s\u00e9cret')],
    ['a whole file', Secret.of('x'.repeat(8193))],
    ['two parts', Secret.fromParts({ value: 'not-a-secret', other: 'not-a-secret' })],
    ['another part', Secret.fromParts({ token: 'not-a-secret' })],
  ])('%s is no secret of this kind, and is not repeated', async (_, secret) => {
    const issuer = issuerOf();
    const verification = await issuer.verify(secret, signal);
    expect(verification).toMatchObject({ verdict: 'refused', why: 'wrong-kind' });
    expect(JSON.stringify(verification)).not.toContain('not-a-s');
    try {
      issuer.checkShape?.(secret);
      expect.unreachable();
    } catch (caught) {
      const error = caught as KeyturnError;
      expect(error.code).toBe('BAD_VALUE');
      expect(error.message + error.hint + error.stack).not.toContain('not-a-s');
    }
  });
});

issuerContract('random', () => startLonelyHarness(issuerOf()));

test('every issuer in the docs is one', () => {
  const page = readFileSync(new URL('../../docs/issuers/random.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => parseYaml(text ?? ''));
  const issuers = blocks.flatMap(({ issuers }) => Object.values(issuers as Record<string, unknown>));
  expect(issuers.length).toBeGreaterThan(1);
  for (const issuer of issuers) expect(z.safeParse(randomSettings, issuer).error?.issues).toBeUndefined();
});
