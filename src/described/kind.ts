import * as z from 'zod/mini';
import { KeyturnError } from '../core/errors.ts';
import type { IssuerKind, SettingsSchema } from '../core/plugin.ts';
import { duration } from '../core/setting.ts';
import { urlFault } from '../http/url.ts';
import { checkDescription } from './consistency.ts';
import { type Description, type DescriptionInput, descriptionFields } from './fields.ts';

/** The settings that every provider by name has. */
export const commonSettings = {
  settles: z._default(
    duration('How long a new key may still be refused and a dead one still accepted.', { zero: true }),
    '60s',
  ),
  timeout: z._default(
    duration('How long one request may take, repetitions included.', { zero: false }),
    '20s',
  ),
};
export interface CommonSettings {
  readonly settles: string;
  readonly timeout: string;
}

/** A provider by name: its settings, and the description that they fill in. */
export interface NamedProvider<Settings extends CommonSettings> {
  readonly kind: string;
  readonly summary: string;
  readonly settings: SettingsSchema<Settings>;
  readonly describe: () => Promise<(settings: Settings) => DescriptionInput>;
  readonly soleKeyOf?: NonNullable<IssuerKind<Settings>['soleKeyOf']>;
}

/** The issuer kind of a provider that a description says all of. */
export function describedKind<Settings extends CommonSettings>(
  provider: NamedProvider<Settings>,
): IssuerKind<Settings> {
  const { kind, summary, settings, soleKeyOf } = provider;
  return {
    kind,
    summary,
    settings,
    ...(soleKeyOf === undefined ? {} : { soleKeyOf }),
    load: async () => {
      const [describe, { createDescribedIssuer }] = await Promise.all([
        provider.describe(),
        import('./issuer.ts'),
      ]);
      return (given, context) => {
        const { verify, ...rest } = describe(given);
        const { settles, timeout } = given;
        const input = { ...rest, settles, timeout, verify: { ...verify, timeout } };
        return createDescribedIssuer(kind, parseDescription(input), context);
      };
    },
  };
}

/** Reads a description that code has written. Throws CONFIG where a setting has made it one that cannot be. */
export function parseDescription(input: DescriptionInput): Description {
  const schema = z.strictObject(descriptionFields).check(z.superRefine(checkDescription));
  const read = z.safeParse(schema, input);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new KeyturnError(
    'CONFIG',
    `the issuer cannot be described so: ${issue?.path.join('.')} ${issue?.message}`,
    {
      hint: 'correct the setting that goes there; if there is none, report this',
    },
  );
}

/** The setting for another address of a provider, which only a simulator and a region need. */
export function address(fallback: string, description: string) {
  return z
    ._default(
      z.string({ error: 'must be a URL' }).check(
        z.superRefine((text, issues) => {
          const fault =
            urlFault(text) ?? (/[?#{}]/.test(text) ? 'must not hold a query, a # part or a place' : null);
          if (fault !== null) issues.addIssue({ code: 'custom', message: fault });
        }),
      ),
      fallback,
    )
    .register(z.globalRegistry, { description });
}

/** The setting for an id of a provider. */
export function providerId(pattern: RegExp, error: string, description: string) {
  return z.string({ error }).check(z.regex(pattern, { error })).register(z.globalRegistry, { description });
}
