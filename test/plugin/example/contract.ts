import { Secret } from 'keyturn';
import { issuerContract } from 'keyturn/contracts/issuer';
import { plugin } from './index.js';
import { ADMIN_TOKEN, startAcme } from './server.js';

const context = {
  now: () => Date.now(),
  random: (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)),
  sleep: async () => undefined,
  resolve: async () => ADMIN_TOKEN,
  folder: '/',
  home: '/',
};

issuerContract('acme', async () => {
  const acme = await startAcme();
  const [kind] = plugin.issuers ?? [];
  if (kind === undefined) throw new Error('the plugin brings no issuer');
  const make = await kind.load();
  const settings = kind.settings.parse({ kind: 'acme', url: acme.url, adminToken: 'env:A', timeoutMs: 500 });
  return {
    issuer: make(settings, context),
    liveKey: async () => Secret.of(acme.make()),
    deadKey: async () => Secret.of('a key that was there once'.replaceAll(' ', '-')),
    unknownKey: async () => Secret.of('a key that never was there'.replaceAll(' ', '-')),
    accepts: async (key) => acme.live.has(key.open() ?? ''),
    state: () => [...acme.live].join(),
    creates: acme.creates,
    requests: acme.requests,
    verifiesAlone: true,
    failures: ['silent', 'reset', 'html', 'cut', 'lost', 'refused'],
    fail: acme.fail,
    canaries: [ADMIN_TOKEN],
    close: acme.close,
  };
});
