import { afterAll, beforeAll, expect, test } from 'vitest';
import { started } from './server.ts';
import { type RunningVault, vaultServer } from './vault.ts';

let vault: RunningVault;

beforeAll(async () => {
  vault = await started(vaultServer);
});
afterAll(() => vault.stop());

test('the core is a real Vault of the version that the facts are about, unsealed', async () => {
  const reply = await fetch(`${vault.url}/v1/sys/health`);
  expect(reply.status).toBe(200);
  expect(await reply.json()).toMatchObject({ initialized: true, sealed: false, standby: false });
});
