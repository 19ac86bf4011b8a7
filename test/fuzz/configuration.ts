import fc from 'fast-check';
import { parse } from 'yaml';
import { catalogue } from '../../src/cli/kinds.ts';
import { openAll } from '../../src/config/catalogue.ts';
import type { Config, Kinds } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { configProblems } from '../../src/config/problems.ts';
import { selectCredentials } from '../../src/config/select.ts';
import { target } from './engine.ts';
import { cuts, type Json, mangle, values } from './mutate.ts';
import { holds, outcomeOf, secrets, silent } from './outcome.ts';

const KINDS: Kinds = await openAll(catalogue);
const FILE = '/srv/app/keyturn.yaml';

const SAMPLES = [
  `version: 1
store: { kind: file, path: ./secrets, identity: env:IDENTITY }
policy: { maxAge: 90d, renewBefore: 20d, overlap: 24h, lead: 14d }
issuers:
  meta:
    kind: meta-system-user
    appId: "634974688087057"
    systemUserId: "104169029247128"
    appSecret: env:APP_SECRET
    adminToken: env:ADMIN_TOKEN
    scopes: [whatsapp_business_messaging]
    checks: { phoneNumber: "106540352242922", waba: "102290129340398" }
    graphUrl: http://127.0.0.1:4010
  chat-api:
    kind: manual
    console: https://chat-api.example/keys
    parts: [sid, secret]
    test:
      url: "https://chat-api.example/v1/me?a={key.sid}"
      header: "Authorization: Bearer {key.secret}"
      worksIf: { pointer: /data/0/ok, equals: true }
  word: { kind: random, length: 43, alphabet: base64url }
credentials:
  wa-prod: { issuer: meta, location: prod/token, env: TOKEN, tags: { team: chat } }
  chat-api-prod: { issuer: chat-api, fields: { sid: SID, secret: KEY }, env: { SID: A } }
  verify: { issuer: word, policy: { maxAge: 30d } }
trail:
  sinks: [{ file: ./trail.jsonl }, { url: "https://log.example/", required: true }]
`,
  `version: 1
store: &home { kind: file, path: ~/s, identity: "file:~/id", shared: true }
issuers:
  own: &own { kind: random }
  too: *own
  meta: { kind: meta-system-user, appId: "12", systemUserId: 13, appSecret: store:third, mode: exchange, scopes: [a], checks: { waba: "7" } }
credentials:
  third: { issuer: own, store: *home }
  fourth: { issuer: meta, store: { kind: file, path: ./b, identity: env:B } }
`,
  `version: 1
store:
  kind: vault
  address: https://vault.example:8200
  namespace: team-a/prod
  auth: { method: approle, mount: approle, roleId: env:ROLE_ID, secretId: "file:./secret-id" }
  mount: kv/prod
  data: document
  ownPath: keyturn
  converges: 30s
issuers: { word: { kind: random } }
credentials:
  verify: { issuer: word, location: prod/whatsapp, fields: { value: verify_token } }
  other:
    issuer: word
    location: prod/other
    store: { kind: aws-secrets-manager, region: eu-central-1, role: "arn:aws:iam::123456789012:role/rotator", externalId: x:1, prefix: keyturn/ }
`,
];

const WORDS: readonly Json[] = [
  'env:A',
  'file:./x',
  'store:third',
  '0s',
  '90d',
  '1w',
  'gap',
  '*own',
  '<<',
  '!!binary x',
  '&a [*a]',
  '? x',
  '- - -',
  '"\\u0000"',
  'https://a:b@h/',
  'http://h/',
  '--- ',
  '%YAML 1.1',
  '0o17',
  '.inf',
  '.nan',
  '0x1F',
  '{key.value}',
  '~',
];

type Change =
  | { readonly how: 'value'; readonly line: number; readonly value: Json }
  | { readonly how: 'secret'; readonly at: number; readonly whole: boolean; readonly quote: string }
  | { readonly how: 'grow'; readonly line: number; readonly times: number };

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ how: fc.constant('value' as const), line: fc.nat(40), value: values(WORDS) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      how: fc.constant('secret' as const),
      at: fc.nat(4000),
      whole: fc.boolean(),
      quote: fc.constantFrom('', '"', "'"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ how: fc.constant('grow' as const), line: fc.nat(40), times: fc.nat(40) }),
  },
);

const input = fc.record({
  sample: fc.constantFrom(...SAMPLES, ''),
  changes: fc.array(change, { maxLength: 3 }),
  cuts: fc.oneof(fc.constant([]), cuts(WORDS as readonly string[])),
  secret: secrets,
});

function textFrom({
  sample,
  changes,
  cuts: bytes,
  secret,
}: typeof input extends fc.Arbitrary<infer T> ? T : never) {
  const text = changes.reduce((now, one) => {
    if (one.how === 'secret') return planted(now, secret, one);
    const lines = now.split('\n');
    const at = one.line % lines.length;
    const line = lines[at] ?? '';
    if (one.how === 'value') lines[at] = line.replace(/: .*$|- .*$/, () => `: ${JSON.stringify(one.value)}`);
    else lines.splice(at, 0, ...Array.from({ length: one.times }, (_, n) => line.replace(':', `${n}:`)));
    return lines.join('\n');
  }, sample);
  return mangle(Buffer.from(text), bytes).toString('utf8');
}

/** The secret in the place of a word, or between two characters. */
function planted(
  text: string,
  secret: string,
  { at, whole, quote }: Change & { readonly how: 'secret' },
): string {
  const words = [...text.matchAll(/[A-Za-z0-9_./:-]{2,}/g)];
  const word = words[at % Math.max(1, words.length)];
  const from = whole && word !== undefined ? word.index : at % (text.length + 1);
  const length = whole && word !== undefined ? word[0].length : 0;
  return `${text.slice(0, from)}${quote}${secret}${quote}${text.slice(from + length)}`;
}

export const configuration = target({
  name: 'configuration',
  few: 300,
  share: 5,
  input,
  check: async (given) => {
    const text = textFrom(given);
    const { value, error } = await outcomeOf(
      () => parseConfig(text, FILE, KINDS),
      ['CONFIG'],
      [given.secret],
    );
    if (error === null) return sameAsJson(text, value);
    const problems = configProblems(error);
    holds(problems.length > 0, 'an error with no mistakes');
    const lines = text.split(/\r\n|\n|\r/).length;
    for (const one of problems) holds(one.line >= 1 && one.line <= lines + 1, `line ${one.line} of ${lines}`);
    silent(problems, [given.secret]);
  },
});

/** YAML is JSON with another face: written as JSON, it is the same configuration. */
async function sameAsJson(text: string, config: Config): Promise<void> {
  for (const one of config.credentials)
    holds(config.issuers.has(one.issuer), 'a credential without its issuer');
  if (config.credentials.length > 0)
    selectCredentials(config, { names: ['*'], tags: [], issuers: [], all: false }, 'required');
  const plain: unknown = parse(text, { schema: 'core', maxAliasCount: -1, logLevel: 'silent' });
  const again = await outcomeOf(() => parseConfig(JSON.stringify(plain), FILE, KINDS), []);
  const { file: _, references: __, ...left } = config;
  const { file: ___, references: ____, ...right } = again.value as Config;
  const shown = (of: object) =>
    JSON.stringify(of, (_name, inner) => (inner instanceof Map ? [...inner] : inner));
  holds(shown(left) === shown(right), `not the same as JSON: ${shown(left)} ${shown(right)}`);
}
