import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, type ProviderKey, type Say, startServer } from './server.ts';

const ACCOUNT = `AC${'0123456789abcdef'.repeat(2)}`;
const PAGE = 2;
const KEY_PATH = /^\/v1\/Keys\/(SK[0-9a-f]{32})$/;

const no = (status: number, code: number): Say => ({
  status,
  json: { code, message: 'no', more_info: `https://www.twilio.com/docs/errors/${code}`, status },
});

/** https://www.twilio.com/docs/iam/api-keys/key-resource-v1: pages of two keys, dates of RFC 2822. */
export async function startTwilio(): Promise<Provider> {
  const ring = keyring();
  const authToken = hex(32);
  const isTry = ({ path }: Ask) => path.startsWith('/2010-04-01/');
  const make = (name: string) => ring.add({ id: `SK${hex(32)}`, secret: hex(32), name });
  const view = ({ id, name, madeAt }: ProviderKey) => ({
    sid: id,
    friendly_name: name,
    date_created: new Date(madeAt).toUTCString().replace('GMT', '+0000'),
    date_updated: new Date(madeAt).toUTCString().replace('GMT', '+0000'),
  });
  const list = (query: URLSearchParams): Say => {
    const from = Number(query.get('Page') ?? 0) * PAGE;
    const all = ring.live();
    const more = from + PAGE < all.length;
    const next = `${server.url}/v1/Keys?AccountSid=${ACCOUNT}&PageSize=${PAGE}&Page=${from / PAGE + 1}&PageToken=x`;
    const keys = all
      .slice(from, from + PAGE)
      .map((key) => ({ ...view(key), flags: ['rest_api', 'signing'] }));
    return { status: 200, json: { keys, meta: { page: from / PAGE, next_page_url: more ? next : null } } };
  };
  const server = await startServer({
    denied: no(401, 20003),
    creates: ({ method, path }) => method === 'POST' && path === '/v1/Keys',
    tries: isTry,
    route: (ask) => {
      const { method, path, basic, form, query } = ask;
      if (isTry(ask)) {
        const key = ring.accepted(basic?.password);
        if (key === null || key.id !== basic?.user) return no(401, 20003);
        return { status: 200, json: { account_sid: ACCOUNT, balance: '7.12', currency: 'USD' } };
      }
      if (basic?.user !== ACCOUNT || basic.password !== authToken) return no(401, 20003);
      if (method === 'GET' && path === '/v1/Keys') return list(query);
      if (method === 'POST' && path === '/v1/Keys') {
        const name = form.get('FriendlyName') ?? '';
        if (form.get('AccountSid') !== ACCOUNT || name.length > 64) return no(400, 20001);
        const key = make(name);
        return { status: 201, json: { ...view(key), secret: key.secret, policy: null } };
      }
      const id = KEY_PATH.exec(path)?.[1];
      if (method !== 'DELETE' || id === undefined) return no(404, 20404);
      return ring.end(id) ? { status: 204 } : no(404, 20404);
    },
  });
  return {
    server,
    ring,
    settings: {
      kind: 'twilio',
      accountSid: ACCOUNT,
      authToken: 'env:TWILIO_AUTH_TOKEN',
      iamUrl: server.url,
      apiUrl: server.url,
    },
    env: { TWILIO_AUTH_TOKEN: authToken },
    fields: { sid: 'SID', secret: 'SECRET' },
    make: () => make('by hand'),
    secretOf: ({ id, secret }) => Secret.fromParts({ sid: id, secret }),
    strange: () => Secret.fromParts({ sid: `SK${hex(32)}`, secret: hex(32) }),
    recordOf: (secret) => ring.keys.find(({ secret: own }) => own === secret.open('secret')) ?? null,
  };
}

/** https://www.twilio.com/docs/iam/api/authtoken: a primary and at most one secondary; promote ends the primary. */
export async function startTwilioToken(): Promise<Provider> {
  const ring = keyring();
  const make = () => ring.add({ id: hex(8), secret: hex(32) });
  const isTry = ({ path }: Ask) => path.startsWith('/2010-04-01/');
  const server = await startServer({
    denied: no(401, 20003),
    creates: ({ method, path }) => method === 'POST' && path === '/v1/AuthTokens/Secondary',
    tries: isTry,
    route: (ask) => {
      const { method, path, basic } = ask;
      const caller = basic?.user === ACCOUNT ? ring.accepted(basic.password) : null;
      if (caller === null) return no(401, 20003);
      if (isTry(ask))
        return { status: 200, json: { account_sid: ACCOUNT, balance: '7.12', currency: 'USD' } };
      const [primary, secondary] = ring.live();
      const at = new Date().toISOString();
      if (path === '/v1/AuthTokens/Promote' && method === 'POST') {
        if (primary === undefined || secondary === undefined) return no(404, 20404);
        ring.end(primary.id);
        return {
          status: 200,
          json: { account_sid: ACCOUNT, auth_token: secondary.secret, date_created: at },
        };
      }
      if (path !== '/v1/AuthTokens/Secondary') return no(404, 20404);
      if (method === 'POST') {
        if (secondary !== undefined) return no(400, 20001);
        return {
          status: 201,
          json: { account_sid: ACCOUNT, secondary_auth_token: make().secret, date_created: at },
        };
      }
      return secondary !== undefined && ring.end(secondary.id) ? { status: 204 } : no(404, 20404);
    },
  });
  return {
    server,
    ring,
    settings: {
      kind: 'twilio-auth-token',
      accountSid: ACCOUNT,
      accountsUrl: server.url,
      apiUrl: server.url,
    },
    env: {},
    make,
    secretOf: ({ secret }) => Secret.of(secret),
    strange: () => Secret.of(hex(32)),
    recordOf: (secret) => ring.keys.find(({ secret: own }) => own === secret.open()) ?? null,
  };
}
