import { parse } from 'yaml';
import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, type Say, startServer } from './server.ts';

/** What an operator writes after a look at the documentation that stands below. */
export const SELBST = `kind: http
baseUrl: URL
auth: { header: { name: Authorization, prefix: "Key ", value: "{current.value}" } }
secret: { length: 32, alphabet: hex }
create:
  method: PUT
  url: /keys/{rotation.id}
  headers: { X-Account: acc-3 }
  json: { secret: "{key.value}" }
  reply: {}
list:
  url: /keys
  headers: { X-Account: acc-3 }
  reply: { id: /name, name: /name, issuedAt: /at }
revoke: { url: "/keys/{key.id}", headers: { X-Account: acc-3 } }
maxLive: 3
verify: { url: URL/me, header: "Authorization: Key {key.value}" }
`;

const no = (status: number, why: string): Say => ({ status, json: { why } });

/**
 * An invented provider: the client makes the secret and names the key, which is its id; the answer to a create is empty,
 * the list is all of the reply, and any living key may ask.
 */
export async function startSelbst(): Promise<Provider> {
  const ring = keyring();
  const make = (name: string, secret: string) => ring.add({ id: name, secret, name });
  const server = await startServer({
    denied: no(401, 'key'),
    creates: ({ method }) => method === 'PUT',
    tries: ({ path }: Ask) => path === '/me',
    route: (ask) => {
      const { method, path, json } = ask;
      if (ring.accepted(ask.after('Key')) === null) return no(401, 'key');
      if (path === '/me') return { status: 200, json: { account: 'acc-3' } };
      if (ask.headers['x-account'] !== 'acc-3') return no(403, 'account');
      if (method === 'GET' && path === '/keys') {
        const json = ring.live().map(({ name, madeAt }) => ({ name, at: new Date(madeAt).toUTCString() }));
        return { status: 200, json };
      }
      const name = path.slice('/keys/'.length);
      if (method === 'DELETE') return ring.end(name) ? { status: 204 } : no(404, 'name');
      if (method !== 'PUT') return no(405, 'method');
      const { secret } = json;
      if (typeof secret !== 'string' || !/^[0-9a-f]{20,40}$/.test(secret)) return no(400, 'secret');
      if (ring.live().some((key) => key.name === name)) return no(409, 'name');
      if (ring.live().length >= 3) return no(400, 'full');
      make(name, secret);
      return { status: 204 };
    },
  });
  return {
    server,
    ring,
    settings: parse(SELBST.replaceAll('URL', server.url)) as Provider['settings'],
    env: {},
    make: () => make(`hand-${hex(6)}`, hex(32)),
    secretOf: ({ secret }) => Secret.of(secret),
    strange: () => Secret.of(hex(32)),
    recordOf: (key) => ring.keys.find((one) => one.secret === key.open()) ?? null,
  };
}
