import fc from 'fast-check';
import type { Issuer } from '../../src/core/issuer.ts';
import { Secret } from '../../src/core/secret.ts';
import { createDescribedIssuer } from '../../src/described/issuer.ts';
import { parseDescription } from '../../src/described/kind.ts';
import { type Described, MARK, PROVIDERS } from './described-providers.ts';
import type { Json } from './mutate.ts';
import { secrets } from './outcome.ts';
import { contextWith, type Provider, providerOf, type Reply, replies } from './replies.ts';

const TOKEN = '{"access_token":"tok_0123456789","expires_in":3600}';
const OTHERS = [
  '{"code":"full","message":"SECRET"}',
  '{"code":20003,"message":"SECRET"}',
  '{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","text":"SECRET"}}}',
  '<!doctype html><html><body>SECRET</body></html>',
  '{"ok":false}',
  '',
  'null',
  '[]',
];
const WORDS: readonly Json[] = [
  ...['id', 'key', 'keys', 'secret', 'value', 'sid', 'name', 'next', 'meta', 'enabled', 'used', 'live', 'ok'],
  ...['MINTED', 'SECRET', 'MINTED MINTED', '***', `keyturn ${MARK}`, `${MARK}2`, `x${MARK}`],
  `${'x'.repeat(107)} ${MARK}2`,
  `a name of more than one hundred and twenty-eight characters ${'x'.repeat(99)} ${MARK}`,
  ...['https://evil.example/', '//evil.example/', '/v1/keys?page=2', 'after', 1, 2, 0, '2', true, 'full'],
  2 ** 53,
  { id: 'k1', name: `keyturn ${MARK}` },
  [],
];

const one = (samples: readonly string[]) => replies(samples, WORDS, 'near').map((reply) => [reply]);
const several = (samples: readonly string[]) =>
  fc.array(replies([...samples, ...OTHERS], WORDS), { minLength: 1, maxLength: 3 });

const NAMES = Object.keys(PROVIDERS) as (keyof typeof PROVIDERS)[];

/** The replies of a provider: as documented but for one change, or any. */
export const describedInput = fc.oneof(
  ...NAMES.flatMap((name) => [one, several].map((how) => inputOf(name, how))),
);

function inputOf(name: keyof typeof PROVIDERS, how: typeof one) {
  const { created, listed } = PROVIDERS[name];
  return fc.record({
    name: fc.constant(name),
    routes: fc.record({
      token: how([TOKEN]),
      create: how([created]),
      list: how([listed]),
      revoke: how(['{"ok":true}', '']),
      use: how(['{"used":1780230896}', '{"used":null}']),
      describe: how(['{"id":"k1","live":true}']),
      verify: how(['{}']),
    }),
    secrets: fc.tuple(secrets, secrets, secrets),
    leaked: fc.nat({ max: 2 }),
  });
}
export type DescribedInput = typeof describedInput extends fc.Arbitrary<infer T> ? T : never;

/** The issuer before such a provider. */
export interface Scene {
  readonly described: Described;
  readonly issuer: Issuer;
  readonly served: Provider['served'];
  readonly minted: string;
  readonly key: Secret;
  readonly planted: readonly string[];
}

export function sceneOf({ name, routes, secrets: three, leaked }: DescribedInput): Scene {
  const described = PROVIDERS[name];
  const [admin, minted, held] = three;
  const spoken = (reply: Reply): Reply => {
    const text = reply.bytes.toString('latin1');
    const bytes = text.replaceAll('SECRET', three[leaked] ?? '').replaceAll('MINTED', minted);
    return { ...reply, bytes: Buffer.from(bytes, 'latin1') };
  };
  const answers = Object.entries(routes).map(([route, list]) => [route, list.map(spoken)]);
  const provider = providerOf(routeOf, Object.fromEntries(answers));
  const parsed = parseDescription(described.description);
  const parts = Object.keys(parsed.create.reply.parts ?? { value: '' });
  return {
    described,
    issuer: createDescribedIssuer('http', parsed, contextWith(provider, { 'env:ADMIN': admin })),
    served: provider.served,
    minted,
    key: Secret.fromParts(Object.fromEntries(parts.map((part) => [part, part === 'sid' ? 'SK01' : held]))),
    planted: three,
  };
}

function routeOf({ pathname }: URL, init: RequestInit | undefined): string {
  if (pathname === '/token') return 'token';
  if (init?.method === 'POST') return 'create';
  if (init?.method === 'DELETE' || init?.method === 'PUT') return 'revoke';
  if (pathname.endsWith('/use')) return 'use';
  if (pathname === '/v1/describe') return 'describe';
  return /\/(me|balance|Balance\.json|webhook)$/.test(pathname) ? 'verify' : 'list';
}

export function textIn({ status, bytes }: Reply): string {
  return [204, 205, 304].includes(status) ? '' : new TextDecoder().decode(bytes);
}

/** What a reply says: JSON as the language reads it, or nothing. */
export function said(reply: Reply): unknown {
  try {
    return JSON.parse(textIn(reply));
  } catch (caught) {
    if (caught instanceof SyntaxError) return undefined;
    throw caught;
  }
}
