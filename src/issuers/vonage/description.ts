import type { DescriptionInput } from '../../described/fields.ts';
import type { VonageSettings } from './settings.ts';

/** https://developer.vonage.com/account/secret-management */
export function vonageSecrets({ apiKey, primary, apiUrl }: VonageSettings): DescriptionInput {
  const secrets = `/accounts/${apiKey}/secrets`;
  return {
    baseUrl: apiUrl,
    identity: apiKey,
    console: 'https://dashboard.vonage.com',
    auth: { basic: { user: primary?.apiKey ?? apiKey, password: primary?.secret ?? '{current.value}' } },
    // 8 to 25 characters are allowed.
    secret: { length: 24, alphabet: 'alphanumeric', requires: ['lower', 'upper', 'digit'] },
    create: {
      url: secrets,
      json: { secret: '{key.value}' },
      reply: { id: '/id', issuedAt: '/created_at' },
    },
    list: { url: secrets, items: '/_embedded/secrets', reply: { id: '/id', issuedAt: '/created_at' } },
    revoke: { url: `${secrets}/{key.id}` },
    maxLive: 2,
    verify: { url: `${apiUrl}${secrets}`, basic: { user: apiKey, password: '{key.value}' } },
  };
}
