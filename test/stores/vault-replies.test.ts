import { expect, it, onTestFinished } from 'vitest';
import * as z from 'zod/mini';
import { createVaultStore } from '../../src/stores/vault/index.ts';
import { vaultSettings } from '../../src/stores/vault/settings.ts';
import { contextIn } from './plugin-context.ts';
import { listen, say } from './vault-listener.ts';

const { signal } = new AbortController();
const metadata = { created_time: '2026-11-25T19:46:51.697641083Z', deletion_time: '', version: 3 };

it.each([[null], [[]], ['text'], [7]])(
  'a version whose fields are %j is a reply that cannot be understood, not a defect',
  async (fields) => {
    const server = await listen((_, reply) => say(reply, 200, { data: { data: fields, metadata } }));
    onTestFinished(server.close);
    const settings = { kind: 'vault', address: server.url, auth: { method: 'token', token: 'env:T' } };
    const store = createVaultStore(z.parse(vaultSettings, settings), {
      ...contextIn('/nowhere', { T: 'hvs.not-a-token' }),
      now: () => 0,
    });
    const at = { credential: 'wa-prod', location: 'prod/token' };
    const bad = { code: 'BAD_REPLY' };
    await expect(store.read('prod/token', { mark: 'r1.1' }, signal)).rejects.toMatchObject(bad);
    await expect(store.ledgers.load(at, signal)).rejects.toMatchObject(bad);
  },
);
