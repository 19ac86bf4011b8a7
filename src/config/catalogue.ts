import type { Catalogue, KindEntry, Kinds, KnownKind, KnownKinds, SettingsKind } from './config.ts';

/** Every kind, with its settings. */
export async function openAll(catalogue: Catalogue): Promise<Kinds> {
  const open = (entries: readonly KindEntry[]): Promise<readonly SettingsKind[]> =>
    Promise.all(entries.map((entry) => entry.open()));
  const [issuers, stores] = await Promise.all([open(catalogue.issuers), open(catalogue.stores)]);
  return { issuers, stores };
}

/** The kinds, of which those have settings that this configuration names. */
export async function openNamed(catalogue: Catalogue, configuration: unknown): Promise<KnownKinds> {
  const root = mapIn(configuration);
  const stores = [root.store, ...Object.values(mapIn(root.credentials)).map((one) => mapIn(one).store)];
  const open = (
    entries: readonly KindEntry[],
    plugins: readonly unknown[],
  ): Promise<readonly KnownKind[]> => {
    const named = new Set(plugins.map((plugin) => mapIn(plugin).kind));
    return Promise.all(
      entries.map((entry) => (named.has(entry.kind) ? entry.open() : { kind: entry.kind, settings: null })),
    );
  };
  const [issuers, known] = await Promise.all([
    open(catalogue.issuers, Object.values(mapIn(root.issuers))),
    open(catalogue.stores, stores),
  ]);
  return { issuers, stores: known };
}

function mapIn(value: unknown): Readonly<Record<string, unknown>> {
  const isMap = value !== null && typeof value === 'object' && !Array.isArray(value);
  return isMap ? (value as Readonly<Record<string, unknown>>) : {};
}
