import * as z from 'zod/mini';
import { reference } from '../../core/setting.ts';
import { address, commonSettings, describedKind } from '../../described/kind.ts';

const SCOPE = 'must be the name of a scope, such as mail.send';

const settings = z.strictObject({
  kind: z.literal('sendgrid'),
  adminKey: reference('An API key that may manage API keys.'),
  scopes: z
    .array(z.string({ error: SCOPE }).check(z.regex(/^[a-z0-9_.-]{2,80}$/, { error: SCOPE })), {
      error: 'must be a list of scopes',
    })
    .check(z.minLength(1, { error: 'must name at least one scope: without any, a key may do everything' }))
    .register(z.globalRegistry, { description: 'What new keys may do.' }),
  apiUrl: address(
    'https://api.sendgrid.com/v3',
    'Where the API is: https://api.eu.sendgrid.com/v3 for accounts of the EU, or a simulator.',
  ),
  ...commonSettings,
});

export type SendgridSettings = z.output<typeof settings>;

export const sendgridKind = describedKind<SendgridSettings>({
  kind: 'sendgrid',
  summary: 'API keys of a SendGrid account.',
  settings,
  describe: async () => (await import('./description.ts')).sendgridKeys,
});
