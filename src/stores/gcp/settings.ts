import * as z from 'zod/mini';
import type { StoreKind } from '../../core/plugin.ts';
import { duration } from '../../core/setting.ts';

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):[1-9][0-9]{0,4}\/?$/;
const NOT_ACCEPTED =
  'mode latest cannot refuse a change that is made in the same instant; use mode alias, or say accept: race';
const NOT_BOTH = 'aliasOnly says that nobody reads latest; take it out, or use mode alias';

export const gcpSettings = z
  .strictObject({
    kind: z.literal('gcp-secret-manager'),
    project: z
      .string({ error: 'must be the ID of a project' })
      .check(z.regex(/^[a-z0-9][a-z0-9.:-]{0,98}[a-z0-9]$/, { error: 'must be the ID of a project' }))
      .register(z.globalRegistry, { description: 'The ID of the project that holds the secrets.' }),
    location: z.optional(
      z
        .string()
        .check(
          z.regex(/^[a-z]+(-[a-z]+)*-[a-z]+[0-9]+$/, {
            error: 'must be a region, such as europe-west3',
          }),
        )
        .register(z.globalRegistry, {
          description: 'The region of regional secrets, such as europe-west3. Without it secrets are global.',
        }),
    ),
    mode: z.optional(
      z.enum(['alias', 'latest'], { error: 'must be alias or latest' }).register(z.globalRegistry, {
        description:
          'How consumers read: `versions/current` (alias), or `versions/latest`, which is not compare-and-set.',
        default: 'alias',
      }),
    ),
    accept: z.optional(
      z.literal('race', { error: 'must be race' }).register(z.globalRegistry, {
        description: 'Accepts that mode `latest` may write over a change that is made in the same instant.',
      }),
    ),
    aliasOnly: z.optional(
      z.boolean({ error: 'must be true or false' }).register(z.globalRegistry, {
        description:
          'Says that nobody reads `versions/latest`: new values are then staged in the secret itself.',
        default: false,
      }),
    ),
    converges: z.optional(
      duration('How long readers may see the old value after a change.', { zero: true }).register(
        z.globalRegistry,
        {
          description:
            'How long readers may still see the old value after a change; added to the overlap. Google: usually minutes, at times hours.',
          default: '1h',
          duration: true,
        },
      ),
    ),
    endpoint: z.optional(
      z
        .string()
        .check(z.regex(LOOPBACK, { error: 'must be http:// with a loopback address and a port' }))
        .register(z.globalRegistry, {
          description:
            'A stand-in of the service on this machine, for tests: `http://127.0.0.1:PORT`, without TLS and without a login.',
        }),
    ),
  })
  .check(
    z.refine((settings) => settings.mode !== 'latest' || settings.accept === 'race', {
      error: NOT_ACCEPTED,
      path: ['mode'],
    }),
    z.refine((settings) => settings.mode !== 'latest' || settings.aliasOnly !== true, {
      error: NOT_BOTH,
      path: ['aliasOnly'],
    }),
  );

export type GcpSettings = z.output<typeof gcpSettings>;

export const gcpKind: StoreKind<GcpSettings> = {
  kind: 'gcp-secret-manager',
  summary: 'Google Secret Manager.',
  settings: gcpSettings,
  load: async () => (await import('./index.ts')).createGcpStore,
};
