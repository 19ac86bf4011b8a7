import type * as z from 'zod/mini';
import type { PluginKind, StoreKind } from '../core/plugin.ts';
import type { SecretStore } from '../core/store.ts';

/** A kind of store whose settings only its own schema knows: what `settings` has parsed goes to what `load` gives. */
export interface AnyStoreKind extends PluginKind<unknown, SecretStore> {
  readonly settings: z.ZodMiniType;
}

/** A kind by its name; its settings are loaded when a configuration names it. */
export interface StoreEntry {
  readonly kind: string;
  readonly open: () => Promise<AnyStoreKind>;
}

/** Every store that a configuration can name. A new one is a line here, beside its file or folder. */
export const storeKinds: readonly StoreEntry[] = [
  { kind: 'aws-secrets-manager', open: async () => any((await import('./aws/settings.ts')).awsKind) },
  { kind: 'file', open: async () => any((await import('./file/settings.ts')).fileKind) },
  {
    kind: 'gcp-secret-manager',
    open: async () => any((await import('./gcp/settings.ts')).gcpKind),
  },
  { kind: 'vault', open: async () => any((await import('./vault/settings.ts')).vaultKind) },
];

function any<Settings>(kind: StoreKind<Settings>): AnyStoreKind {
  const load: AnyStoreKind['load'] = async () => {
    const make = await kind.load();
    return (settings, context) => make(settings as Settings, context);
  };
  return { ...kind, settings: kind.settings as z.ZodMiniType, load };
}
