import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/kinds.ts';
import { openAll } from '../../src/config/catalogue.ts';
import type { Kinds } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { configProblems } from '../../src/config/problems.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import { FILE, KINDS } from './kinds.ts';

const SHIPPED: Kinds = await openAll(catalogue);

const PLAIN = `version: 1
store: { kind: shelf, path: ./secrets, identity: [env:IDENTITY, "file:~/id"] }
policy: { maxAge: 90d, overlap: 24h }
issuers:
  meta:
    kind: mint
    appId: "12"
    appSecret: env:APP_SECRET
    adminToken: store:third
    login: { user: me, password: file:./word }
    url: https://127.0.0.1/x
  own: &own { kind: invent }
  too: *own
credentials:
  wa-prod: { issuer: meta, location: prod/token, env: TOKEN, tags: { team: chat } }
  other:
    issuer: own
    fields: { sid: SID, secret: KEY }
    env: { SID: A }
  third: { issuer: own }
trail:
  sinks: [{ file: ./trail.jsonl }, { url: "https://log.example/", required: true }]
`;

const REAL = `version: 1
store: { kind: file, path: ./secrets, identity: env:IDENTITY }
issuers:
  meta:
    kind: meta-system-user
    appId: "634974688087057"
    systemUserId: "104169029247128"
    appSecret: env:APP_SECRET
    adminToken: env:ADMIN_TOKEN
    scopes: [whatsapp_business_messaging]
    checks: { phoneNumber: "106540352242922" }
  chat-api:
    kind: manual
    console: https://chat-api.example/keys
    test: { url: "https://chat-api.example/v1/me", header: "Authorization: Bearer {key.value}" }
  word:
    kind: random
    length: 43
    alphabet: base64url
credentials:
  wa-prod: { issuer: meta, env: TOKEN }
  chat-api-prod: { issuer: chat-api }
  verify: { issuer: word, policy: { maxAge: 30d } }
`;

/** Everything that comes out of reading a text; null where it was accepted. Fails on any error but CONFIG. */
function output(text: string, kinds: Kinds): string | null {
  try {
    parseConfig(text, FILE, kinds);
    return null;
  } catch (caught) {
    if (!(caught instanceof KeyturnError) || caught.code !== 'CONFIG') throw caught;
    expect(configProblems(caught).length).toBeGreaterThan(0);
    return [caught.message, caught.hint, caught.stack, JSON.stringify(configProblems(caught))].join('\n');
  }
}

const ALPHANUMERIC = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
const letters = (unit: readonly string[], least: number, most: number) =>
  fc.string({ unit: fc.constantFrom(...unit), minLength: least, maxLength: most });

/** Texts of the shapes that secrets have here, made anew for each run. */
const secret = fc
  .oneof(
    letters(ALPHANUMERIC, 40, 200).map((text) => `EAA${text}`),
    letters([...'0123456789abcdef'], 32, 64),
    letters([...ALPHANUMERIC, '-', '_'], 43, 43),
    letters([...'023456789ACDEFGHJKLMNPQRSTUVWXYZ'], 58, 58).map((text) => `AGE-SECRET-KEY-1${text}`),
  )
  .filter((text) => /[0-9]/.test(text) && /[A-Za-z]/.test(text));

function leaks(text: string, planted: string): boolean {
  for (let at = 0; at + 10 <= planted.length; at += 1) {
    if (text.includes(planted.slice(at, at + 10))) return true;
  }
  return false;
}

/** A text with the secret in the place of one word, or between any two characters. */
const planted = (text: string) => {
  const words = [...text.matchAll(/[A-Za-z0-9_./:-]{2,}/g)].map(
    (word) => [word.index, word[0].length] as const,
  );
  return fc.oneof(
    fc.constantFrom(...words),
    fc.nat({ max: text.length }).map((at) => [at, 0] as const),
  );
};

describe.each([
  ['kinds of these tests', PLAIN, KINDS],
  ['the kinds that ship', REAL, SHIPPED],
] as const)('any text, with %s', (_, sample, kinds) => {
  it('begins with one that is right', () => expect(output(sample, kinds)).toBeNull());

  it('gives a configuration or CONFIG: noise', () => {
    const yamlish = letters([...'abc019 \n\t:-?[]{}&*!|>\'"%@`#,.~\\', '\u2028', 'é', '\u0000'], 0, 120);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), yamlish), (text) => {
        output(text, kinds);
      }),
      { numRuns: 300 },
    );
  });

  it('gives a configuration or CONFIG: the right one, cut and joined', () => {
    const at = fc.nat({ max: sample.length });
    fc.assert(
      fc.property(at, at, at, fc.string(), (from, to, into, noise) => {
        const rest = sample.slice(0, from) + sample.slice(to);
        output(rest.slice(0, into) + noise + rest.slice(into), kinds);
      }),
      { numRuns: 300 },
    );
  });

  it('gives a configuration or CONFIG: any JSON in any place', () => {
    const lines = sample.split('\n');
    const line = fc.nat({ max: lines.length - 1 });
    fc.assert(
      fc.property(line, fc.jsonValue({ maxDepth: 3 }), (at, value) => {
        const changed = lines.map((text, index) =>
          index === at ? text.replace(/: .*$/, `: ${JSON.stringify(value)}`) : text,
        );
        output(changed.join('\n'), kinds);
      }),
      { numRuns: 200 },
    );
  });

  it('never repeats a secret in the wrong place', () => {
    fc.assert(
      fc.property(planted(sample), secret, fc.constantFrom('', '"', "'"), ([at, length], value, quote) => {
        const text = `${sample.slice(0, at)}${quote}${value}${quote}${sample.slice(at + length)}`;
        const said = output(text, kinds);
        if (said !== null && leaks(said, value)) throw new Error(`a secret in: ${said}`);
      }),
      { numRuns: 600 },
    );
  });
});
