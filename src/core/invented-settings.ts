import * as z from 'zod/mini';
import { alphabetFault, CLASSES, charactersOf } from './alphabet.ts';

const LONGEST = 512;
const CLASS_NAMES = Object.keys(CLASSES) as (keyof typeof CLASSES)[];
const CLASS_ERROR = `must be one of ${CLASS_NAMES.join(', ')}`;

/** The setting for how long a secret is that keyturn invents. */
export function lengthSetting(shortest: number) {
  const error = `must be a whole number from ${shortest} to ${LONGEST}`;
  return z.int({ error }).check(z.gte(shortest, { error }), z.lte(LONGEST, { error }));
}

/** What it is made of. */
export function inventedFields(usual: string) {
  return {
    alphabet: z
      ._default(
        z.string({ error: 'must be base64url, hex, alphanumeric, or the characters themselves' }).check(
          z.superRefine((text, issues) => {
            const message = alphabetFault(text);
            if (message !== null) issues.addIssue({ code: 'custom', message });
          }),
        ),
        usual,
      )
      .register(z.globalRegistry, {
        description: 'base64url, hex, alphanumeric, or at least 10 different printable characters.',
      }),
    requires: z
      ._default(z.array(z.enum(CLASS_NAMES, { error: CLASS_ERROR })), [])
      .register(z.globalRegistry, {
        description: 'Classes of which each secret holds at least one: lower, upper, digit, symbol.',
      }),
  };
}

interface Issues {
  addIssue(issue: { readonly code: 'custom'; readonly message: string; readonly path: PropertyKey[] }): void;
}

/** The mistake of a rule whose parts are right: it asks for what its alphabet does not have. */
export function checkClasses(
  rule: { readonly alphabet: string; readonly requires: readonly (keyof typeof CLASSES)[] },
  issues: Issues,
): void {
  const without = rule.requires.find((name) => !CLASSES[name].test(charactersOf(rule.alphabet)));
  if (without === undefined) return;
  const message = `asks for ${without}, of which the alphabet has none`;
  issues.addIssue({ code: 'custom', message, path: ['requires'] });
}
