import type { DescriptionInput } from '../../described/fields.ts';
import type { InfobipSettings } from './settings.ts';

/** https://www.infobip.com/docs/api/platform/account-management */
export function infobipKeys(settings: InfobipSettings): DescriptionInput {
  const { baseUrl, auth, permissions, scopeGuids, allowedIPs } = settings;
  const rights = Object.entries({ permissions, scopeGuids, allowedIPs }).filter(
    ([, list]) => list !== undefined,
  );
  return {
    baseUrl,
    auth,
    console: 'https://portal.infobip.com/dev/api-keys',
    errorCode: ['/errorCode', '/requestError/serviceException/messageId'],
    create: {
      url: '/settings/2/api-keys',
      json: { name: 'keyturn {rotation.id}', ...Object.fromEntries(rights) },
      reply: { parts: { value: '/apiKeySecret' }, id: '/id', issuedAt: '/validFrom', expiresAt: '/validTo' },
    },
    list: {
      url: '/settings/2/api-keys',
      query: { size: '100' },
      items: '/apiKeys',
      where: { pointer: '/enabled', equals: true },
      reply: { id: '/id', name: '/name', issuedAt: '/validFrom', expiresAt: '/validTo' },
      next: { page: 'page', first: 0, pages: '/paging/totalPages' },
    },
    // Keys are never deleted, only disabled.
    revoke: { method: 'PUT', url: '/settings/2/api-keys/{key.id}', json: { enabled: false } },
    longestLife: '366d',
    verify: {
      url: `${baseUrl.replace(/\/+$/, '')}/account/1/balance`,
      header: 'Authorization: App {key.value}',
      // A key that may not read the balance is known, or it would be 401.
      works: [200, 403],
    },
  };
}
