import type * as z from 'zod/mini';
import type { Credential } from '../core/credential.ts';
import type { Policy } from '../core/policy.ts';

/** What the loader needs of a plugin: its name and the schema of its settings. Its code is not loaded. */
export interface SettingsKind {
  readonly kind: string;
  readonly summary: string;
  readonly settings: z.ZodMiniType;
}

export interface IssuerSettingsKind extends SettingsKind {
  readonly soleKeyOf?: (settings: never) => string | null;
}

/** The plugins that a configuration can name. */
export interface Kinds {
  readonly issuers: readonly IssuerSettingsKind[];
  readonly stores: readonly SettingsKind[];
}

/** A kind by its name alone; the rest of it is loaded when a configuration names it. */
export interface KindEntry<Kind extends SettingsKind = SettingsKind> {
  readonly kind: string;
  readonly open: () => Promise<Kind>;
}

export interface Catalogue {
  readonly issuers: readonly KindEntry<IssuerSettingsKind>[];
  readonly stores: readonly KindEntry[];
}

/** What one configuration needs of the kinds. */
export interface KnownKind {
  readonly kind: string;
  /** Null where the configuration does not name it: making a schema takes time. */
  readonly settings: z.ZodMiniType | null;
}

export type KnownIssuerKind = KnownKind & Pick<IssuerSettingsKind, 'soleKeyOf'>;

export interface KnownKinds {
  readonly issuers: readonly KnownIssuerKind[];
  readonly stores: readonly KnownKind[];
  /** Packages that were to bring more are a mistake already: a kind that is not known may be one of theirs. */
  readonly partial?: boolean;
}

/** Settings of an issuer or a store, as its own schema read them (`kind` included). */
export interface PluginSettings {
  readonly kind: string;
  readonly settings: unknown;
}

export interface IssuerConfig extends PluginSettings {
  readonly name: string;
}

/** A gate that holds the revocation of an old key up while it is used. Durations in milliseconds. */
export interface QuietGate {
  readonly name: string;
  /** How long the key must not have been used. */
  readonly quiet: number;
  /** From when it was replaced: after this it is revoked although it is used. */
  readonly longest: number;
}

/** The part of a policy that a configuration says. Durations in milliseconds. */
export interface ConfiguredPolicy
  extends Pick<Policy, 'maxAge' | 'renewBefore' | 'overlap' | 'lead' | 'acceptGap' | 'gates'> {
  /** Null: no gate asks for the last use. */
  readonly quiet: QuietGate | null;
}

export interface ConfiguredCredential extends Credential {
  readonly policy: ConfiguredPolicy;
  /** The same object for every credential with the same store settings; one of `Config.stores`. */
  readonly store: PluginSettings;
  /** Changes when this credential's keys, or the issuer that makes them, are configured otherwise. */
  readonly digest: string;
}

/** A place that takes the entries of the trail. `id` names it in ledgers; it holds no secret and no machine's path. */
export type Sink = { readonly id: string; readonly required: boolean } & (
  | {
      readonly kind: 'file' /** As written: relative to the configuration's folder, or with `~`. */;
      readonly path: string;
    }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'stderr' }
);

/** One place of the configuration that holds a reference. */
export interface ReferenceUse {
  readonly reference: string;
  readonly path: readonly (string | number)[];
  /** The same path as text, such as `issuers.meta.appSecret`. */
  readonly setting: string;
  readonly line: number;
  readonly owner: { readonly issuer: string } | { readonly store: PluginSettings };
}

/** A configuration that has been read and found right. */
export interface Config {
  readonly version: 1;
  /** Absolute path of the file, and its folder. */
  readonly file: string;
  readonly folder: string;
  /** Every store that a credential uses, each once. */
  readonly stores: readonly PluginSettings[];
  readonly issuers: ReadonlyMap<string, IssuerConfig>;
  /** In the order of the file. */
  readonly credentials: readonly ConfiguredCredential[];
  readonly trail: { readonly sinks: readonly Sink[] };
  readonly references: readonly ReferenceUse[];
}
