import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, type ProviderKey, type Say, startServer } from './server.ts';

const PROJECT = 'b38d1a6a-0000-4000-8000-00000000cafe';
const KEYS = `/v1/projects/${PROJECT}/accessKeys`;
const MAX = 10;
const PAGE = 3;

const no = (status: number): Say => ({ status, json: { error: { code: status, message: 'no' } } });

/** https://developers.sinch.com/docs/accesskeys: names are unique, ten keys at most, a key may ask for the others. */
export async function startSinch(): Promise<Provider> {
  const ring = keyring();
  const make = (name: string) => ring.add({ id: `${hex(8)}-${hex(4)}-${hex(12)}`, secret: hex(40), name });
  const view = ({ id, name, madeAt }: ProviderKey) => ({
    accessKeyId: id,
    displayName: name,
    projectId: PROJECT,
    createTime: new Date(madeAt).toISOString(),
    updateTime: new Date(madeAt).toISOString(),
  });
  const isTry = ({ method, path, query }: Ask) =>
    method === 'GET' && path === KEYS && query.get('pageSize') === '1';
  const server = await startServer({
    denied: no(401),
    creates: ({ method, path }) => method === 'POST' && path === KEYS,
    tries: isTry,
    route: ({ method, path, basic, json, query }) => {
      const caller = ring.accepted(basic?.password);
      if (caller === null || caller.id !== basic?.user) return no(401);
      if (method === 'GET' && path === KEYS) {
        const from = Number(query.get('pageToken') ?? 0);
        const size = Math.min(PAGE, Number(query.get('pageSize') ?? PAGE));
        const all = ring.live();
        const next = from + size < all.length ? String(from + size) : '';
        return {
          status: 200,
          json: { accessKeys: all.slice(from, from + size).map(view), nextPageToken: next },
        };
      }
      if (method === 'POST' && path === KEYS) {
        const name = String(json.displayName ?? '');
        if (ring.live().length >= MAX || ring.live().some((key) => key.name === name)) return no(400);
        const key = make(name);
        return { status: 200, json: { accessKey: view(key), secret: key.secret } };
      }
      const id = path.slice(KEYS.length + 1);
      return method === 'DELETE' && ring.end(id) ? { status: 200, json: {} } : no(404);
    },
  });
  return {
    server,
    ring,
    settings: { kind: 'sinch', projectId: PROJECT, apiUrl: server.url },
    env: {},
    fields: { keyId: 'KEY_ID', secret: 'KEY_SECRET' },
    make: () => make(`by hand ${hex(6)}`),
    secretOf: ({ id, secret }) => Secret.fromParts({ keyId: id, secret }),
    strange: () => Secret.fromParts({ keyId: `${hex(8)}-${hex(4)}-${hex(12)}`, secret: hex(40) }),
    recordOf: (secret) => ring.keys.find((one) => one.secret === secret.open('secret')) ?? null,
  };
}
