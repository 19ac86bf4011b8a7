import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, type Say, startServer } from './server.ts';

const API_KEY = 'abcd1234';
const BASE = `/accounts/${API_KEY}/secrets`;

const no = (status: number, type: string): Say => ({
  status,
  json: { type: `https://developer.nexmo.com/api-errors/account/secret-management#${type}`, title: 'no' },
});

/** https://developer.vonage.com/account/secret-management: the client invents the secret; two live at most. */
export async function startVonage(): Promise<Provider> {
  const ring = keyring();
  const make = (secret: string) => ring.add({ id: `${hex(8)}-${hex(4)}`, secret });
  const view = ({ id, madeAt }: { id: string; madeAt: number }) => ({
    id,
    created_at: new Date(madeAt).toISOString(),
    _links: { self: { href: `${BASE}/${id}` } },
  });
  const isTry = ({ method, path }: Ask) => method === 'GET' && path === BASE;
  const server = await startServer({
    denied: no(401, 'unauthorized'),
    creates: ({ method }) => method === 'POST',
    // The list and the test of a secret are one request.
    tries: () => false,
    route: (ask) => {
      const { method, path, basic, json } = ask;
      if (basic?.user !== API_KEY || ring.accepted(basic.password) === null) return no(401, 'unauthorized');
      if (isTry(ask)) return { status: 200, json: { _embedded: { secrets: ring.live().map(view) } } };
      if (method === 'POST' && path === BASE) {
        const { secret } = json;
        const strong =
          typeof secret === 'string' && /^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9]).{8,25}$/.test(secret);
        if (!strong) return no(400, 'validation');
        if (ring.live().length >= 2) return no(400, 'add-secret');
        return { status: 201, json: view(make(secret)) };
      }
      const id = path.startsWith(`${BASE}/`) ? path.slice(BASE.length + 1) : '';
      if (method !== 'DELETE' || !ring.live().some((key) => key.id === id)) return no(404, 'invalid-secret');
      if (ring.live().length === 1) return no(403, 'delete-last-secret');
      ring.end(id);
      return { status: 204 };
    },
  });
  const secret = () => `aB3${hex(20)}`;
  return {
    server,
    ring,
    settings: { kind: 'vonage', apiKey: API_KEY, apiUrl: server.url },
    env: {},
    make: () => make(secret()),
    secretOf: (key) => Secret.of(key.secret),
    strange: () => Secret.of(secret()),
    recordOf: (key) => ring.keys.find((one) => one.secret === key.open()) ?? null,
  };
}
