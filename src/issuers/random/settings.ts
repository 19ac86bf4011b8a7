import * as z from 'zod/mini';
import { checkClasses, inventedFields, lengthSetting } from '../../core/invented-settings.ts';
import type { IssuerKind } from '../../core/plugin.ts';

export const randomSettings = z
  .strictObject({
    kind: z.literal('random'),
    length: z
      ._default(lengthSetting(16), 43)
      .register(z.globalRegistry, { description: 'How many characters a secret has.' }),
    ...inventedFields('base64url'),
  })
  .check(z.superRefine(checkClasses));

export type RandomSettings = z.output<typeof randomSettings>;

export const randomKind: IssuerKind<RandomSettings> = {
  kind: 'random',
  summary: 'A secret that keyturn invents itself, such as the verify token of a webhook.',
  settings: randomSettings,
  load: async () => (await import('./index.ts')).createRandomIssuer,
};
