import type { DescriptionInput } from '../../described/fields.ts';
import type { SinchSettings } from './settings.ts';

/** https://developers.sinch.com/docs/accesskeys/api-reference/accesskeys */
export function sinchKeys({ projectId, admin, apiUrl }: SinchSettings): DescriptionInput {
  const keys = `/v1/projects/${projectId}/accessKeys`;
  return {
    baseUrl: apiUrl,
    identity: projectId,
    console: 'https://dashboard.sinch.com/settings/access-keys',
    auth: {
      basic: { user: admin?.keyId ?? '{current.keyId}', password: admin?.secret ?? '{current.secret}' },
    },
    create: {
      url: keys,
      json: { displayName: 'keyturn {rotation.id}' },
      reply: {
        parts: { keyId: '/accessKey/accessKeyId', secret: '/secret' },
        id: '/accessKey/accessKeyId',
        issuedAt: '/accessKey/createTime',
      },
    },
    list: {
      url: keys,
      query: { pageSize: '1000' },
      items: '/accessKeys',
      reply: { id: '/accessKeyId', name: '/displayName', issuedAt: '/createTime' },
      next: { cursor: '/nextPageToken', as: 'pageToken' },
    },
    revoke: { url: `${keys}/{key.id}` },
    maxLive: 10,
    verify: {
      url: `${apiUrl}${keys}?pageSize=1`,
      basic: { user: '{key.keyId}', password: '{key.secret}' },
    },
  };
}
