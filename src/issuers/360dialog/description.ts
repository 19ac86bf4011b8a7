import type { DescriptionInput } from '../../described/fields.ts';
import type { Dialog360Settings } from './settings.ts';

/** https://docs.360dialog.com/partner/partner-hub/api-keys */
export function dialog360Key(settings: Dialog360Settings): DescriptionInput {
  const { partnerId, channelId, partnerKey, hubUrl, messagingUrl } = settings;
  return {
    baseUrl: hubUrl,
    identity: channelId,
    console: 'https://hub.360dialog.com',
    auth: { header: { name: 'x-api-key', value: partnerKey } },
    create: {
      url: `/partners/${partnerId}/channels/${channelId}/api_keys`,
      json: {},
      // One revision of the documentation wraps the key in a list.
      reply: { parts: { value: ['/api_key', '/api_keys/0/api_key'] }, id: ['/id', '/api_keys/0/id'] },
    },
    maxLive: 1,
    verify: { url: `${messagingUrl}/v1/configs/webhook`, header: 'D360-API-KEY: {key.value}' },
  };
}
