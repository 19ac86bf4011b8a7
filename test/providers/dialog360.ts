import { Secret } from '../../src/core/secret.ts';
import type { Provider } from './provider.ts';
import { type Ask, hex, keyring, startServer } from './server.ts';

const CREATE = '/api/v2/partners/partner1/channels/channel1/api_keys';

/** https://docs.360dialog.com/partner/partner-hub/api-keys: making a key ends every other one of the number. */
export async function startDialog360(): Promise<Provider> {
  const ring = keyring();
  const partnerKey = hex(40);
  const denied = { status: 401, json: { meta: { success: false, http_code: 401 } } };
  const isTry = ({ path }: Ask) => path === '/v1/configs/webhook';
  const make = () => {
    for (const key of ring.live()) ring.end(key.id);
    return ring.add({ id: hex(6), secret: `${hex(26)}_AK` });
  };
  const server = await startServer({
    denied,
    creates: ({ method, path }) => method === 'POST' && path === CREATE,
    tries: isTry,
    route: (ask) => {
      if (isTry(ask)) {
        const known = ring.accepted(ask.headers['d360-api-key']) !== null;
        return known ? { status: 200, json: { url: 'https://hook.example' } } : denied;
      }
      if (ask.headers['x-api-key'] !== partnerKey) return denied;
      if (ask.method !== 'POST' || ask.path !== CREATE) return { status: 404, json: {} };
      const { id, secret } = make();
      return {
        status: 201,
        json: { address: 'https://waba-v2.360dialog.io', api_key: secret, app_id: 'app1', id },
      };
    },
  });
  return {
    server,
    ring,
    settings: {
      kind: '360dialog',
      partnerId: 'partner1',
      channelId: 'channel1',
      partnerKey: 'env:PARTNER_KEY',
      hubUrl: `${server.url}/api/v2`,
      messagingUrl: server.url,
    },
    env: { PARTNER_KEY: partnerKey },
    make,
    secretOf: ({ secret }) => Secret.of(secret),
    strange: () => Secret.of(`${hex(26)}_AK`),
    recordOf: (key) => ring.keys.find((one) => one.secret === key.open()) ?? null,
  };
}
