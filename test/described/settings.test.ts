import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { catalogue } from '../../src/cli/kinds.ts';
import { openAll } from '../../src/config/catalogue.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { configProblems } from '../../src/config/problems.ts';
import { traitsOf } from '../../src/described/traits.ts';
import { httpSettings } from '../../src/issuers/http.ts';

const kinds = await openAll(catalogue);

const BASE = `kind: http
baseUrl: https://api.acme.example/v1
auth: { bearer: env:ACME_ADMIN }
create:
  url: /keys
  json: { name: "keyturn {rotation.id}" }
  reply: { parts: { value: /secret }, id: /id }
list: { url: /keys, items: /keys, reply: { id: /id, name: /name } }
revoke: { url: "/keys/{key.id}" }
verify: { url: https://api.acme.example/v1/me, header: "Authorization: Bearer {key.value}" }`;

/** The configuration around one issuer, whose lines begin at line 4. */
const around = (issuer: string) =>
  `version: 1\nissuers:\n  acme:\n${issuer.replace(/^/gm, '    ')}\nstore: { kind: file, path: ./s, identity: env:I }\ncredentials: { a: { issuer: acme } }\n`;

function mistakes(issuer: string): readonly string[] {
  try {
    parseConfig(around(issuer), '/srv/keyturn.yaml', kinds);
    return [];
  } catch (caught) {
    return configProblems(caught).map(({ line, setting, reason }) => `${line} ${setting}: ${reason}`);
  }
}

const traits = (change: Record<string, unknown>, without: readonly string[] = []) => {
  const text = parseConfig(around(BASE), '/srv/keyturn.yaml', kinds).issuers.get('acme')?.settings;
  const settings: Record<string, unknown> = { ...(text as object), ...change };
  for (const name of without) delete settings[name];
  return traitsOf(z.parse(httpSettings, settings));
};

test('the sample is right', () => expect(mistakes(BASE)).toEqual([]));

test('the id of a secret that keyturn makes may be left to the list', () => {
  const made = BASE.replace('auth:', 'secret: { length: 20 }\nauth:').replace(
    /reply: \{ parts.*/,
    'reply: {}',
  );
  const sent = made.replace('name: "keyturn', 'secret: "{key.value}", name: "keyturn');
  expect(mistakes(sent)).toEqual([]);
  expect(mistakes(sent.replace(/^list.*\n/m, ''))).toEqual([
    expect.stringContaining('create.reply.id is missing'),
  ]);
});

test('a word about a secret is none', () => {
  const named = BASE.replace('json: {', 'json: { token_type: permanent, apiKeyName: ours,');
  expect(mistakes(named)).toEqual([]);
});

describe('a mistake names its line and its path in the operation', () => {
  const replaced = (from: string, to: string) => {
    expect(BASE).toContain(from);
    return BASE.replace(from, to);
  };
  test.each<[string, string, string, RegExp]>([
    ['an unknown key', 'url: /keys\n', 'urll: /keys\n', /^8 issuers\.acme\.create\.urll: .*no key "urll"/],
    [
      'an unknown place',
      '{rotation.id}',
      '{rotation.name}',
      /^9 issuers\.acme\.create\.json\.name: .*may hold/,
    ],
    [
      'a place that create cannot fill',
      '{rotation.id}',
      '{key.value}',
      /^9 issuers\.acme\.create\.json\.name: .*\{key\.value\}/,
    ],
    [
      'a secret that is not declared',
      '{rotation.id}',
      '{secret.x}',
      /^9 issuers\.acme\.create\.json\.name: .*not under secrets/,
    ],
    [
      'a secret in clear',
      'name: "keyturn {rotation.id}"',
      'api_key: abcdef',
      /^9 issuers\.acme\.create\.json\.api_key: .*in clear/,
    ],
    [
      'a pointer that is none',
      'value: /secret',
      'value: secret',
      /^10 issuers\.acme\.create\.reply\.parts\.value: .*JSON pointer/,
    ],
    [
      'a single part of another name',
      'value: /secret',
      'token: /secret',
      /^10 issuers\.acme\.create\.reply\.parts: .*single part value/,
    ],
    [
      'no place for the secret',
      'parts: { value: /secret }, ',
      '',
      /^10 issuers\.acme\.create\.reply\.parts: .*is missing/,
    ],
    [
      'no id to revoke by',
      ', id: /id }\nlist',
      ' }\nlist',
      /^10 issuers\.acme\.create\.reply\.id: .*\{key\.id\}/,
    ],
    [
      'a list without ids',
      'reply: { id: /id, name: /name }',
      'reply: { name: /name }',
      /^11 issuers\.acme\.list\.reply\.id: .*missing/,
    ],
    [
      'a status that is none',
      'revoke: { url',
      'revoke: { answers: { done: [2] }, url',
      /^12 issuers\.acme\.revoke\.answers\.done\[0\]/,
    ],
    [
      'full, where nothing is made',
      'revoke: { url',
      'revoke: { answers: { full: [400] }, url',
      /^12 issuers\.acme\.revoke\.answers\.full: /,
    ],
    [
      'an id that is the key itself',
      ', id: /id }\nlist',
      ', id: /secret }\nlist',
      /^10 issuers\.acme\.create\.reply\.id: .*the key itself/,
    ],
    [
      'a look by an id that nobody knows',
      'revoke: { url',
      'describe: { url: "/keys/{key.id}", reply: { id: /id } }\nrevoke: { url',
      /^12 issuers\.acme\.describe\.url: .*\{key\.id\}/,
    ],
    [
      'a user that is the secret',
      'auth: { bearer: env:ACME_ADMIN }',
      'auth: { basic: { user: sk_not_a_real_one, password: "" } }',
      /^6 issuers\.acme\.auth\.basic\.user: .*must be a reference/,
    ],
    [
      'a secret in the address of tokens',
      'auth: { bearer: env:ACME_ADMIN }',
      'auth: { oauth2: { url: "https://acme.example/token?client_secret=abc", clientId: x, clientSecret: env:X } }',
      /^6 issuers\.acme\.auth\.oauth2\.url: .*in clear/,
    ],
    ['a base with a query', '/v1\nauth', '/v1?v=2\nauth', /^5 issuers\.acme\.baseUrl: .*query/],
    ['a revocation of nobody', '"/keys/{key.id}"', '/keys', /^12 issuers\.acme\.revoke: .*which key/],
    ['no revocation', 'revoke: { url: "/keys/{key.id}" }\n', '', /issuers\.acme\.revoke: .*how a key ends/],
    [
      'a body with GET',
      'url: /keys\n',
      'url: /keys\n  method: GET\n',
      /issuers\.acme\.create\.method: is GET|issuers\.acme\.create\.method: .*no body/,
    ],
    [
      'two ways to say who it is',
      '{ bearer: env:ACME_ADMIN }',
      '{ bearer: env:A, query: { name: t, value: env:B } }',
      /^6 issuers\.acme\.auth: .*exactly one/,
    ],
    [
      'a secret where a reference belongs',
      'env:ACME_ADMIN',
      'abcdef',
      /^6 issuers\.acme\.auth\.bearer: .*reference/,
    ],
    [
      'a part that auth cannot know',
      'env:ACME_ADMIN',
      '"{current.sid}"',
      /^6 issuers\.acme\.auth: .*no part of a key/,
    ],
    ['http to another machine', 'baseUrl: https', 'baseUrl: http', /^5 issuers\.acme\.baseUrl: .*https/],
    [
      'a path without a base',
      'baseUrl: https://api.acme.example/v1\n',
      '',
      /issuers\.acme\.create\.url: .*baseUrl/,
    ],
    ['a test that sends no key', 'Bearer {key.value}', 'Bearer x', /^13 issuers\.acme\.verify/],
    [
      'a test that sends another part',
      'Bearer {key.value}',
      'Bearer {key.sid}',
      /^13 issuers\.acme\.verify: .*no part of a key/,
    ],
    [
      'pages in two ways',
      'items: /keys,',
      'items: /keys, next: { url: /n, page: p },',
      /^11 issuers\.acme\.list\.next: .*exactly one/,
    ],
    [
      'a cursor for nothing',
      'items: /keys,',
      'items: /keys, next: { cursor: /n },',
      /^11 issuers\.acme\.list\.next: .*together/,
    ],
    [
      'a body for a look',
      'items: /keys,',
      'items: /keys, json: { all: true },',
      /^11 issuers\.acme\.list\.method: .*no body/,
    ],
    [
      'keys that end twice',
      'baseUrl',
      'maxLive: 1\nbaseUrl',
      /^5 issuers\.acme\.maxLive: .*none is left to end/,
    ],
  ])('%s', (_, from, to, says) => {
    const found = mistakes(replaced(from, to));
    expect(found.join('\n')).toMatch(new RegExp(says.source, 'm'));
    expect(found.join('\n')).not.toContain('abcdef');
  });
});

describe('the traits follow from what is said', () => {
  test.each<[string, Record<string, unknown>, readonly string[], object]>([
    [
      'all of it',
      {},
      [],
      { marks: true, lists: true, revokesBy: 'id', secretFrom: 'issuer', maxLive: 'unknown' },
    ],
    [
      'no name in the list',
      { list: { url: '/keys', reply: { id: '/id' } } },
      [],
      { marks: false, lists: true },
    ],
    ['no list', {}, ['list'], { marks: false, lists: false }],
    ['asked with a credential of its own', {}, [], { asksWith: 'own' }],
    ['asked with the key', { auth: { bearer: '{current.value}' } }, [], { asksWith: 'current' }],
    [
      'asked with the key in the body of create',
      {
        create: {
          url: '/keys',
          form: { old: '{current.value}' },
          reply: { parts: { value: '/s' }, id: '/i' },
        },
      },
      [],
      { asksWith: 'current' },
    ],
    [
      'only a revocation shows the key',
      { revoke: { url: '/keys/{key.id}', headers: { 'x-key': '{current.value}' } } },
      [],
      { asksWith: 'own' },
    ],
    [
      'a search of its own',
      { find: { url: '/keys', query: { q: '{rotation.id}' }, reply: { id: '/id', name: '/name' } } },
      ['list'],
      { marks: true, lists: false },
    ],
    [
      'revoked by its value',
      { revoke: { url: '/keys', json: { key: '{key.value}' } } },
      [],
      { revokesBy: 'secret' },
    ],
    ['one at a time', { maxLive: 1 }, ['revoke'], { revokesBy: 'replacement', maxLive: 1 }],
    [
      'promoted',
      { promote: { url: '/promote' }, abort: { url: '/second' } },
      ['revoke'],
      { revokesBy: 'promotion' },
    ],
    [
      'last use in the list',
      { list: { url: '/keys', reply: { id: '/id', lastUsed: '/used' } } },
      [],
      { lastUsed: true },
    ],
    [
      'an end of its own',
      { longestLife: '30d', settles: '5s' },
      [],
      { longestLife: 30 * 86_400_000, settles: 5_000 },
    ],
  ])('%s', (_, change, without, wanted) => expect(traits(change, without)).toMatchObject(wanted));
});
