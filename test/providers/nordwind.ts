import { parse } from 'yaml';
import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, type Say, startServer } from './server.ts';

/** What an operator writes after a look at the documentation that stands below. */
export const NORDWIND = `kind: http
baseUrl: URL/v3/tenants/t-9
auth:
  oauth2:
    { url: URL/oauth2/token, clientId: client-9, clientSecret: env:NORDWIND_SECRET, scope: credentials.write }
errorCode: /errors/0/code
create:
  url: /credentials
  headers: { X-Nordwind-Version: 2026-03 }
  json: { data: { type: credential, attributes: { label: "{rotation.id}" } } }
  answers: { full: [422] }
  reply:
    parts: { value: /data/attributes/token }
    id: /data/id
    issuedAt: /data/attributes/createdAt
list:
  url: /credentials
  headers: { X-Nordwind-Version: 2026-03 }
  query: { "page[size]": "2" }
  items: /data
  where: { pointer: /attributes/state, equals: LIVE }
  reply:
    id: /id
    name: /attributes/label
    issuedAt: /attributes/createdAt
    lastUsed: /attributes/lastSeenAt
  next: { cursor: /meta/page/next, as: "page[cursor]" }
revoke:
  method: PATCH
  url: /credentials/{key.id}
  headers: { X-Nordwind-Version: 2026-03 }
  json: { data: { id: "{key.id}", attributes: { state: ENDED } } }
  answers: { already: [409] }
maxLive: 4
verify: { url: URL/v3/ping, header: "Authorization: Nordwind {key.value}" }
`;

const PAGE = 2;

const no = (status: number, code: string): Say => ({ status, json: { errors: [{ code, title: 'no' }] } });

/**
 * An invented provider: tokens of OAuth 2 by Basic, a version in a header of every call, replies after JSON:API, pages by
 * a cursor that ends as an empty text, seconds as text, and keys that stay listed after their end.
 */
export async function startNordwind(): Promise<Provider> {
  const ring = keyring();
  const clientSecret = hex(32);
  const tokens = new Set<string>();
  const make = (label: string) =>
    ring.add({ id: `cr_${hex(10)}`, secret: `nw.${hex(16)}.${hex(24)}`, name: label });
  const attributesOf = ({ name, madeAt, usedAt, deadFrom }: ReturnType<typeof make>) => ({
    label: name,
    state: deadFrom === null ? 'LIVE' : 'ENDED',
    createdAt: String(Math.floor(madeAt / 1000)),
    lastSeenAt: usedAt === null ? null : String(Math.floor(usedAt / 1000)),
  });
  const isTry = ({ path }: Ask) => path === '/v3/ping';
  const keys = '/v3/tenants/t-9/credentials';
  const server = await startServer({
    denied: no(401, 'NW-4010'),
    creates: ({ method, path }) => method === 'POST' && path === keys,
    tries: isTry,
    route: (ask) => {
      const { method, path, json, query, basic, form } = ask;
      if (isTry(ask))
        return ring.accepted(ask.after('Nordwind')) === null ? no(401, 'NW-4011') : { status: 204 };
      if (path === '/oauth2/token') {
        const right = basic?.user === 'client-9' && basic.password === clientSecret;
        if (!right || form.get('scope') !== 'credentials.write') return no(401, 'NW-4012');
        const token = hex(20);
        tokens.add(token);
        return { status: 200, json: { access_token: token, expires_in: 600 } };
      }
      if (!tokens.has(ask.after('Bearer') ?? '')) return no(401, 'NW-4010');
      if (ask.headers['x-nordwind-version'] !== '2026-03') return no(400, 'NW-4001');
      if (method === 'GET' && path === keys) {
        const from = Number(query.get('page[cursor]')?.slice(1) ?? 0);
        const data = ring.keys
          .slice(from, from + PAGE)
          .map((key) => ({ id: key.id, attributes: attributesOf(key) }));
        const next = from + PAGE < ring.keys.length ? `c${from + PAGE}` : '';
        return { status: 200, json: { data, meta: { page: { next } } } };
      }
      if (method === 'POST' && path === keys) {
        if (ring.live().length >= 4) return no(422, 'NW-4220');
        const { data } = json as { data?: { attributes?: { label?: string } } };
        const key = make(data?.attributes?.label ?? '');
        const attributes = { ...attributesOf(key), token: key.secret };
        return { status: 201, json: { data: { id: key.id, attributes } } };
      }
      const id = path.startsWith(`${keys}/`) ? path.slice(keys.length + 1) : '';
      const known = ring.keys.find((key) => key.id === id);
      if (method !== 'PATCH' || known === undefined) return no(404, 'NW-4040');
      if (!ring.end(id)) return no(409, 'NW-4090');
      return { status: 200, json: { data: { id, attributes: attributesOf(known) } } };
    },
  });
  return {
    server,
    ring,
    settings: parse(NORDWIND.replaceAll('URL', server.url)) as Provider['settings'],
    env: { NORDWIND_SECRET: clientSecret },
    make: () => make('by hand'),
    secretOf: ({ secret }) => Secret.of(secret),
    strange: () => Secret.of(`nw.${hex(16)}.${hex(24)}`),
    recordOf: (key) => ring.keys.find((one) => one.secret === key.open()) ?? null,
  };
}
