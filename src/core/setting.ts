import * as z from 'zod/mini';

/** Facts about a setting that its schema alone cannot say; the generated table and `init` read them. */
export interface SettingMeta extends Record<string, unknown> {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
}

export const REFERENCE = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\p{Cc}]+|store:[a-z0-9][a-z0-9._-]{0,62})$/u;

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
