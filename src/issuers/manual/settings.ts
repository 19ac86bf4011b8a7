import * as z from 'zod/mini';
import type { IssuerKind } from '../../core/plugin.ts';
import { duration } from '../../core/setting.ts';
import { liveCheckSettings, sentParts } from '../../http/live-check-settings.ts';
import { PART_NAME } from '../../http/template.ts';
import { urlFault } from '../../http/url.ts';

const prefix = z
  .string({ error: 'must be the text that every key begins with' })
  .check(z.regex(/^[\x21-\x7e]{1,40}$/, { error: 'must be 1 to 40 printable characters without spaces' }))
  .register(z.globalRegistry, { description: 'What every key begins with.' });

const pattern = z
  .string({ error: 'must be a regular expression that the whole key matches' })
  .check(z.refine(isPattern, { error: 'must be a regular expression that the whole key matches' }))
  .register(z.globalRegistry, { description: 'A regular expression that the whole key matches.' });

const minLength = z
  .int({ error: 'must be a whole number from 1 to 8192' })
  .check(
    z.gte(1, { error: 'must be a whole number from 1 to 8192' }),
    z.lte(8192, { error: 'must be a whole number from 1 to 8192' }),
  )
  .register(z.globalRegistry, { description: 'The fewest characters that a key has. Without it: 8.' });

const shape = { prefix: z.optional(prefix), pattern: z.optional(pattern), minLength: z.optional(minLength) };
const NAME_ERROR = 'must be a name of 1 to 31 letters, digits and _ that begins with a small letter';
const partName = z.string({ error: NAME_ERROR }).check(z.regex(PART_NAME, { error: NAME_ERROR }));

const parts = z
  ._default(z.union([z.array(partName), z.record(partName, z.strictObject(shape))]), ['value'])
  .check(
    z.superRefine((given, issues) => {
      const names = Array.isArray(given) ? given : Object.keys(given);
      const fault = (message: string) => issues.addIssue({ code: 'custom', message });
      if (names.length === 0) fault('must name at least one part');
      if (names.length === 1 && names[0] !== 'value') fault('must name a single part value');
      if (new Set(names).size !== names.length) fault('names a part twice');
    }),
  )
  .register(z.globalRegistry, {
    description: 'The parts of a key: a list of names, or a map of names to prefix, pattern and minLength.',
  });

const consolePage = z
  .string({ error: 'must be the https URL of the page where keys are made and deleted' })
  .check(
    z.superRefine((text, issues) => {
      const error = urlFault(text) ?? (/[{}]/.test(text) ? 'must not hold a place for the key' : null);
      if (error !== null) issues.addIssue({ code: 'custom', message: error });
    }),
  )
  .register(z.globalRegistry, { description: 'The page where a person makes and deletes keys.' });

export const manualSettings = z
  .strictObject({
    kind: z.literal('manual'),
    console: consolePage,
    test: z.optional(liveCheckSettings),
    unproven: z.optional(
      z.literal('accept', { error: 'must be accept, or be left out' }).register(z.globalRegistry, {
        description: 'Says that keys which nothing can test are acceptable. Only without test.',
      }),
    ),
    parts,
    ...shape,
    settles: z._default(
      duration('How long a new key may still be refused and a deleted one still accepted.', { zero: false }),
      '2m',
    ),
  })
  .check(
    z.superRefine((settings, issues) => {
      const fault = (message: string, ...path: string[]) =>
        issues.addIssue({ code: 'custom', message, path });
      if (settings.test === undefined && settings.unproven === undefined) {
        fault(
          'is missing, so no key can be proven alive or dead; add test, or write unproven: accept',
          'test',
        );
      }
      if (settings.test !== undefined && settings.unproven !== undefined) {
        fault('has no meaning beside test; remove one of the two', 'unproven');
      }
      const names = [...partShapes(settings).keys()];
      const stranger = sentParts(settings.test ?? { url: '' }).some((part) => !names.includes(part));
      if (stranger) fault('sends a {key.PART} that parts does not name', 'test');
      const one = (['prefix', 'pattern', 'minLength'] as const).find((name) => settings[name] !== undefined);
      if (one !== undefined && (names.length > 1 || !Array.isArray(settings.parts))) {
        fault('belongs under the part that it is about: parts: { NAME: { … } }', one);
      }
    }),
  );

export type ManualSettings = z.output<typeof manualSettings>;

export const manualKind: IssuerKind<ManualSettings> = {
  kind: 'manual',
  summary: 'A provider without a key API: a person makes and deletes keys, keyturn does and proves the rest.',
  settings: manualSettings,
  load: async () => (await import('./index.ts')).createManualIssuer,
};

export interface PartShape {
  readonly prefix?: string | undefined;
  readonly pattern?: string | undefined;
  readonly minLength?: number | undefined;
}

/** What each part of a key must look like, by the name of the part. */
export function partShapes(
  settings: Pick<ManualSettings, 'parts' | 'prefix' | 'pattern' | 'minLength'>,
): ReadonlyMap<string, PartShape> {
  const { parts: given, ...top } = settings;
  if (!Array.isArray(given)) return new Map(Object.entries(given));
  return new Map(given.map((name) => [name, given.length === 1 ? top : {}]));
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
