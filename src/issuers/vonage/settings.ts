import * as z from 'zod/mini';
import { reference } from '../../core/setting.ts';
import { address, commonSettings, describedKind, providerId } from '../../described/kind.ts';

const KEY = /^[A-Za-z0-9]{4,32}$/;

const settings = z.strictObject({
  kind: z.literal('vonage'),
  apiKey: providerId(
    KEY,
    'must be the API key of the account',
    'The API key of the account whose secrets are rotated.',
  ),
  primary: z.optional(
    z
      .strictObject({
        apiKey: providerId(
          KEY,
          'must be the API key of the primary account',
          'The API key of the primary account.',
        ),
        secret: reference('The secret of the primary account.'),
      })
      .register(z.globalRegistry, {
        description:
          'The primary account, which manages a subaccount. Without it the secret that is current asks.',
      }),
  ),
  apiUrl: address('https://api.nexmo.com', 'Where the API is: another address only for a simulator.'),
  ...commonSettings,
});

export type VonageSettings = z.output<typeof settings>;

export const vonageKind = describedKind<VonageSettings>({
  kind: 'vonage',
  summary: 'API secrets of a Vonage account: keyturn makes them, at most two live at once.',
  settings,
  describe: async () => (await import('./description.ts')).vonageSecrets,
});
