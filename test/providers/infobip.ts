import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, type ProviderKey, type Say, startServer } from './server.ts';

const KEYS = '/settings/2/api-keys';
const PAGE = 2;
const YEAR = 365 * 86_400_000;

const no = (status: number, errorCode: string): Say => ({
  status,
  json: { errorCode, description: 'no', action: 'mend it', violations: [], resources: [] },
});

/**
 * https://www.infobip.com/docs/api/platform/account-management: keys are disabled and never deleted, times have no
 * offset, the secret of every key stands in the list, and pages count from 0.
 */
export async function startInfobip(): Promise<Provider> {
  const ring = keyring();
  const password = hex(24);
  const make = (name: string) => ring.add({ id: hex(32), secret: `${hex(32)}-${hex(8)}`, name });
  const plain = (ms: number) => new Date(ms).toISOString().slice(0, 19);
  const view = ({ id, name, secret, madeAt, deadFrom }: ProviderKey) => ({
    id,
    apiKeySecret: secret,
    accountId: '8F0792F86035A9F4290821F1EE6BC06A',
    name,
    allowedIPs: [],
    validFrom: plain(madeAt),
    validTo: plain(madeAt + YEAR),
    enabled: deadFrom === null,
    permissions: ['PUBLIC_API'],
  });
  const isTry = ({ path }: Ask) => path === '/account/1/balance';
  const server = await startServer({
    denied: no(401, 'E401'),
    creates: ({ method, path }) => method === 'POST' && path === KEYS,
    tries: isTry,
    route: (ask) => {
      const { method, path, basic, json, query } = ask;
      if (isTry(ask)) {
        return ring.accepted(ask.after('App')) === null ? no(401, 'E401') : no(403, 'E403');
      }
      if (basic?.user !== 'keyturn' || basic.password !== password) return no(401, 'E401');
      if (method === 'GET' && path === KEYS) {
        const page = Number(query.get('page') ?? 0);
        const totalPages = Math.ceil(ring.keys.length / PAGE);
        const apiKeys = ring.keys.slice(page * PAGE, (page + 1) * PAGE).map(view);
        return { status: 200, json: { apiKeys, paging: { page, pageSize: PAGE, totalPages } } };
      }
      if (method === 'POST' && path === KEYS) {
        if (typeof json.name !== 'string') return no(400, 'E400');
        return { status: 200, json: view(make(json.name)) };
      }
      const id = path.slice(KEYS.length + 1);
      const key = ring.keys.find((one) => one.id === id);
      if (method !== 'PUT' || key === undefined || json.enabled !== false) return no(404, 'E404');
      ring.end(id);
      return { status: 200, json: view(key) };
    },
  });
  return {
    server,
    ring,
    settings: {
      kind: 'infobip',
      baseUrl: server.url,
      auth: { basic: { user: 'keyturn', password: 'env:INFOBIP_PASSWORD' } },
    },
    env: { INFOBIP_PASSWORD: password },
    make: () => make('by hand'),
    secretOf: ({ secret }) => Secret.of(secret),
    strange: () => Secret.of(`${hex(32)}-${hex(8)}`),
    recordOf: (key) => ring.keys.find((one) => one.secret === key.open()) ?? null,
  };
}
