import type { Issuer } from './issuer.ts';
import type { SecretStore } from './store.ts';

/** What the outside world is to an issuer or a store. Nothing else of it may be used. */
export interface PluginContext {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Resolves after this many milliseconds; rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The clear text behind a reference. Throws REFERENCE when there is none. Resolved when used, never kept. */
  readonly resolve: (reference: string) => Promise<string>;
  /** The folder of the configuration file: relative paths begin there. */
  readonly folder: string;
  /** The home folder, for paths that begin with `~`. */
  readonly home: string;
}

/**
 * A schema of zod 4 (`zod/mini` or `zod`), so far as its types can be told without zod: keyturn has zod inside, and who
 * takes it as a package need not. Only a schema that zod made will do: the loader also walks through its parts.
 */
export interface SettingsSchema<Settings> {
  /** The settings with their defaults. Throws where something is wrong. */
  parse(value: unknown): Settings;
  readonly _zod: { readonly def: { readonly type: string } };
}

/** One kind of plugin: its settings, light enough to load always, and itself, loaded on first use. */
export interface PluginKind<Settings, Made> {
  readonly kind: string;
  /** One sentence for the generated table of configuration keys. */
  readonly summary: string;
  /** Schema of its part of the configuration, `kind` included. Strict: an unknown key is an error. */
  readonly settings: SettingsSchema<Settings>;
  readonly load: () => Promise<(settings: Settings, context: PluginContext) => Made>;
}

export interface IssuerKind<Settings = never> extends PluginKind<Settings, Issuer> {
  /**
   * For an issuer where making a key ends the one before: what has that one key, such as a phone number. Two credentials
   * with the same are a mistake in the configuration. Null, or without it: several keys can live at once.
   */
  readonly soleKeyOf?: (settings: Settings) => string | null;
}
export type StoreKind<Settings = never> = PluginKind<Settings, SecretStore>;

/** What a package brings: its main module exports it as `plugin`. */
export interface Plugin {
  /** The versions of the contracts that it was written for, as numbers: not what the installed keyturn has. */
  readonly contracts: { readonly issuer?: number; readonly store?: number };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has settings of its own
  readonly issuers?: readonly IssuerKind<any>[];
  // biome-ignore lint/suspicious/noExplicitAny: each kind has settings of its own
  readonly stores?: readonly PluginKind<any, SecretStore>[];
}
