import * as z from 'zod/mini';
import { auth } from '../../described/auth-settings.ts';
import { commonSettings, describedKind } from '../../described/kind.ts';
import { urlFault } from '../../http/url.ts';

const texts = (what: string, pattern: RegExp) =>
  z.array(z.string().check(z.regex(pattern, { error: `must be ${what}` })), {
    error: `must be a list: ${what}`,
  });

const settings = z.strictObject({
  kind: z.literal('infobip'),
  baseUrl: z
    .string({ error: 'must be the base URL of the account, such as https://abc123.api.infobip.com' })
    .check(
      z.superRefine((text, issues) => {
        const fault =
          urlFault(text) ?? (/[?#{}]/.test(text) ? 'must not hold a query, a # part or a place' : null);
        if (fault !== null) issues.addIssue({ code: 'custom', message: fault });
      }),
    )
    .register(z.globalRegistry, { description: 'The base URL of the account.' }),
  auth,
  permissions: z.optional(
    texts('a permission such as PUBLIC_API', /^[A-Z0-9_]{2,40}$/).register(z.globalRegistry, {
      description: 'The permissions of new keys. Without it: PUBLIC_API.',
    }),
  ),
  scopeGuids: z.optional(
    texts('the id of a scope', /^[A-Za-z0-9-]{1,64}$/).register(z.globalRegistry, {
      description: 'The ids of the scopes that new keys are limited to.',
    }),
  ),
  allowedIPs: z.optional(
    texts('an address or a range', /^[0-9A-Fa-f.:/]{2,64}$/).register(z.globalRegistry, {
      description: 'The addresses that new keys may be used from.',
    }),
  ),
  ...commonSettings,
});

export type InfobipSettings = z.output<typeof settings>;

export const infobipKind = describedKind<InfobipSettings>({
  kind: 'infobip',
  summary: 'API keys of an Infobip account.',
  settings,
  describe: async () => (await import('./description.ts')).infobipKeys,
});
