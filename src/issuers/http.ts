import * as z from 'zod/mini';
import type { IssuerKind } from '../core/plugin.ts';
import { canonical } from '../core/trail.ts';
import { checkDescription } from '../described/consistency.ts';
import { type Description, descriptionFields } from '../described/fields.ts';

export const httpSettings = z
  .strictObject({ kind: z.literal('http'), ...descriptionFields })
  .check(z.superRefine(checkDescription));

/** Any provider with an interface for keys, described in the configuration. */
export const httpKind: IssuerKind<Description> = {
  kind: 'http',
  summary: 'A provider whose key API is described here: its requests, and what its replies mean.',
  settings: httpSettings as unknown as IssuerKind<Description>['settings'],
  soleKeyOf: (settings) => (settings.maxLive === 1 ? canonical(settings) : null),
  load: async () => {
    const { createDescribedIssuer } = await import('../described/issuer.ts');
    return (settings, context) => createDescribedIssuer('http', settings, context);
  },
};
