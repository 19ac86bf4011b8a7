import { parse } from 'yaml';
import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, type Say, startServer } from './server.ts';

/** What an operator writes after a look at the documentation. */
export const UNSEEN = `kind: http
baseUrl: URL/v9
auth:
  oauth2: { url: URL/oauth/token, clientId: client-1, clientSecret: env:UNSEEN_SECRET, send: form }
errorCode: /error/code
create:
  url: /credentials
  json: { label: "keyturn {rotation.id}" }
  answers: { done: [{ pointer: /code, equals: 0 }] }
  reply: { parts: { value: /row/value }, id: /row/id, issuedAt: /row/born }
list:
  url: /credentials
  items: /rows
  reply: { id: /id, name: /label, issuedAt: /born, lastUsed: /seen }
  next: { cursor: /last, as: after, more: /more }
revoke:
  method: POST
  url: /credentials/kill
  json: { id: "{key.id}" }
  answers: { done: [{ pointer: /code, equals: 0 }], already: [{ pointer: /code, equals: 44 }] }
verify: { url: URL/v9/whoami, header: "Authorization: Bearer {key.value}" }
`;

const PAGE = 2;

const no = (status: number, code: string): Say => ({ status, json: { error: { code } } });

/**
 * A provider that nobody has seen: tokens of OAuth 2, ids that are numbers of 19 digits, times in milliseconds, pages
 * by cursor, last use, errors as 200, and answers that are sent as text/html.
 */
export async function startUnseen(): Promise<Provider> {
  const ring = keyring();
  const clientSecret = hex(32);
  const tokens = new Set<string>();
  let count = 0;
  const make = (name: string) => {
    count += 1;
    return ring.add({
      id: `92233720368547758${count.toString().padStart(2, '0')}`,
      secret: `un_${hex(40)}`,
      name,
    });
  };
  const raw = (text: string): Say => ({ status: 200, type: 'text/html', text });
  const isTry = ({ path }: Ask) => path === '/v9/whoami';
  const list = (query: URLSearchParams): Say => {
    const from = Number(query.get('after') ?? 0);
    const all = ring.live();
    const more = from + PAGE < all.length;
    const rows = all.slice(from, from + PAGE).map(({ id, name, madeAt, secret, usedAt }) => {
      const label = JSON.stringify(name);
      return `{"id":${id},"label":${label},"born":${madeAt},"seen":${usedAt},"parent":${ring.keys[0]?.id ?? id},"value":"${secret}"}`;
    });
    return raw(`{"code":0,"rows":[${rows.join(',')}],"more":${more},"last":${from + PAGE}}`);
  };
  const server = await startServer({
    denied: no(401, 'token'),
    creates: ({ method, path }) => method === 'POST' && path === '/v9/credentials',
    tries: isTry,
    route: (ask) => {
      const { method, path, json, query } = ask;
      const bearer = ask.after('Bearer');
      if (isTry(ask))
        return ring.accepted(bearer) === null ? no(401, 'key') : { status: 200, json: { ok: true } };
      if (path === '/oauth/token') {
        if (ask.form.get('client_secret') !== clientSecret) return no(400, 'invalid_client');
        const token = `tok_${hex(20)}`;
        tokens.add(token);
        return { status: 200, json: { access_token: token, expires_in: 3600, token_type: 'bearer' } };
      }
      if (bearer === null || !tokens.has(bearer)) return no(401, 'token');
      if (method === 'GET' && path === '/v9/credentials') return list(query);
      if (method === 'POST' && path === '/v9/credentials') {
        const { id, secret, madeAt } = make(String(json.label));
        return raw(`{"code":0,"row":{"id":${id},"value":"${secret}","born":${madeAt}}}`);
      }
      if (method !== 'POST' || path !== '/v9/credentials/kill') return no(404, 'path');
      return ring.end(String(json.id)) ? raw('{"code":0}') : raw('{"code":44}');
    },
  });
  return {
    server,
    ring,
    settings: parse(UNSEEN.replaceAll('URL', server.url)) as Provider['settings'],
    env: { UNSEEN_SECRET: clientSecret },
    make: () => make('by hand'),
    secretOf: ({ secret }) => Secret.of(secret),
    strange: () => Secret.of(`un_${hex(40)}`),
    recordOf: (key) => ring.keys.find((one) => one.secret === key.open()) ?? null,
  };
}
