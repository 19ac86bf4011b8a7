import { describe, expect, it } from 'vitest';
import { FILE, mistakes, parse, problems, refusal, yaml } from './kinds.ts';

const DAY = 86_400_000;

describe('a configuration that is right', () => {
  it('gives credentials with store, policy and variables', () => {
    const config = parse(
      yaml({
        policy: '{ maxAge: 60d, overlap: 0s }',
        credentials: `
  wa-prod: { issuer: meta, location: prod/token, env: WA_TOKEN, tags: { team: chat }, policy: { overlap: 2h } }
  sms: { issuer: own, fields: { sid: SMS_SID, secret: key-of-sms } }`,
        trail: '{ sinks: [{ file: ./trail.jsonl, required: true }, { stderr: true }] }',
      }),
    );
    const [wa, sms] = config.credentials;
    expect(wa).toMatchObject({
      name: 'wa-prod',
      issuer: 'meta',
      location: 'prod/token',
      env: { value: 'WA_TOKEN' },
      tags: { team: 'chat' },
      store: { kind: 'shelf', settings: { path: './secrets' } },
    });
    expect(wa?.policy).toEqual({
      maxAge: 60 * DAY,
      renewBefore: null,
      overlap: 2 * 3_600_000,
      lead: 14 * DAY,
      acceptGap: false,
      gates: [],
      quiet: null,
    });
    // A field that cannot be the name of a variable has none.
    expect(sms).toMatchObject({ location: 'sms', env: { SMS_SID: 'SMS_SID' }, policy: { overlap: 0 } });
    expect(config).toMatchObject({
      file: FILE,
      folder: '/srv/app',
      trail: {
        sinks: [
          { kind: 'file', path: './trail.jsonl', required: true },
          { kind: 'stderr', id: 'stderr', required: false },
        ],
      },
    });
    expect(config.issuers.get('meta')?.settings).toMatchObject({ appId: '1', expiring: true });
  });

  it('keeps the order of the file, for names that are numbers too', () => {
    const names = ['zeta', '20', '3', 'alpha', '0x10'];
    const body = names.map((name) => `${name}: { issuer: own }`).join(', ');
    expect(parse(yaml({ credentials: `{ ${body} }` })).credentials.map((one) => one.name)).toEqual(names);
  });

  it('has a default lead of at most half of maxAge', () => {
    const [wa] = parse(yaml({ policy: '{ maxAge: 10d }' })).credentials;
    expect(wa?.policy.lead).toBe(5 * DAY);
  });

  it('lets a credential have a store of its own, and gives equal stores once', () => {
    const other = '{ kind: shelf, path: ./other }';
    const config = parse(
      yaml({
        credentials: `{ a: { issuer: own }, b: { issuer: own, location: a, store: ${other} },
          c: { issuer: own, store: ${other} } }`,
      }),
    );
    const [a, b, c] = config.credentials;
    expect(config.stores).toHaveLength(2);
    expect(b?.store).toBe(c?.store);
    expect(a?.store).not.toBe(b?.store);
  });

  it('needs no store for all where each credential has its own', () => {
    const own = 'store: { kind: shelf, path: x }';
    expect(parse(yaml({ store: '', credentials: `{ a: { issuer: own, ${own} } }` })).stores).toHaveLength(1);
  });

  it('finds references wherever the schema has one, and nowhere else', () => {
    const config = parse(
      yaml({
        store: '{ kind: shelf, path: env:NOT_ONE, identity: [env:FIRST, file:~/second] }',
        issuers: `
  meta:
    kind: mint
    appId: env:NOT_ONE
    appSecret: env:APP_SECRET
    headers: { X-Key: env:HEADER }
    login: { user: env:NOT_ONE, password: file:./password }`,
      }),
    );
    expect(config.references.map((use) => [use.setting, use.reference, use.line])).toEqual([
      ['issuers.meta.appSecret', 'env:APP_SECRET', 7],
      ['issuers.meta.headers.X-Key', 'env:HEADER', 8],
      ['issuers.meta.login.password', 'file:./password', 9],
      ['store.identity[0]', 'env:FIRST', 2],
      ['store.identity[1]', 'file:~/second', 2],
    ]);
  });

  it('expands aliases', () => {
    const config = parse(
      yaml({ credentials: '{ a: { issuer: own, tags: &t { team: x } }, b: { issuer: own, tags: *t } }' }),
    );
    expect(config.credentials[1]?.tags).toEqual({ team: 'x' });
  });

  it('has a digest per credential that changes with its keys, and not with its tags', () => {
    const digest = (sections: Readonly<Record<string, string>>) =>
      parse(yaml(sections)).credentials[0]?.digest;
    const plain = digest({});
    expect(digest({ credentials: '{ wa-prod: { issuer: meta, tags: { a: b } } }' })).toBe(plain);
    expect(digest({ credentials: '{ wa-prod: { issuer: meta, location: x } }' })).not.toBe(plain);
    expect(digest({ issuers: '{ meta: { kind: mint, appId: "2", appSecret: env:APP_SECRET } }' })).not.toBe(
      plain,
    );
    expect(digest({ policy: '{ maxAge: 1w }' })).not.toBe(plain);
  });
});

/** What is wrong, the text, and what each message must say, with its line and column. */
const WRONG: readonly (readonly [string, string, readonly string[]])[] = [
  ['nothing in it', '', ['1:1 the configuration is empty; run keyturn init to write one']],
  ['only a comment', '# later\n', ['1:1 the configuration is empty; run keyturn init to write one']],
  ['a list', '- a\n', ['1:1 the configuration is no map of keys; begin with version: 1']],
  ['text', 'version\n', ['1:1 the configuration is no map of keys; begin with version: 1']],
  ['no version', yaml({ version: '' }), ['1:1 version is missing; add the line version: 1']],
  [
    'a version in quotes',
    yaml({ version: '"1"' }),
    ['1:10 version must be 1; correct it: The version of this format'],
  ],
  [
    'a newer version, whatever else is in it',
    yaml({ version: '2', polcy: '{}' }),
    ['1:10 this is version 2 of the configuration; this keyturn reads 1; update keyturn'],
  ],
  ['no store', yaml({ store: '' }), ['1:1 store is missing; add a store, for all credentials or for each']],
  [
    'an unknown key',
    yaml({ polcy: '{}' }),
    ['5:1 the file has no key "polcy"; write "policy", if that is what you meant'],
  ],
  [
    'an unknown key that is like no other',
    yaml({ trail: '{ sinks: [], zzzz: 1 }' }),
    ['5:21 trail has no key "zzzz"; use one of the keys: sinks'],
  ],
  [
    'an unknown key of an issuer, and the one that was meant',
    yaml({ issuers: '{ meta: { kind: mint, appId: "1", appSecrte: env:A } }' }),
    [
      '3:12 issuers.meta.appSecret is missing; put the secret into a variable or a file of its own, and write env:NAME or file:PATH here',
      '3:44 issuers.meta has no key "appSecrte"; write "appSecret", if that is what you meant',
    ],
  ],
  [
    'an unknown kind',
    yaml({ store: '{ kind: shelv, path: x }' }),
    ['2:16 store.kind is "shelv", which is no kind; write "shelf", if that is what you meant'],
  ],
  ['no kind', yaml({ store: '{ path: x }' }), ['2:1 store.kind is missing; use one of the kinds: shelf']],
  [
    'a number where text is meant',
    yaml({ issuers: '{ meta: { kind: mint, appId: 12, appSecret: env:A } }' }),
    ['3:39 issuers.meta.appId must be text, not a number; put it in quotes'],
  ],
  [
    'text where a list is meant',
    yaml({ trail: '{ sinks: stderr }' }),
    ['5:17 trail.sinks must be a list, not text; correct it: Where the entries of the audit trail go'],
  ],
  [
    'a section without content',
    yaml({ credentials: ' ' }),
    [
      '4:15 credentials must be a map of keys, not empty; correct it: Name -> a credential, which programs read',
    ],
  ],
  [
    'a duration without unit',
    yaml({ policy: '{ maxAge: 90 }' }),
    [
      '5:19 policy.maxAge must be a duration such as 90d: a whole number with s, m, h, d or w; correct it: The age at which a key is due for replacement',
    ],
  ],
  [
    'a duration that no date can bear',
    yaml({ policy: '{ maxAge: 99999w }' }),
    ['5:19 policy.maxAge is too long; use at most 3650d'],
  ],
  [
    'an overlap as long as the age',
    yaml({ policy: '{ maxAge: 1d }' }),
    ['5:1 the overlap of policy is not shorter than its maxAge; set a shorter overlap or a longer maxAge'],
  ],
  [
    'a lead longer than the age, in a policy of its own',
    yaml({ credentials: '{ a: { issuer: own, policy: { lead: 100d } } }' }),
    [
      '4:34 the lead of credentials.a.policy is not shorter than its maxAge; set a shorter lead or a longer maxAge',
    ],
  ],
  [
    'http: to another machine',
    yaml({
      issuers: '{ meta: { kind: mint, appId: "1", appSecret: env:A, url: "http://127.0.0.1.example/" } }',
    }),
    ['3:67 issuers.meta.url is http: to another machine; use https:; http: is for 127.0.0.1 only'],
  ],
  [
    'a URL with a password',
    yaml({ trail: '{ sinks: [{ url: "https://me:word@log.example/" }] }' }),
    ['5:25 trail.sinks[0].url carries a user name or a password; take them out of the URL'],
  ],
  [
    'names that are not allowed',
    yaml({ credentials: '{ Wa: { issuer: own }, _a: { issuer: own } }' }),
    [
      '4:16 "Wa" is not a name that is allowed; use up to 63 of a-z, 0-9, dot, underscore and dash, beginning with a letter or digit',
      '4:37 "_a" is not a name that is allowed; use up to 63 of a-z, 0-9, dot, underscore and dash, beginning with a letter or digit',
    ],
  ],
  [
    'an issuer that is not there, beside another mistake of the credential',
    yaml({ credentials: '{ a: { issuer: meat, env: 9 } }' }),
    [
      '4:29 "a" names the issuer "meat", which is not under issuers; write "meta", if that is what you meant',
      '4:40 credentials.a.env is of no type that may stand here; correct it: The variable that `exec` sets; with several `fields`, field -> variable. Default: the names of the fields',
    ],
  ],
  [
    'two on one location',
    yaml({
      credentials:
        '{ a: { issuer: own, location: x }, b: { issuer: own, location: x, fields: { value: f } } }',
    }),
    ['4:77 "b" and "a" have the same location in the store; give each its own location'],
  ],
  [
    'one on the name of another',
    yaml({ credentials: '{ a: { issuer: own }, b: { issuer: own, location: a } }' }),
    ['4:64 "b" and "a" have the same location in the store; give each its own location'],
  ],
  [
    'two on one field',
    yaml({
      credentials: `{ a: { issuer: own, location: x, fields: { p: f, q: g } },
  b: { issuer: own, location: x, fields: { p: h, q: g } } }`,
    }),
    ['5:42 "b" and "a" have the same field in the store; give each its own field'],
  ],
  [
    'two on one key, by one issuer or by two for the same',
    yaml({
      issuers: '{ x: { kind: single, line: a }, y: { kind: single, line: a }, z: { kind: single, line: b } }',
      credentials: `{ a: { issuer: x }, b: { issuer: x }, c: { issuer: z },
  d: { issuer: y } }`,
    }),
    [
      '4:47 a key for "b" would end the one of "a": the issuer has room for one; let all consumers read one credential, or give each an account or number of its own',
      '5:16 a key for "d" would end the one of "a": the issuer has room for one; let all consumers read one credential, or give each an account or number of its own',
    ],
  ],
  [
    'one field for two parts',
    yaml({ credentials: '{ a: { issuer: own, fields: { p: f, q: f } } }' }),
    ['4:42 credentials.a.fields uses the same field twice; give each part its own'],
  ],
  [
    'one variable for two fields',
    yaml({ credentials: '{ a: { issuer: own, fields: { p: f, q: g }, env: X } }' }),
    [
      '4:63 credentials.a.env is one variable for 2 fields; map each field to a variable, or leave env out: the fields then name the variables',
    ],
  ],
  [
    'a variable for a field that is not there',
    yaml({ credentials: '{ a: { issuer: own, fields: { p: first }, env: { frist: X } } }' }),
    [
      '4:63 credentials.a.env names "frist", which is no field of this credential; write "first", if that is what you meant',
    ],
  ],
  [
    'a location that leaves its folder',
    yaml({ credentials: '{ a: { issuer: own, location: x/../../y } }' }),
    [
      '4:44 credentials.a.location is not a location that is allowed; use printable characters, and steps that are not empty',
    ],
  ],
  [
    'a reference to itself',
    yaml({ issuers: '{ meta: { kind: mint, appId: "1", appSecret: store:wa-prod } }' }),
    [
      '3:55 issuers.meta.appSecret makes a cycle of references: "wa-prod" -> "wa-prod"; break it with env:NAME or file:PATH',
    ],
  ],
  [
    'a cycle through a store',
    yaml({
      store: '{ kind: shelf, path: x, identity: store:key }',
      credentials:
        '{ a: { issuer: own }, key: { issuer: own, store: { kind: shelf, path: y, identity: store:a } } }',
    }),
    [
      '4:97 credentials.key.store.identity makes a cycle of references: "a" -> "key" -> "a"; break it with env:NAME or file:PATH',
    ],
  ],
  [
    'a reference to no credential',
    yaml({ issuers: '{ meta: { kind: mint, appId: "1", appSecret: store:wa-prd } }' }),
    [
      '3:55 issuers.meta.appSecret refers to "wa-prd", which is no credential here; write "wa-prod", if that is what you meant',
    ],
  ],
  [
    'a reference to a credential of two parts',
    yaml({
      issuers: '{ meta: { kind: mint, appId: "1", appSecret: store:two }, own: { kind: invent } }',
      credentials: '{ a: { issuer: meta }, two: { issuer: own, fields: { p: f, q: g } } }',
    }),
    [
      '3:55 issuers.meta.appSecret refers to "two", which has several parts; refer to a credential of one part',
    ],
  ],
  [
    'sinks',
    yaml({
      trail: '{ sinks: [{}, { stderr: true }, { stderr: true }, { file: a, url: "https://a.example" }] }',
    }),
    [
      '5:18 trail.sinks[0] must have exactly one of file, url and stderr; keep one, and write a sink of its own for each',
      '5:58 trail.sinks[3] must have exactly one of file, url and stderr; keep one, and write a sink of its own for each',
    ],
  ],
  [
    'a sink twice',
    yaml({ trail: '{ sinks: [{ file: a }, { file: a }] }' }),
    ['5:31 trail.sinks[1] is there twice; keep one of the two'],
  ],
  [
    'a key twice',
    `${yaml()}version: 1\n`,
    ['5:1 this key stands twice in the same map; keep one of the two'],
  ],
  ['a tab', 'version:\n\t1: 2\n', ['2:1 a tab stands in the indentation; indent with spaces']],
  [
    'an open quote',
    'version: "1\n',
    ['2:1 a quote, a bracket, a comma or a colon is missing; add it, or quote the text'],
  ],
  [
    'a tag',
    yaml({ version: '!!binary AQ==' }),
    [
      '1:10 YAML tags are not supported; remove the tag',
      '1:19 version must be 1; correct it: The version of this format',
    ],
  ],
  ['two documents', `${yaml()}---\n${yaml()}`, ['5:1 a second document begins; keep one document per file']],
  [
    'an alias of nothing',
    yaml({ version: '*one' }),
    [
      '1:10 this alias has no anchor before it; write the value itself',
      '1:10 version must be 1; correct it: The version of this format',
    ],
  ],
];

describe('a configuration that is wrong', () => {
  it.each(WRONG)('%s', (_, text, expected) => expect(mistakes(text)).toEqual(expected));

  it('is refused with everything at once, in the order of the file', () => {
    const error = refusal(
      yaml({ version: '', store: '{ kind: no }', credentials: '{ A: { issuer: x } }', zoo: '1' }),
    );
    expect(error.exitCode).toBe(2);
    expect(error.message.split('\n')[0]).toBe('the configuration has 5 mistakes');
    expect(
      error.message
        .split('\n')
        .slice(1)
        .every((line) => line.startsWith(`  ${FILE}:`)),
    ).toBe(true);
  });

  it('is told with reason and remedy where there is one mistake', () => {
    const error = refusal(yaml({ version: '' }));
    expect(error.message).toBe(`${FILE}:1:1: version is missing`);
    expect(error.hint).toBe('add the line version: 1');
    expect(problems(yaml({ version: '' }))).toEqual([
      {
        file: FILE,
        line: 1,
        column: 1,
        setting: 'version',
        reason: 'version is missing',
        remedy: 'add the line version: 1',
      },
    ]);
  });

  it('is not read further where it has more mistakes than a person reads', () => {
    const names = Array.from({ length: 200 }, (_, at) => `N${at}: { issuer: own }`).join(', ');
    const error = refusal(yaml({ credentials: `{ ${names} }` }));
    expect(error.message.split('\n')).toHaveLength(52);
    expect(error.message).toContain('and 150 more');
  });
});

describe('a text made to exhaust', () => {
  const bomb = (levels: number): string =>
    Array.from({ length: levels }, (_, at) => {
      const inner = Array.from({ length: 9 }, () => (at === 0 ? 'x' : `*a${at - 1}`)).join(', ');
      return `k${at}: &a${at} [${inner}]\n`;
    }).join('');
  const many = (letter: string, count: number): string => {
    const names = Array.from({ length: count }, (_, at) => `${letter.repeat(24)}${at}`);
    return `{ ${names.map((name) => `c${name}: { kind: invent, issuer: ${name} }`).join(', ')} }`;
  };
  const chain = Array.from(
    { length: 3000 },
    (_, at) => `k${at}: &a${at} [${at === 0 ? 'x' : `*a${at - 1}`}]\n`,
  ).join('');

  it.each([
    ['brackets', '['.repeat(1_000_000)],
    ['braces', '{'.repeat(100_000)],
    ['dashes', `${'- '.repeat(2000)}\n`.repeat(50)],
    ['question marks', '? '.repeat(100_000)],
    ['indentation', Array.from({ length: 1000 }, (_, at) => `${' '.repeat(at)}a:\n`).join('')],
    ['an alias in itself', 'a: &a [*a]\n'],
    ['a bomb of aliases', bomb(12)],
    ['a chain of aliases', chain],
    ['anchors', '&a '.repeat(30_000)],
    ['keys', Array.from({ length: 20_000 }, (_, at) => `k${at}: v\n`).join('')],
    ['quotes', '"" '.repeat(30_000)],
    ['beginnings of a JWT', `a: "${'-eyJ'.repeat(250_000)}"\n`],
    ['names that are like many others', yaml({ issuers: many('a', 900), credentials: many('b', 2_000) })],
  ])('%s', (_, text) => expect(problems(text).length).toBeGreaterThan(0), 8_000);

  it('is refused where references go on for thousands of steps', () => {
    const count = 3000;
    const issuers = Array.from(
      { length: count },
      (_, at) => `i${at}: { kind: mint, appId: "1", appSecret: "store:c${(at + 1) % count}" }`,
    );
    const credentials = Array.from({ length: count }, (_, at) => `c${at}: { issuer: i${at} }`);
    const [only, ...others] = problems(
      yaml({ issuers: `{ ${issuers.join(', ')} }`, credentials: `{ ${credentials.join(', ')} }` }),
    );
    expect(others).toEqual([]);
    expect(only?.reason).toMatch(/makes a cycle of references: "c0" -> .* … .* -> "c0"$/);
  });
});
