import * as z from 'zod/mini';
import { reference } from '../../core/setting.ts';
import { address, commonSettings, describedKind, providerId } from '../../described/kind.ts';

const ID = /^[A-Za-z0-9-]{4,64}$/;

const settings = z.strictObject({
  kind: z.literal('sinch'),
  projectId: providerId(ID, 'must be the id of the project', 'The id of the project.'),
  admin: z.optional(
    z
      .strictObject({
        keyId: providerId(ID, 'must be the id of an access key', 'The id of the access key.'),
        secret: reference('The secret of the access key.'),
      })
      .register(z.globalRegistry, {
        description:
          'Another access key of the project, which asks. Without it the key that is current asks.',
      }),
  ),
  apiUrl: address('https://account.api.sinch.com', 'Where the API is: another address only for a simulator.'),
  ...commonSettings,
});

export type SinchSettings = z.output<typeof settings>;

export const sinchKind = describedKind<SinchSettings>({
  kind: 'sinch',
  summary:
    'Access keys of a Sinch project, with the parts keyId and secret. Open to selected accounts so far.',
  settings,
  describe: async () => (await import('./description.ts')).sinchKeys,
});
