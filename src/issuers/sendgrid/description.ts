import type { DescriptionInput } from '../../described/fields.ts';
import type { SendgridSettings } from './settings.ts';

/** https://www.twilio.com/docs/sendgrid/api-reference/api-keys */
export function sendgridKeys({ adminKey, scopes, apiUrl }: SendgridSettings): DescriptionInput {
  return {
    baseUrl: apiUrl,
    auth: { bearer: adminKey },
    console: 'https://app.sendgrid.com/settings/api_keys',
    create: {
      url: '/api_keys',
      json: { name: 'keyturn {rotation.id}', scopes: [...scopes] },
      reply: { parts: { value: '/api_key' }, id: '/api_key_id', scopes: '/scopes' },
    },
    list: { url: '/api_keys', items: '/result', reply: { id: '/api_key_id', name: '/name' } },
    revoke: { url: '/api_keys/{key.id}' },
    maxLive: 100,
    verify: { url: `${apiUrl}/scopes`, header: 'Authorization: Bearer {key.value}' },
  };
}
