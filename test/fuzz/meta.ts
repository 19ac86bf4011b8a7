import fc from 'fast-check';
import * as z from 'zod/mini';
import type { Issuer, Verification } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import { createMetaIssuer } from '../../src/issuers/meta/index.ts';
import { metaSettings } from '../../src/issuers/meta/settings.ts';
import { target } from './engine.ts';
import type { Json } from './mutate.ts';
import { holds, outcomeOf, secrets, silent } from './outcome.ts';
import {
  contextWith,
  documentOf,
  member,
  type Provider,
  providerOf,
  type Reply,
  replies,
} from './replies.ts';

const APP = '634974688087057';
const USER = '104169029247128';
const PHONE = '106540352242922';
const WABA = '102290129340398';
const SCOPES = ['whatsapp_business_management', 'whatsapp_business_messaging'];

const good = {
  app_id: APP,
  type: 'SYSTEM_USER',
  application: 'Lucky Shrub',
  data_access_expires_at: 0,
  expires_at: 0,
  is_valid: true,
  issued_at: 1712099387,
  scopes: SCOPES,
  granular_scopes: SCOPES.map((scope) => ({ scope })),
  user_id: USER,
};
const dead = (code: number, subcode?: number) => ({
  ...good,
  is_valid: false,
  expires_at: 1639000000,
  error: { code, message: 'Error validating access token', subcode },
});
const failing = (code: number, more: object = {}, message = 'SECRET was refused') => ({
  error: { message, type: 'OAuthException', code, is_transient: false, fbtrace_id: 'AbcTrace_0-1', ...more },
});
const ERRORS = [
  failing(190, { error_subcode: 463 }),
  failing(190, { error_subcode: 459 }),
  failing(190),
  failing(0),
  failing(102),
  failing(200),
  failing(10),
  failing(100, { error_subcode: 33 }),
  failing(100),
  failing(4),
  failing(80007),
  failing(2, { is_transient: true }),
  failing(104),
  failing(412),
  failing(803),
  failing(368),
  failing(100, {}, 'Invalid appsecret_proof provided'),
  failing(190, { error_data: '{"messaging_product":"whatsapp","details":"SECRET"}' }),
  { error: 'invalid_request' },
].map((one) => JSON.stringify(one));
const PAGES = [
  '<!DOCTYPE html><html><body>SECRET</body></html>',
  '',
  'true',
  '{"success": "true",}',
  '{"success":true}',
];

const DEBUG = JSON.stringify({ data: good });
const DEBUGS = [
  DEBUG,
  DEBUG,
  DEBUG,
  DEBUG,
  JSON.stringify({ data: dead(190, 463) }),
  JSON.stringify({ data: dead(190) }),
  JSON.stringify({
    data: { is_valid: false, scopes: [], error: { code: 190, message: 'Cannot parse access token' } },
  }),
  JSON.stringify({ data: { is_valid: false, error: { code: 100, message: 'app id mismatch' } } }),
  ...ERRORS,
  ...PAGES,
];
const READ = (id: string) =>
  JSON.stringify({
    id,
    display_phone_number: '+1 555 0100',
    verified_name: 'SECRET',
    quality_rating: 'GREEN',
  });
const TOKEN = JSON.stringify({ access_token: 'MINTED', token_type: 'bearer', expires_in: 5183944 });

const WORDS: readonly Json[] = [
  APP,
  USER,
  PHONE,
  WABA,
  Number(PHONE),
  Number(APP),
  '1065403522429220',
  `${PHONE} `,
  `0${PHONE}`,
  'is_valid',
  'app_id',
  'id',
  'scopes',
  'user_id',
  'TRUE',
  'yes',
  1,
  [APP],
  { id: PHONE },
  ...SCOPES,
  [SCOPES[0] ?? ''],
  'ads_management',
  'SECRET',
  190,
  200,
  { code: 190 },
  'success',
  'access_token',
  'PAGE',
  'USER',
];

const list = (samples: readonly string[]) =>
  fc.array(replies(samples, WORDS), { minLength: 1, maxLength: 3 });
const one = (samples: readonly string[]) => replies(samples, WORDS, 'near').map((reply) => [reply]);
const DONE = ['{"success": "true",}', '{"success":true}', 'true'];

/** Either every route answers what it should, but for one change here and there; or anything goes. */
const routes = fc.oneof(
  { weight: 3, arbitrary: routesOf(one, [], [DEBUG]) },
  { weight: 1, arbitrary: routesOf(one, [ERRORS[0] ?? ''], [JSON.stringify({ data: dead(190, 463) })]) },
  { weight: 2, arbitrary: routesOf(list, [...ERRORS, ...PAGES], DEBUGS) },
);

function routesOf(
  from: (samples: readonly string[]) => fc.Arbitrary<readonly Reply[]>,
  others: readonly string[],
  debug: readonly string[],
) {
  const read = (id: string) => from(others.length === 1 ? others : [READ(id), READ(id), READ(id), ...others]);
  return fc.record({
    debug: from(debug),
    [PHONE]: read(PHONE),
    [WABA]: read(WABA),
    mint: from([TOKEN, TOKEN, ...others]),
    install: from([...DONE, ...others]),
    exchange: from([TOKEN, TOKEN, ...others]),
    revoke: from([...DONE, '{"success":false}', ...others]),
  });
}

const input = fc.record({
  routes,
  secrets: fc.tuple(secrets, secrets, secrets, secrets),
  leaked: fc.nat({ max: 3 }),
  mode: fc.constantFrom('mint', 'exchange'),
  strictScopes: fc.boolean(),
  strictIdentity: fc.boolean(),
  both: fc.boolean(),
});
type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

interface Scene {
  readonly issuer: Issuer;
  readonly provider: Provider;
  readonly secret: Secret;
  readonly planted: readonly string[];
  readonly last: (route: string) => Reply | undefined;
}

function scene({ routes: answers, secrets: four, leaked, mode, both, ...strict }: Input): Scene {
  const [token, appSecret, adminToken, minted] = four;
  const spoken = (bytes: Buffer) => {
    const text = bytes.toString('latin1');
    const found = text.includes('SECRET') || text.includes('MINTED');
    return found
      ? Buffer.from(text.replaceAll('SECRET', four[leaked] ?? '').replaceAll('MINTED', minted), 'latin1')
      : bytes;
  };
  const answered = Object.fromEntries(
    Object.entries(answers).map(([route, list]) => [
      route,
      list.map((one) => ({ ...one, bytes: spoken(one.bytes) })),
    ]),
  );
  const provider = providerOf(routeOf, answered);
  const settings = z.parse(metaSettings, {
    kind: 'meta-system-user',
    appId: APP,
    systemUserId: USER,
    appSecret: 'env:S',
    scopes: SCOPES,
    mode,
    ...strict,
    ...(mode === 'mint' ? { adminToken: 'env:A' } : {}),
    checks: { phoneNumber: PHONE, ...(both ? { waba: WABA } : {}) },
  });
  return {
    issuer: createMetaIssuer(settings, contextWith(provider, { 'env:S': appSecret, 'env:A': adminToken })),
    provider,
    secret: Secret.of(token),
    planted: four,
    last: (route) => provider.served.findLast((one) => one.route === route)?.reply,
  };
}

function routeOf({ pathname }: URL): string {
  const path = pathname.replace('/v25.0/', '');
  if (path === 'debug_token') return 'debug';
  if (path === 'oauth/access_token') return 'exchange';
  if (path === 'oauth/revoke') return 'revoke';
  return path.endsWith('/access_tokens') ? 'mint' : path.endsWith('/applications') ? 'install' : path;
}

const { signal } = new AbortController();
const fine = (reply: Reply | undefined): reply is Reply =>
  reply !== undefined &&
  reply.status >= 200 &&
  reply.status < 300 &&
  (member(documentOf(reply), 'error') ?? null) === null;
const isTrue = (value: unknown): boolean => value === true || value === 'true';
const isId = (value: unknown, id: string): boolean =>
  ['string', 'number'].includes(typeof value) && String(value) === id;

/** What makes one reply as good as the documented one. Everything that the verdict rests on, and nothing else. */
function provesLife(of: Scene, { strictScopes, strictIdentity, both }: Input): string | null {
  const debug = of.last('debug');
  const data = fine(debug) ? member(documentOf(debug), 'data') : undefined;
  if (!isTrue(member(data, 'is_valid'))) return 'debug_token does not say that the token is valid';
  if (!isId(member(data, 'app_id'), APP)) return 'debug_token does not say that the token is of our app';
  if (['APP', 'PAGE'].includes(member(data, 'type') as string)) return 'it is a token of another type';
  if (strictIdentity && !isId(member(data, 'user_id'), USER)) return 'it is not said to be of our user';
  const [plain, granular] = ['scopes', 'granular_scopes'].map((name) => member(data, name));
  const named = [
    ...(Array.isArray(plain) ? plain : []),
    ...(Array.isArray(granular) ? granular.map((one) => member(one, 'scope')) : []),
  ];
  const told = Array.isArray(plain) || Array.isArray(granular);
  if (told && !SCOPES.every((scope) => named.includes(scope))) return 'a scope is missing';
  if (strictScopes && (!told || named.some((scope) => !SCOPES.includes(scope as string))))
    return 'there may be more scopes';
  for (const id of [PHONE, ...(both ? [WABA] : [])]) {
    const read = of.last(id);
    if (!fine(read) || !isId(member(documentOf(read), 'id'), id))
      return `the live read of ${id} did not give it`;
  }
  return null;
}

const DEAD: readonly unknown[] = [0, 102, 190, 463, 467];

function provesDeath(of: Scene): boolean {
  const debug = of.last('debug');
  if (!fine(debug) || isTrue(member(member(documentOf(debug), 'data'), 'is_valid'))) return false;
  const reads = [PHONE, WABA].map((id) => [id, of.last(id)] as const);
  const alive = reads.some(([id, read]) => fine(read) && isId(member(documentOf(read), 'id'), id));
  const codes = reads.map(([, read]) => member(member(read && documentOf(read), 'error'), 'code'));
  return !alive && codes.some((code) => DEAD.includes(typeof code === 'string' ? Number(code) : code));
}

export const metaVerify = target({
  name: 'meta-verify',
  few: 150,
  share: 20,
  input,
  check: async (given) => {
    const of = scene(given);
    const { value } = await outcomeOf<Verification>(
      () => of.issuer.verify(of.secret, signal),
      [],
      of.planted,
    );
    silent(value, of.planted);
    holds(['works', 'refused', 'unknown'].includes(value?.verdict ?? ''), 'no verdict');
    if (value?.verdict === 'works') {
      const why = provesLife(of, given);
      holds(why === null, `a wrong works: ${why}`);
    }
    if (value?.verdict === 'refused' && value.why === 'dead') holds(provesDeath(of), 'a wrong dead');
  },
});

/** The token that the last reply of a route holds, by a reading of its own. */
function tokenIn(reply: Reply | undefined): unknown {
  return reply === undefined ? undefined : member(documentOf(reply), 'access_token');
}

export const metaCreate = target({
  name: 'meta-create',
  few: 100,
  share: 8,
  input,
  check: async (given) => {
    const of = scene(given);
    const current = of.secret;
    const made = await outcomeOf(
      () => of.issuer.create?.({ mark: 'r1.1', current, signal }),
      'any',
      of.planted,
    );
    const route = given.mode === 'mint' ? 'mint' : 'exchange';
    const asked = of.provider.served.filter((one) => one.route === route);
    holds(asked.length <= 2, `asked for a key ${asked.length} times`);
    const first = asked[0]?.reply;
    const token = tokenIn(asked.at(-1)?.reply);
    if (made.error === null) {
      holds(made.value?.secret.open() === token, 'the key is not the one in the reply');
      silent(made.value, of.planted);
    } else if (made.error.detail.unsent !== true && !made.error.ambiguous) {
      const lost = typeof token === 'string' && /^[\x21-\x7e]{1,8192}$/.test(token);
      holds(!lost, 'a key that was handed out is called not made');
    }
    if (asked.length === 2) {
      const refused =
        member(documentOf(first as Reply), 'error') !== undefined || (first?.status ?? 0) >= 400;
      holds(refused && tokenIn(first) === undefined, 'asked again after what may have made a key');
    }
  },
});

export const metaRevoke = target({
  name: 'meta-revoke',
  few: 100,
  share: 8,
  input,
  check: async (given) => {
    const of = scene(given);
    const caller = Secret.of(`${given.secrets[3]}x`);
    const order = { secret: of.secret, role: 'old' as const, caller, signal };
    const ended = await outcomeOf(() => of.issuer.revoke?.(order), 'any', of.planted);
    if (ended.error !== null) return;
    const answer = of.last('revoke');
    const said = answer === undefined ? undefined : documentOf(answer);
    const done = fine(answer) && (isTrue(said) || isTrue(member(said, 'success')));
    const debug = of.last('debug');
    const valid = debug === undefined ? null : member(member(documentOf(debug), 'data'), 'is_valid');
    holds(
      done || (fine(debug) && (valid === false || valid === 'false')),
      'called ended, and nobody said so',
    );
  },
});

export const metaDescribe = target({
  name: 'meta-describe',
  few: 100,
  share: 6,
  input,
  check: async (given) => {
    const of = scene(given);
    const told = await outcomeOf(() => of.issuer.describe?.(of.secret, signal), 'any', of.planted);
    silent(told.value, of.planted);
    if (told.error !== null || told.value?.alive !== true) return;
    const debug = of.last('debug');
    const data = fine(debug) ? member(documentOf(debug), 'data') : undefined;
    holds(isTrue(member(data, 'is_valid')) && isId(member(data, 'app_id'), APP), 'a wrong alive');
  },
});
