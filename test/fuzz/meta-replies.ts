import fc from 'fast-check';
import * as z from 'zod/mini';
import type { Issuer } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import { createMetaIssuer } from '../../src/issuers/meta/index.ts';
import { metaSettings } from '../../src/issuers/meta/settings.ts';
import type { Json } from './mutate.ts';
import { secrets } from './outcome.ts';
import { contextWith, type Provider, providerOf, type Reply, replies } from './replies.ts';

export const APP = '634974688087057';
export const USER = '104169029247128';
export const PHONE = '106540352242922';
export const WABA = '102290129340398';
export const SCOPES = ['whatsapp_business_management', 'whatsapp_business_messaging'];

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

/** Replies of every route, with the settings of the issuer that reads them. */
export const metaInput = fc.record({
  routes,
  secrets: fc.tuple(secrets, secrets, secrets, secrets),
  leaked: fc.nat({ max: 3 }),
  mode: fc.constantFrom('mint', 'exchange'),
  strictScopes: fc.boolean(),
  strictIdentity: fc.boolean(),
  both: fc.boolean(),
});
export type MetaInput = typeof metaInput extends fc.Arbitrary<infer T> ? T : never;

/** An issuer before such a provider. */
export interface Scene {
  readonly issuer: Issuer;
  readonly provider: Provider;
  readonly secret: Secret;
  readonly planted: readonly string[];
  readonly last: (route: string) => Reply | undefined;
}

export function scene({ routes: answers, secrets: four, leaked, mode, both, ...strict }: MetaInput): Scene {
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
