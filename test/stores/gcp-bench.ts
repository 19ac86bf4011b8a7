import { setTimeout as delay } from 'node:timers/promises';
import { createGcpStore, type GcpStore } from '../../src/stores/gcp/index.ts';
import type { GcpSettings } from '../../src/stores/gcp/settings.ts';
import { type GoogleFake, startGoogleFake } from '../servers/google-fake/server.ts';
import { contextIn } from './plugin-context.ts';

/** A store of Google on the fake, and the means to look at it from outside. */
export interface GcpBench {
  readonly fake: GoogleFake;
  readonly store: GcpStore;
  /** Another store on the same project, as another process would have. */
  open(settings?: Partial<GcpSettings>): GcpStore;
  /** The name of a secret, as requests have it. */
  path(secret: string): string;
  consume(location: string): Promise<string | null>;
  overwrite(location: string, text: string): Promise<void>;
  close(): Promise<void>;
}

export type Variant = 'alias' | 'latest' | 'aliasOnly';

export const VARIANTS: Readonly<Record<Variant, Partial<GcpSettings>>> = {
  alias: {},
  latest: { mode: 'latest', accept: 'race' },
  aliasOnly: { aliasOnly: true },
};

export async function openGcp(variant: Variant): Promise<GcpBench> {
  const fake = await startGoogleFake();
  const opened: GcpStore[] = [];
  const open: GcpBench['open'] = (settings = {}) => {
    const all: GcpSettings = {
      kind: 'gcp-secret-manager',
      project: fake.project,
      endpoint: fake.url,
      ...VARIANTS[variant],
      ...settings,
    };
    const store = createGcpStore(all, contextIn('/nowhere', {}));
    opened.push(store);
    return store;
  };
  const path = (secret: string) => `projects/${fake.project}/secrets/${secret}`;
  const which = variant === 'latest' ? 'latest' : 'current';
  return {
    fake,
    store: open(),
    open,
    path,
    consume: async (location) => {
      const name = `${path(location)}/versions/${which}`;
      try {
        const reply = fake.ask('AccessSecretVersion', { name }) as { payload: { data: Buffer } };
        return reply.payload.data.toString('utf8');
      } catch {
        // Nothing is there for consumers.
        return null;
      }
    },
    overwrite: async (location, text) => {
      const name = path(location);
      const parent = `projects/${fake.project}`;
      if (!fake.world.has(name)) {
        fake.ask('CreateSecret', { parent, secretId: location, secret: { replication: { automatic: {} } } });
      }
      const added = fake.ask('AddSecretVersion', { parent: name, payload: { data: Buffer.from(text) } });
      if (variant === 'latest') return;
      const number = (added as { name: string }).name.split('/').at(-1) ?? '';
      const versionAliases = { ...fake.world.now(name).aliases, current: number };
      fake.ask('UpdateSecret', {
        secret: { name, versionAliases },
        updateMask: { paths: ['version_aliases'] },
      });
    },
    close: async () => {
      for (const one of opened) await one.close?.();
      await fake.stop();
      await delay(0);
    },
  };
}
