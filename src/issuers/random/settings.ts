import * as z from 'zod/mini';
import { alphabetFault, CLASSES, charactersOf } from '../../core/alphabet.ts';
import type { IssuerKind } from '../../core/plugin.ts';

const LENGTH_ERROR = 'must be a whole number from 16 to 512';
const CLASS_NAMES = Object.keys(CLASSES) as (keyof typeof CLASSES)[];
const CLASS_ERROR = `must be one of ${CLASS_NAMES.join(', ')}`;

export const randomSettings = z
  .strictObject({
    kind: z.literal('random'),
    length: z
      ._default(
        z
          .int({ error: LENGTH_ERROR })
          .check(z.gte(16, { error: LENGTH_ERROR }), z.lte(512, { error: LENGTH_ERROR })),
        43,
      )
      .register(z.globalRegistry, { description: 'How many characters a secret has.' }),
    alphabet: z
      ._default(
        z.string({ error: 'must be base64url, hex, alphanumeric, or the characters themselves' }).check(
          z.superRefine((text, issues) => {
            const error = alphabetFault(text);
            if (error !== null) issues.addIssue({ code: 'custom', message: error });
          }),
        ),
        'base64url',
      )
      .register(z.globalRegistry, {
        description: 'base64url, hex, alphanumeric, or at least 10 different printable characters.',
      }),
    requires: z
      ._default(z.array(z.enum(CLASS_NAMES, { error: CLASS_ERROR })), [])
      .register(z.globalRegistry, {
        description: 'Classes of which each secret holds at least one: lower, upper, digit, symbol.',
      }),
  })
  .check(
    z.superRefine((settings, issues) => {
      const without = settings.requires.find((name) => !CLASSES[name].test(charactersOf(settings.alphabet)));
      if (without === undefined) return;
      const message = `asks for ${without}, of which the alphabet has none`;
      issues.addIssue({ code: 'custom', message, path: ['requires'] });
    }),
  );

export type RandomSettings = z.output<typeof randomSettings>;

export const randomKind: IssuerKind<RandomSettings> = {
  kind: 'random',
  summary: 'A secret that keyturn invents itself, such as the verify token of a webhook.',
  settings: randomSettings,
  load: async () => (await import('./index.ts')).createRandomIssuer,
};
