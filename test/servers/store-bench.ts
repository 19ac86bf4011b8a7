import { setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { KeyturnError } from '../../src/core/errors.ts';
import { parseLedger } from '../../src/core/ledger.ts';
import { storeKinds } from '../../src/stores/registry.ts';
import { contextIn } from '../stores/plugin-context.ts';
import { installServer } from './list.ts';
import { ministackServer } from './ministack.ts';
import { launch } from './process.ts';
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

/** How many ledgers are written at once. */
const AT_ONCE = 8;

/**
 * Gives credentials the ledger that a rotation left to another one, through the store itself. To rotate each of them
 * takes thirty times as long, and leaves the same behind.
 */
export async function copyLedger(
  { store, env }: Pick<ServedStore, 'store' | 'env'>,
  from: string,
  names: readonly string[],
): Promise<void> {
  // The client library of AWS looks here, and nowhere else.
  Object.assign(process.env, env);
  const entry = storeKinds.find(({ kind }) => kind === store.kind);
  if (entry === undefined) throw new Error(`there is no store ${String(store.kind)}`);
  const kind = await entry.open();
  const opened = (await kind.load())(kind.settings.parse(store), {
    ...contextIn('/nowhere', env),
    now: () => Date.now(),
  });
  const { ledgers } = opened;
  const { signal } = new AbortController();
  // Each call listens to it while it is under way.
  setMaxListeners(0, signal);
  const held = await ledgers?.load({ credential: from, location: from }, signal);
  if (ledgers === undefined || held === undefined || held === null) throw new Error(`${from} has no ledger`);
  const queue = [...names];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const document = JSON.stringify({ ...parseLedger(held.document, from), credential: name });
      await ledgers.save({ credential: name, location: name }, document, null, signal).catch(unlessThere);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await opened.close?.();
}

function unlessThere(caught: unknown): void {
  if (!(caught instanceof KeyturnError) || caught.code !== 'CONFLICT') throw caught;
}

/** What `node bin/dev/bench-stores.mjs` measures. Null: the server cannot be had here. */
export const servedStores: Readonly<Record<string, () => Promise<ServedStore | null>>> = {
  google: async () => {
    const program = fileURLToPath(new URL('google-fake/program.mjs', import.meta.url));
    const fake = launch({ program: process.execPath, args: [program] });
    const url = await fake.firstLine;
    return {
      store: { kind: 'gcp-secret-manager', project: 'fake-project', endpoint: url },
      env: {},
      floor: `
        import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
        import { grpc, GoogleAuth, googleAuthLibrary } from 'google-gax';
        const client = new SecretManagerServiceClient({
          apiEndpoint: '127.0.0.1',
          port: ${new URL(url).port},
          sslCreds: grpc.credentials.createInsecure(),
          auth: new GoogleAuth({ authClient: new googleAuthLibrary.PassThroughClient() }),
        });
        await client.getSecret({ name: 'projects/fake-project/secrets/nothing' }).catch(() => undefined);
        process.exit();
      `,
      stop: fake.stop,
    };
  },
  aws: async () => {
    if ((await installServer(ministackServer)) !== null) return null;
    const { url, stop } = await started(ministackServer);
    return {
      store: { kind: 'aws-secrets-manager', region: 'eu-central-1', endpoint: url },
      env: {
        AWS_ACCESS_KEY_ID: '123456789012',
        AWS_SECRET_ACCESS_KEY: 'plainly-fake',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      },
      floor: `
        import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
        const client = new SecretsManagerClient({ region: 'eu-central-1', endpoint: ${JSON.stringify(url)} });
        await client.send(new GetSecretValueCommand({ SecretId: 'nothing' })).catch(() => undefined);
        process.exit(0);
      `,
      stop,
    };
  },

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
