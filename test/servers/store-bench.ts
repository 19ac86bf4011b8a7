import { installServer } from './list.ts';
import { started } from './server.ts';
import { vaultServer } from './vault.ts';

/** A store on a server, for the benchmarks. */
export interface ServedStore {
  /** The lines of `store` in a configuration, as JSON. */
  readonly store: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  /** A module that loads the client library as it comes, makes one call to the server, and ends. */
  readonly floor: string;
  stop(): Promise<void>;
}

/** What `node bin/dev/bench-stores.mjs` measures. Null: the server cannot be had here. */
export const servedStores: Readonly<Record<string, () => Promise<ServedStore | null>>> = {
  vault: async () => {
    if ((await installServer(vaultServer)) !== null) return null;
    const { url, rootToken, stop } = await started(vaultServer);
    await fetch(`${url}/v1/sys/mounts/secret`, {
      method: 'POST',
      headers: { 'X-Vault-Token': rootToken },
      body: JSON.stringify({ type: 'kv', options: { version: '2' } }),
    });
    return {
      store: { kind: 'vault', address: url, auth: { method: 'token', token: 'env:BENCH_TOKEN' } },
      env: { BENCH_TOKEN: rootToken },
      floor: `
        import makeClient from 'node-vault';
        const client = makeClient({ endpoint: ${JSON.stringify(url)}, token: process.env.BENCH_TOKEN });
        await client.read('secret/data/nothing').catch(() => undefined);
      `,
      stop,
    };
  },
};
