import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledgerContract } from '../contracts/ledger.ts';
import { storeContract } from '../contracts/store.ts';
import { startBench, type VaultBench } from './vault-bench.ts';

let vault: VaultBench;
beforeAll(async () => {
  vault = await startBench();
});
afterAll(() => vault.stop());

test('the core is a real Vault, unsealed', async () => {
  const reply = await fetch(`${vault.url}/v1/sys/health`);
  expect(reply.status).toBe(200);
  expect(await reply.json()).toMatchObject({ initialized: true, sealed: false, standby: false });
});

let count = 0;
const another = () => {
  count += 1;
  return count % 2 === 0 ? `place-${count}` : `prod/whats app/tok\u00e9n%2F#?-${count}`;
};
const inUrl = (location: string) => location.split('/').map(encodeURIComponent).join('/');

storeContract('vault on a real core', async () => ({
  store: vault.open(),
  location: another,
  reopen: async () => vault.open(),
  overwrite: async (location, value) => {
    await vault.api('POST', `secret/data/${inUrl(location)}`, { data: { value } });
  },
  consume: async (location) => {
    const { status, json } = await vault.api('GET', `secret/data/${inUrl(location)}`);
    return status === 404 ? null : json.data.data.value;
  },
  close: async () => undefined,
}));

ledgerContract('vault on a real core', async () => ({
  ledgers: vault.open().ledgers,
  address: () => ({ credential: 'wa-prod', location: another() }),
  reopen: async () => vault.open().ledgers,
  close: async () => undefined,
}));
