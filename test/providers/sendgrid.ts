import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, type Say, startServer } from './server.ts';

const no = (status: number): Say => ({ status, json: { errors: [{ message: 'no', field: null }], id: 'x' } });

/** https://www.twilio.com/docs/sendgrid/api-reference/api-keys: names need not differ, 100 keys at most. */
export async function startSendgrid(max = 100): Promise<Provider> {
  const ring = keyring();
  const admin = `SG.${hex(22)}.${hex(43)}`;
  const make = (name: string) => {
    const id = hex(22);
    return ring.add({ id, secret: `SG.${id}.${hex(43)}`, name });
  };
  const isTry = ({ path }: Ask) => path === '/v3/scopes';
  const server = await startServer({
    denied: no(401),
    creates: ({ method, path }) => method === 'POST' && path === '/v3/api_keys',
    tries: isTry,
    route: (ask) => {
      const { method, path, json } = ask;
      const bearer = ask.after('Bearer');
      if (isTry(ask))
        return ring.accepted(bearer) === null ? no(401) : { status: 200, json: { scopes: ['mail.send'] } };
      if (bearer !== admin) return no(401);
      if (method === 'GET' && path === '/v3/api_keys') {
        const result = ring.live().map(({ id, name }) => ({ api_key_id: id, name }));
        return { status: 200, json: { result } };
      }
      if (method === 'POST' && path === '/v3/api_keys') {
        if (ring.live().length >= max) return no(403);
        const { id, secret, name } = make(String(json.name));
        return { status: 201, json: { api_key: secret, api_key_id: id, name, scopes: json.scopes ?? [] } };
      }
      const id = path.slice('/v3/api_keys/'.length);
      return method === 'DELETE' && ring.end(id) ? { status: 204 } : no(404);
    },
  });
  return {
    server,
    ring,
    settings: {
      kind: 'sendgrid',
      adminKey: 'env:SENDGRID_ADMIN_KEY',
      scopes: ['mail.send'],
      apiUrl: `${server.url}/v3`,
    },
    env: { SENDGRID_ADMIN_KEY: admin },
    make: () => make('by hand'),
    secretOf: ({ secret }) => Secret.of(secret),
    strange: () => Secret.of(`SG.${hex(22)}.${hex(43)}`),
    recordOf: (key) => ring.keys.find((one) => one.secret === key.open()) ?? null,
  };
}
