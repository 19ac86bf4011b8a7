import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod/mini';
import { KeyturnError } from '../../src/core/errors.ts';
import type { PluginContext } from '../../src/core/plugin.ts';
import { Secret } from '../../src/core/secret.ts';
import { createManualIssuer } from '../../src/issuers/manual/index.ts';
import { manualKind, manualSettings } from '../../src/issuers/manual/settings.ts';
import { issuerContract } from '../contracts/issuer.ts';
import { startKeyCheckHarness, startKeyCheckServer, startLonelyHarness } from './key-check-server.ts';

const BASE = {
  kind: 'manual',
  console: 'https://chat-api.example/keys',
  test: { url: 'https://chat-api.example/v1/me', header: 'Authorization: Bearer {key.value}' },
};

/** `path: message` of every mistake. */
function mistakes(settings: unknown): readonly string[] {
  const parsed = z.safeParse(manualSettings, settings);
  return parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

const withTest = (more: Record<string, unknown>, without: readonly string[] = []) => {
  const live: Record<string, unknown> = { ...BASE.test, ...more };
  for (const name of without) delete live[name];
  return { ...BASE, test: live };
};

describe('settings', () => {
  test('takes the sample and fills the defaults in', () => {
    const settings = z.parse(manualSettings, BASE);
    expect(settings).toMatchObject({ parts: ['value'], settles: '2m' });
    expect(settings.test).toMatchObject({ method: 'GET', refused: [401], acceptHtml: false });
    expect(settings.test?.works).toBeUndefined();
  });

  test('without a test it must say that nothing is proven', () => {
    const { test: _, ...rest } = BASE;
    expect(mistakes(rest)).toEqual([
      expect.stringMatching(/^test: .*no key can be proven.*unproven: accept/),
    ]);
    expect(mistakes({ ...rest, unproven: 'accept' })).toEqual([]);
    expect(mistakes({ ...BASE, unproven: 'accept' })).toEqual([expect.stringMatching(/^unproven: /)]);
    expect(mistakes({ ...rest, unproven: true })).not.toEqual([]);
  });

  test.each<[string, unknown, RegExp]>([
    ['http to another machine', { ...BASE, console: 'http://chat-api.example/keys' }, /^console: .*https/],
    ['a console that is no URL', { ...BASE, console: 'the dashboard' }, /^console: /],
    ['a console that holds the key', { ...BASE, console: 'https://x.example/{key.value}' }, /^console: /],
    ['a test over http', withTest({ url: 'http://chat-api.example/me' }), /^test.url: .*https/],
    ['a key in the host', withTest({ url: 'https://{key.value}.example/' }), /^test.url: /],
    ['a key as the user', withTest({ url: 'https://{key.value}@chat-api.example/' }), /^test.url: /],
    [
      'an unknown place in the URL',
      withTest({ url: 'https://x.example/{token}' }),
      /^test.url: .*\{key\.PART\}/,
    ],
    ['a # part', withTest({ url: 'https://x.example/#{key.value}' }), /^test.url: .*#/],
    [
      'a literal token in the URL',
      withTest({ url: 'https://x.example/?token=abc' }),
      /^test.url: .*in clear/,
    ],
    ['another method', withTest({ method: 'POST' }), /^test.method: must be GET/],
    ['an unknown place', withTest({ header: 'X-Key: {value}' }), /^test.header: .*\{key\.PART\}/],
    ['a part that is none', withTest({ header: 'X-Key: {key.sid}' }), /^test: sends a \{key\.PART\} that/],
    ['a header without a colon', withTest({ header: 'Bearer {key.value}' }), /^test.header: must be a name/],
    ['a header that HTTP sets', withTest({ headers: { Host: 'x' } }), /^test.headers.Host: /],
    ['a line break in a header', withTest({ headers: { 'X-A': 'a\r\nb' } }), /^test.headers.X-A: .*ASCII/],
    ['a literal secret in a header', withTest({ headers: { 'X-Api-Key': 'abc' } }), /in clear/],
    ['a literal secret in the query', withTest({ query: { access_token: 'abc' } }), /in clear/],
    ['a literal password', withTest({ basic: { user: 'x', password: 'y' } }, ['header']), /in clear/],
    [
      'a header twice',
      withTest({ headers: { authorization: 'x {key.value}' } }),
      /^test: sets one header twice/,
    ],
    ['basic beside Authorization', withTest({ basic: { user: '{key.value}', password: '' } }), /twice/],
    ['no key anywhere', withTest({}, ['header']), /^test: does not send the key/],
    ['401 as works', withTest({ works: [401] }), /^test.works.0: /],
    ['a redirect as refused', withTest({ refused: [302] }), /^test.refused.0: /],
    ['429 as refused', withTest({ refused: [429] }), /^test.refused.0: /],
    ['500 as refused', withTest({ refused: [500] }), /^test.refused.0: /],
    ['no works', withTest({ works: [] }), /^test.works: /],
    ['one status in both', withTest({ works: [404], refused: [404] }), /404/],
    ['nothing that says dead', withTest({ refused: [] }), /^test.refused: .*dead/],
    ['a pointer that is none', withTest({ refusedIf: { pointer: 'x', equals: 1 } }), /JSON pointer/],
    ['a rule about a list', withTest({ worksIf: { pointer: '/x', equals: [] } }), /^test.worksIf.equals: /],
    ['a duration without unit', { ...BASE, settles: 120 }, /^settles: must be a duration/],
    ['a duration of zero', { ...BASE, settles: '0s' }, /^settles: /],
    ['a pattern that is none', { ...BASE, pattern: '(' }, /^pattern: must be a regular/],
    ['no parts', { ...BASE, parts: [] }, /^parts: /],
    ['one part of another name', { ...BASE, parts: ['token'] }, /^parts: must name a single part value/],
    ['a part twice', { ...BASE, parts: ['value', 'value'] }, /^parts: names a part twice/],
    ['a part name that is none', { ...BASE, parts: ['value', '1st'] }, /^parts/],
    [
      'one prefix for two parts',
      { ...BASE, parts: ['sid', 'value'], prefix: 'sk' },
      /^prefix: .*under the part/,
    ],
    ['a prefix beside a map', { ...BASE, parts: { value: {} }, prefix: 'sk' }, /^prefix: .*under the part/],
  ])('refuses %s', (_, settings, message) => {
    expect(mistakes(settings).join('\n')).toMatch(message);
  });

  test.each<[string, unknown]>([
    ['loopback over http', withTest({ url: 'http://127.0.0.1:4010/me' })],
    ['a page with a # part', { ...BASE, console: 'https://chat-api.example/app#/keys' }],
    ['the key in the path', withTest({ url: 'https://x.example/i/{key.value}/status' }, ['header'])],
    ['the key in the query', withTest({ query: { token: '{key.value}' } }, ['header'])],
    ['basic with an empty password', withTest({ basic: { user: '{key.value}', password: '' } }, ['header'])],
    ['403, where the operator lists it', withTest({ refused: [401, 403] })],
    ['a reply that decides alone', withTest({ refused: [], refusedIf: { pointer: '/ok', equals: false } })],
    ['parts with shapes', { ...withTest({}), parts: { value: { prefix: 'sk_' }, sid: { minLength: 34 } } }],
  ])('takes %s', (_, settings) => {
    expect(mistakes(settings)).toEqual([]);
  });

  test.each([
    { ...BASE, consol: 'x' },
    withTest({ metod: 'GET' }),
    { ...BASE, parts: { value: { min: 3 } } },
  ])('refuses a key that it does not know', (settings) => {
    expect(z.safeParse(manualSettings, settings).success).toBe(false);
  });

  test('tells all mistakes at once', () => {
    expect(mistakes({ ...withTest({ method: 'POST', url: 'x' }), console: 'y', settles: 3 })).toHaveLength(4);
  });

  test('can be written as a JSON schema', () => {
    expect(z.toJSONSchema(manualSettings)).toMatchObject({ type: 'object', additionalProperties: false });
  });
});

const context: PluginContext = {
  now: () => Date.now(),
  random: (bytes) => randomBytes(bytes),
  sleep: () => Promise.resolve(),
  resolve: () => Promise.reject(new KeyturnError('REFERENCE', 'no reference is needed', { hint: 'none' })),
  folder: '/',
  home: '/',
};

const { test: _, ...UNTESTED } = { ...BASE, unproven: 'accept' };
const issuerOf = (settings: unknown) => createManualIssuer(z.parse(manualSettings, settings), context);

describe('traits', () => {
  test('with a test, a person acts and the test proves', async () => {
    const make = await manualKind.load();
    expect(make(z.parse(manualSettings, BASE), context)).toMatchObject({
      kind: 'manual',
      traits: { secretFrom: 'operator', revokesBy: 'operator', proves: true, settles: 120_000 },
    });
  });

  test('without one, nothing is proven', () => {
    const { traits } = issuerOf(UNTESTED);
    expect(traits).toMatchObject({ secretFrom: 'operator', revokesBy: 'operator', proves: false });
  });

  test('what a person does, the issuer has no method for', () => {
    const issuer = issuerOf(BASE);
    for (const name of [
      'create',
      'invent',
      'register',
      'revoke',
      'find',
      'list',
      'describe',
      'slots',
      'sweep',
    ]) {
      expect(issuer).not.toHaveProperty(name);
    }
  });
});

describe('instructions', () => {
  const said = (settings: unknown, what: 'create' | 'remove') => {
    const { url, steps } = issuerOf(settings).instructions?.(what) ?? { steps: [] };
    return { url, text: steps.join('\n') };
  };

  test('to create: link, provide, and the old key stays', () => {
    const { url, text } = said(BASE, 'create');
    expect(url).toBe(BASE.console);
    expect(text).toContain(BASE.console);
    expect(text).toContain('keyturn provide');
    expect(text).toMatch(/do not delete .* until the overlap is over/);
  });

  test('to remove: noticed by the test, or attested', () => {
    expect(said(BASE, 'remove').text).toContain('no command is needed');
    expect(said(BASE, 'remove').text).not.toContain('--attest');
    expect(said(UNTESTED, 'remove').text).toContain('--attest');
  });
});

/** The error by which a shape is refused, after a search for the value in all of it. Null: it is taken. */
function refusal(settings: unknown, value: string | Record<string, string>): KeyturnError | null {
  const secret = typeof value === 'string' ? Secret.of(value) : Secret.fromParts(value);
  try {
    issuerOf(settings).checkShape?.(secret);
    return null;
  } catch (caught) {
    const error = caught as KeyturnError;
    expect(error.code).toBe('BAD_VALUE');
    const out = inspect(error, { depth: 10, showHidden: true }) + error.message + error.hint;
    for (const part of Object.values(secret.openAll())) if (part.length > 3) expect(out).not.toContain(part);
    return error;
  }
}

describe('shape', () => {
  const made = (length = 40) => randomBytes(length).toString('hex').slice(0, length);

  test('takes a key', () => {
    expect(refusal(BASE, made())).toBeNull();
    expect(refusal(BASE, `${made()}_ab=`)).toBeNull();
    expect(
      refusal({ ...BASE, prefix: 'sk_', minLength: 12, pattern: 'sk_[a-f0-9]+' }, `sk_${made()}`),
    ).toBeNull();
  });

  test('names Meta where a Meta token comes', () => {
    const error = refusal(BASE, `EAA${made(180)}`);
    expect(error?.message).toContain('183 characters');
    expect(error?.message).toContain('Meta');
    expect(error?.hint).toContain('whose issuer is Meta');
    expect(refusal({ ...BASE, prefix: 'EAA' }, `EAA${made(180)}`)).toBeNull();
    expect(refusal(BASE, `EAA${made(20)}`)).toBeNull();
  });

  test.each<[string, (key: string) => string, RegExp]>([
    ['nothing', () => '', /is empty/],
    ['a line break', (key) => `${key}\n`, /41 characters long.*without spaces or line breaks/],
    ['a space', (key) => ` ${key}`, /without spaces/],
    ['a control character', (key) => `${key}\u0000`, /printable ASCII/],
    ['a dash of a word processor', (key) => `${key}\u2013`, /printable ASCII/],
    ['dots of a mask', (key) => `${key}\u2022\u2022`, /printable ASCII/],
    ['a mask', (key) => `${key.slice(0, 6)}****${key.slice(6, 10)}`, /masked/],
    ['a whole line of a file', (key) => `CHAT_API_KEY=${key}`, /name of a variable/],
    ['a whole header', (key) => `Authorization: Bearer ${key}`, /of a header/],
    ['a scheme', (key) => `Bearer ${key}`, /of a scheme/],
    ['quotes', (key) => `"${key}"`, /quotes/],
    ['too little', (key) => key.slice(0, 7), /7 characters long; expected 8 to/],
    ['a whole file', (key) => key.repeat(300), /expected 8 to 8192/],
  ])('refuses %s', (_, change, message) => {
    expect(refusal(BASE, change(made()))?.message).toMatch(message);
  });

  test('refuses what the configuration does not expect', () => {
    expect(refusal({ ...BASE, prefix: 'sk_' }, made())?.message).toMatch(/40 .*begins with sk_/);
    expect(refusal({ ...BASE, minLength: 50 }, made())?.message).toMatch(/40 .*expected 50 to/);
    expect(refusal({ ...BASE, pattern: '[0-9]+|x' }, `g${made()}`)?.message).toMatch(/41 .*pattern/);
  });

  test('looks at each part by its own rule', () => {
    const settings = {
      ...BASE,
      test: { ...BASE.test, header: 'X-Key: {key.token}' },
      parts: { sid: { prefix: 'AC' }, token: { minLength: 32 } },
    };
    const sid = `AC${made()}`;
    expect(refusal(settings, { sid, token: made() })).toBeNull();
    expect(refusal(settings, { sid: made(), token: made() })?.message).toMatch(/^the part sid .*AC/);
    expect(refusal(settings, { sid, token: made(20) })?.message).toMatch(/^the part token .*32/);
    expect(refusal(settings, { sid })?.message).toMatch(/other parts than sid, token/);
    expect(refusal(settings, { sid, token: made(), more: made() })?.hint).toMatch(/exactly these parts/);
    expect(refusal(settings, made())?.message).toMatch(/other parts/);
  });

  test('never repeats a value, whatever it is', () => {
    const strict = { ...BASE, prefix: 'sk_', minLength: 64 };
    fc.assert(
      fc.property(fc.string({ minLength: 12, unit: 'binary' }), (value) => {
        expect(refusal(strict, value)).not.toBeNull();
      }),
    );
  });
});

describe('verify', () => {
  const { signal } = new AbortController();

  test('without a test says that there is nobody to ask', async () => {
    const verification = await issuerOf(UNTESTED).verify(Secret.of('any'), signal);
    expect(verification).toMatchObject({ verdict: 'unknown', message: expect.stringContaining('no test') });
  });

  test('follows a key through its life at the provider', async () => {
    const server = await startKeyCheckServer();
    const issuer = issuerOf({ ...BASE, test: { ...BASE.test, url: server.url } });
    const key = randomBytes(20).toString('hex');
    try {
      expect(await issuer.verify(Secret.of(key), signal)).toMatchObject({ verdict: 'refused', why: 'dead' });
      server.live.add(key);
      expect(await issuer.verify(Secret.of(key), signal)).toMatchObject({ verdict: 'works' });
      server.live.delete(key);
      const dead = await issuer.verify(Secret.of(key), signal);
      expect(dead).toMatchObject({ verdict: 'refused', why: 'dead' });
      expect(inspect([dead, issuer], { depth: 10, showHidden: true })).not.toContain(key);
    } finally {
      await server.close();
    }
    expect(await issuer.verify(Secret.of(key), signal)).toMatchObject({ verdict: 'unknown' });
  });
});

issuerContract('manual, with a test', () =>
  startKeyCheckHarness((url) => issuerOf({ ...BASE, test: { ...BASE.test, url, timeout: '1s' } })),
);
issuerContract('manual, unproven', () => startLonelyHarness(issuerOf(UNTESTED)));

test('every issuer in the docs is one', () => {
  const page = readFileSync(new URL('../../docs/issuers/manual.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => parseYaml(text ?? ''));
  const issuers = blocks.flatMap(({ issuers }) => Object.values(issuers as Record<string, unknown>));
  expect(issuers.length).toBeGreaterThan(1);
  for (const issuer of issuers) expect(z.safeParse(manualSettings, issuer).error?.issues).toBeUndefined();
});
