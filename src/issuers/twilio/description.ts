import type { DescriptionInput } from '../../described/fields.ts';
import type { TwilioKeySettings, TwilioTokenSettings } from './settings.ts';

/** Twilio says so of a key or token that is wrong or deleted. A 401 alone may be about rights. */
const DEAD = { refused: [], refusedIf: { pointer: '/code', equals: 20003 } };
const CONSOLE = 'https://console.twilio.com';

/** https://www.twilio.com/docs/iam/api-keys/key-resource-v1 */
export function twilioKeys(settings: TwilioKeySettings): DescriptionInput {
  const { accountSid, authToken = '', mainKey, allow } = settings;
  const restricted = allow === undefined ? {} : { KeyType: 'restricted', Policy: { allow } };
  return {
    baseUrl: settings.iamUrl,
    identity: accountSid,
    console: CONSOLE,
    errorCode: '/code',
    auth: { basic: { user: mainKey?.sid ?? accountSid, password: mainKey?.secret ?? authToken } },
    create: {
      url: '/v1/Keys',
      form: { AccountSid: accountSid, FriendlyName: 'keyturn {rotation.id}', ...restricted },
      reply: { parts: { sid: '/sid', secret: '/secret' }, id: '/sid', issuedAt: '/date_created' },
    },
    list: {
      url: '/v1/Keys',
      query: { AccountSid: accountSid, PageSize: '1000' },
      items: '/keys',
      reply: { id: '/sid', name: '/friendly_name', issuedAt: '/date_created' },
      next: { url: '/meta/next_page_url' },
    },
    revoke: { url: '/v1/Keys/{key.id}' },
    verify: {
      url: `${settings.apiUrl}/2010-04-01/Accounts/${accountSid}${settings.probe}`,
      basic: { user: '{key.sid}', password: '{key.secret}' },
      ...DEAD,
    },
  };
}

/** https://www.twilio.com/docs/iam/api/authtoken */
export function twilioAuthToken({ accountSid, accountsUrl, apiUrl }: TwilioTokenSettings): DescriptionInput {
  return {
    baseUrl: accountsUrl,
    identity: accountSid,
    console: CONSOLE,
    errorCode: '/code',
    auth: { basic: { user: accountSid, password: '{current.value}' } },
    create: {
      url: '/v1/AuthTokens/Secondary',
      reply: { parts: { value: '/secondary_auth_token' }, issuedAt: '/date_created' },
    },
    promote: { url: '/v1/AuthTokens/Promote' },
    abort: { url: '/v1/AuthTokens/Secondary' },
    maxLive: 2,
    verify: {
      url: `${apiUrl}/2010-04-01/Accounts/${accountSid}/Balance.json`,
      basic: { user: accountSid, password: '{key.value}' },
      ...DEAD,
    },
  };
}
