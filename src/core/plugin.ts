import * as z from 'zod/mini';
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

/** One kind of plugin: its settings, light enough to load always, and itself, loaded on first use. */
export interface PluginKind<Settings, Made> {
  readonly kind: string;
  /** One sentence for the generated table of configuration keys. */
  readonly summary: string;
  /** Schema of its part of the configuration, `kind` included. Strict: an unknown key is an error. */
  readonly settings: z.ZodMiniType<Settings>;
  readonly load: () => Promise<(settings: Settings, context: PluginContext) => Made>;
}

export type IssuerKind<Settings = never> = PluginKind<Settings, Issuer>;
export type StoreKind<Settings = never> = PluginKind<Settings, SecretStore>;

/** Facts about a setting that its schema alone cannot say; the generated table and `init` read them. */
export interface SettingMeta extends Record<string, unknown> {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
}

export const REFERENCE = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|store:[a-z0-9][a-z0-9._-]{0,62})$/;

/** A setting that holds the place of a secret, never the secret: `env:NAME`, `file:PATH` or `store:CREDENTIAL`. */
export function reference(description: string): z.ZodMiniType<string, string> {
  return z
    .string({ error: 'must be a reference: env:NAME, file:PATH or store:CREDENTIAL' })
    .check(
      z.regex(REFERENCE, {
        error: 'must be a reference (env:NAME, file:PATH or store:CREDENTIAL), never the secret itself',
      }),
    )
    .register(z.globalRegistry, { description, reference: true });
}

const DURATION = /^(0|[1-9][0-9]{0,8})(s|m|h|d|w)$/;
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Milliseconds of a duration such as `90d`; null where the text is none. */
export function durationMs(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** A setting that is a duration: a whole number with `s`, `m`, `h`, `d` or `w`. It stays text until it is used. */
export function duration(
  description: string,
  options: { readonly zero: boolean },
): z.ZodMiniType<string, string> {
  return z
    .string({ error: 'must be a duration such as 90d: a whole number with s, m, h, d or w' })
    .check(
      z.refine(
        (text) => {
          const ms = durationMs(text);
          return ms !== null && (ms > 0 || options.zero);
        },
        `must be a duration such as 90d: a whole number with s, m, h, d or w${options.zero ? '' : ', above zero'}`,
      ),
    )
    .register(z.globalRegistry, { description, duration: true, pattern: DURATION.source });
}
