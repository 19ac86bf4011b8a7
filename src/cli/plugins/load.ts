import { createRequire } from 'node:module';
import type { PluginFault } from '../../config/load.ts';
import { ISSUER_CONTRACT } from '../../core/issuer.ts';
import type { PluginKind } from '../../core/plugin.ts';
import { STORE_CONTRACT } from '../../core/store.ts';
import type { AnyIssuerKind, IssuerEntry } from '../../issuers/registry.ts';
import type { AnyStoreKind, StoreEntry } from '../../stores/registry.ts';
import { findPackage } from './find.ts';

/** What packages bring, in the form of the registries. */
export interface Brought {
  readonly issuers: readonly IssuerEntry[];
  readonly stores: readonly StoreEntry[];
}

const KIND = /^[a-z0-9][a-z0-9-]{0,62}$/;
const NOTHING: Brought = { issuers: [], stores: [] };

/** Loads packages by their exact names. Each that brings nothing is a fault of its own. */
export async function loadPlugins(
  names: readonly string[],
  folder: string,
  present: Brought,
): Promise<{ readonly brought: Brought; readonly faults: readonly PluginFault[] }> {
  let brought = NOTHING;
  const faults: PluginFault[] = [];
  for (const [at, name] of names.entries()) {
    const found = loadOne(name, folder);
    const fault = typeof found === 'string' ? found : clash(found, [present, brought]);
    if (typeof found === 'string' || fault !== null) {
      const reason = `the plugin ${name} cannot be used: ${fault}`;
      faults.push({ at, reason, remedy: typeof found === 'string' ? installed(name) : without(name) });
    } else {
      brought = {
        issuers: [...brought.issuers, ...found.issuers],
        stores: [...brought.stores, ...found.stores],
      };
    }
  }
  return { brought, faults };
}

function installed(name: string): string {
  return `run npm install ${name} in the project of the configuration, in a version for this keyturn`;
}

function without(name: string): string {
  return `take ${name} out of plugins, or install a version of it whose kinds have names of their own`;
}

/** A text says why the package brings nothing. */
function loadOne(name: string, folder: string): Brought | string {
  const found = findPackage(name, folder);
  if (typeof found === 'string') return found;
  let module: unknown;
  try {
    module = createRequire(found.entry)(found.entry);
  } catch (caught) {
    // Of a foreign error only its name is taken over.
    return `its main module fails when it is loaded (${caught instanceof Error ? caught.name : typeof caught})`;
  }
  return readPlugin(mapIn(module).plugin);
}

function readPlugin(exported: unknown): Brought | string {
  const plugin = mapIn(exported);
  const contracts = mapIn(plugin.contracts);
  const issuers = kindsIn(plugin.issuers);
  const stores = kindsIn(plugin.stores);
  if (issuers === null || stores === null || issuers.length + stores.length === 0) {
    return 'its main module exports no plugin: { contracts, issuers or stores }';
  }
  return (
    versionFault('issuer', issuers, contracts.issuer, ISSUER_CONTRACT) ??
    versionFault('store', stores, contracts.store, STORE_CONTRACT) ?? {
      issuers: issuers.map((kind) => ({ kind: kind.kind, open: async () => kind as AnyIssuerKind })),
      stores: stores.map((kind) => ({ kind: kind.kind, open: async () => kind as AnyStoreKind })),
    }
  );
}

function versionFault(what: string, kinds: readonly unknown[], built: unknown, ours: number): string | null {
  if (kinds.length === 0 || built === ours) return null;
  const other = typeof built === 'number' ? `version ${built}` : 'no version';
  return `it was written for ${other} of the ${what} contract; this keyturn has version ${ours}`;
}

/** Null where it is no list of kinds. */
function kindsIn(value: unknown): readonly PluginKind<unknown, unknown>[] | null {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every(isKind)) return null;
  return value;
}

function isKind(value: unknown): value is PluginKind<unknown, unknown> {
  const { kind, summary, settings, load } = mapIn(value);
  const isSchema = typeof mapIn(mapIn(settings)._zod).def === 'object';
  const named = typeof kind === 'string' && KIND.test(kind) && typeof summary === 'string';
  return named && isSchema && typeof load === 'function';
}

/** Two kinds of one name would leave open which of them is meant. */
function clash(found: Brought, present: readonly Brought[]): string | null {
  for (const what of ['issuers', 'stores'] as const) {
    const own = found[what].map(({ kind }) => kind);
    const taken = present.flatMap((one) => one[what].map(({ kind }) => kind));
    const clashing = own.find((kind) => taken.includes(kind));
    if (clashing !== undefined) return `there is another kind ${clashing} already`;
    const twice = own.find((kind, at) => own.indexOf(kind) !== at);
    if (twice !== undefined) return `it brings the kind ${twice} twice`;
  }
  return null;
}

function mapIn(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>) : {};
}
