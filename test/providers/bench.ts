import { stringify } from 'yaml';
import { type Answer, type Bench, openBench } from '../cli/harness.ts';
import type { Provider, StartProvider } from './provider.ts';

export const NAME = 'key-prod';

/** A simulated provider, and the real command line in a folder that is configured for it. */
export interface ProviderBench extends Provider {
  readonly bench: Bench;
  keyturn(...args: readonly string[]): Promise<Answer>;
  /** Takes a key that somebody made at the dashboard under management. */
  adopt(): Promise<void>;
  close(): Promise<void>;
}

export async function openProviderBench(
  start: StartProvider,
  change: {
    readonly policy?: Record<string, unknown>;
    readonly issuer?: Record<string, unknown>;
    /** The id is not a part of the key, so that a person has to give it. */
    readonly adoptsById?: boolean;
  } = {},
): Promise<ProviderBench> {
  const [provider, bench] = await Promise.all([start(), openBench()]);
  Object.assign(bench.env, provider.env);
  const issuer = { ...provider.settings, settles: '0s', timeout: '5s', ...change.issuer };
  await bench.configure(
    stringify({
      version: 1,
      store: { kind: 'file', path: './secrets', identity: 'env:KEYTURN_IDENTITY' },
      policy: { overlap: '0s', ...change.policy },
      issuers: { provider: issuer },
      credentials: {
        [NAME]: { issuer: 'provider', ...(provider.fields === undefined ? {} : { fields: provider.fields }) },
      },
    }),
  );
  return {
    ...provider,
    bench,
    keyturn: (...args) => bench.keyturn(args),
    adopt: async () => {
      const key = provider.make();
      const parts = provider.secretOf(key).openAll();
      const input = provider.fields === undefined ? (parts.value ?? '') : JSON.stringify(parts);
      const named = provider.fields === undefined && change.adoptsById === true ? ['--key', key.id] : [];
      const args = ['adopt', NAME, '--stdin', '--issued-at', 'unknown', ...named];
      const answer = await bench.keyturn(args, { input });
      if (answer.code !== 0) throw new Error(answer.stderr);
    },
    close: async () => {
      await provider.server.close();
      await bench.close();
    },
  };
}
