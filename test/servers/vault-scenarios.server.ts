import { afterAll, beforeAll } from 'vitest';
import type { ScenarioBench } from './scenarios/bench.ts';
import { type Manners, startHttpFront } from './scenarios/http-front.ts';
import { scenarios } from './scenarios/scenarios.ts';
import { anotherLocation, startBench, type VaultBench } from './vault-bench.ts';

let vault: VaultBench;
beforeAll(async () => {
  vault = await startBench();
});
afterAll(() => vault.stop());

/** Marks and versions are new each time; what is asked of Vault is the same. */
const vaultManners: Manners = {
  nameOf: ({ method, path }) => `${method} ${path.replaceAll(/\?.*$/g, '')}`,
  refuse: (verdict) => {
    const status = { busy: 429, broken: 500, denied: 403 }[verdict];
    const error = {
      busy: 'request path: rate limit quota exceeded',
      broken: 'internal error',
      denied: 'permission denied',
    };
    return {
      status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ errors: [error[verdict]] }),
    };
  },
};

async function open(): Promise<ScenarioBench> {
  const front = await startHttpFront(vault.url, vaultManners);
  return {
    front,
    store: `{ kind: vault, address: "${front.url}", auth: { method: token, token: "env:VAULT_TEST_TOKEN" } }`,
    env: { VAULT_TEST_TOKEN: vault.rootToken },
    openStore: () => vault.open({ address: front.url, auth: { method: 'token', token: 'env:VAULT_TOKEN' } }),
    location: anotherLocation,
    consume: async (location) => {
      const { status, json } = await vault.api('GET', `secret/data/${location}`);
      return status === 404 ? null : json.data.data.value;
    },
    overwrite: async (location, value) => {
      await vault.api('POST', `secret/data/${location}`, { data: { value } });
    },
    denial: ({ name }) => {
      // Whoever may not ask for his rights is told when he uses them.
      if (name.includes('/sys/capabilities-self')) return null;
      if (name.includes('/sys/internal/ui/mounts/')) {
        return { says: 'nothing that this token may use is mounted', grant: 'give the role its policy' };
      }
      const path = name.replace(/^.*\/v1\//, '');
      return { says: 'no right to', grant: `path "${path.split('/').slice(0, 2).join('/')}` };
    },
    close: front.close,
  };
}

scenarios({ name: 'vault on a real core', open });
