import type { DescriptionInput } from '../../src/described/fields.ts';
import { dialog360Key } from '../../src/issuers/360dialog/description.ts';
import { infobipKeys } from '../../src/issuers/infobip/description.ts';
import { twilioKeys } from '../../src/issuers/twilio/description.ts';
import { vonageSecrets } from '../../src/issuers/vonage/description.ts';
import { member } from './replies.ts';

export const MARK = 'r20261125-0badcafe.1';
const ACCOUNT = `AC${'0'.repeat(32)}`;
const common = { settles: '60s', timeout: '20s' };

/** A provider: its description, and what it says by its documentation, read without the description. */
export interface Described {
  readonly description: DescriptionInput;
  readonly created: string;
  readonly listed: string;
  /** The parts of a new key in a reply to create; none: keyturn makes the secret. */
  readonly partsIn: (created: unknown) => Readonly<Record<string, unknown>>;
  readonly idIn: (created: unknown) => unknown;
  /** The living keys of a page; undefined where there is no list. */
  readonly keysIn: (page: unknown) => readonly { readonly id: unknown; readonly name: unknown }[] | undefined;
  /** Whether a page, the n-th that was asked for, says that it is the last. */
  readonly endsAt: (page: unknown, n: number) => boolean;
}

const at = (of: unknown, ...path: readonly string[]): unknown => path.reduce(member, of);
const listIn = (of: unknown, id: string, name: string) =>
  Array.isArray(of) ? of.map((one) => ({ id: member(one, id), name: member(one, name) })) : undefined;
const nothing = (found: unknown): boolean => [undefined, null, '', false].some((end) => end === found);

const acme: Described = {
  description: {
    baseUrl: 'https://api.acme.example/v1',
    auth: {
      oauth2: { url: 'https://api.acme.example/token', clientId: 'keyturn', clientSecret: 'env:ADMIN' },
    },
    errorCode: '/code',
    create: {
      url: '/keys',
      json: { name: 'keyturn {rotation.id}' },
      answers: { full: [{ status: 400, pointer: '/code', equals: 'full' }] },
      reply: { parts: { value: '/key/secret' }, id: '/key/id', issuedAt: '/key/made', scopes: '/key/may' },
    },
    list: {
      url: '/keys',
      items: '/keys',
      reply: { id: '/id', name: '/name' },
      next: { cursor: '/next', as: 'after' },
    },
    lastUsed: { url: '/keys/{key.id}/use', reply: { at: '/used' } },
    describe: {
      url: '/describe',
      headers: { 'X-Key': '{key.value}' },
      reply: { id: '/id', alive: { pointer: '/live', equals: true } },
    },
    revoke: { url: '/keys/{key.id}', answers: { done: [{ pointer: '/ok', equals: true }] } },
    verify: { url: 'https://api.acme.example/v1/me', header: 'Authorization: Bearer {key.value}' },
    maxLive: 5,
  },
  created: '{"key":{"id":"k1","secret":"MINTED","made":1780230896,"may":["send","read"]}}',
  listed: `{"keys":[{"id":"k1","name":"keyturn ${MARK}"},{"id":"k2","name":"SECRET"}],"next":null}`,
  partsIn: (created) => ({ value: at(created, 'key', 'secret') }),
  idIn: (created) => at(created, 'key', 'id'),
  keysIn: (page) => listIn(at(page, 'keys'), 'id', 'name'),
  endsAt: (page) => nothing(at(page, 'next')),
};

const twilio: Described = {
  description: twilioKeys({
    kind: 'twilio',
    accountSid: ACCOUNT,
    authToken: 'env:ADMIN',
    probe: '/Balance.json',
    iamUrl: 'https://iam.twilio.example',
    apiUrl: 'https://api.twilio.example',
    ...common,
  }),
  created:
    '{"sid":"SK0123456789abcdef0123456789abcdef","secret":"MINTED","date_created":"Sun, 31 May 2026 12:34:56 +0000"}',
  listed: `{"keys":[{"sid":"SK01","friendly_name":"keyturn ${MARK}"}],"meta":{"next_page_url":null}}`,
  partsIn: (created) => ({ sid: at(created, 'sid'), secret: at(created, 'secret') }),
  idIn: (created) => at(created, 'sid'),
  keysIn: (page) => listIn(at(page, 'keys'), 'sid', 'friendly_name'),
  endsAt: (page) => nothing(at(page, 'meta', 'next_page_url')),
};

const infobip: Described = {
  description: infobipKeys({
    kind: 'infobip',
    baseUrl: 'https://api.infobip.example',
    auth: { header: { name: 'authorization', prefix: 'App ', value: 'env:ADMIN' } },
    permissions: ['WHATSAPP_MANAGE'],
    ...common,
  }),
  created: '{"id":"i1","apiKeySecret":"MINTED","validFrom":"2026-05-31T12:34:56.000+0000","enabled":true}',
  listed: `{"apiKeys":[{"id":"i1","name":"keyturn ${MARK}","enabled":true},{"id":"i2","name":"old","enabled":false}],"paging":{"page":0,"totalPages":1}}`,
  partsIn: (created) => ({ value: at(created, 'apiKeySecret') }),
  idIn: (created) => at(created, 'id'),
  keysIn: (page) => {
    const all = at(page, 'apiKeys');
    return Array.isArray(all)
      ? listIn(
          all.filter((one) => member(one, 'enabled') === true),
          'id',
          'name',
        )
      : undefined;
  },
  endsAt: (page, n) => {
    const [all, pages] = [at(page, 'apiKeys'), at(page, 'paging', 'totalPages')];
    const count = typeof pages === 'string' && /^\d{1,9}$/.test(pages) ? Number(pages) : pages;
    return Array.isArray(all) && (all.length === 0 || (typeof count === 'number' && n >= count));
  },
};

const dialog360: Described = {
  description: dialog360Key({
    kind: '360dialog',
    partnerId: 'p1',
    channelId: 'c1',
    partnerKey: 'env:ADMIN',
    hubUrl: 'https://hub.360dialog.example',
    messagingUrl: 'https://waba.360dialog.example',
    ...common,
  }),
  created: '{"api_keys":[{"id":"d1","api_key":"MINTED"}]}',
  listed: '[]',
  partsIn: (created) => ({ value: at(created, 'api_key') ?? at(created, 'api_keys', '0', 'api_key') }),
  idIn: (created) => at(created, 'id') ?? at(created, 'api_keys', '0', 'id'),
  keysIn: () => undefined,
  endsAt: () => false,
};

const vonage: Described = {
  description: vonageSecrets({
    kind: 'vonage',
    apiKey: 'abcd1234',
    primary: { apiKey: 'main1234', secret: 'env:ADMIN' },
    apiUrl: 'https://api.nexmo.example',
    ...common,
  }),
  created: '{"id":"v1","created_at":"2026-05-31T12:34:56Z"}',
  listed: '{"_embedded":{"secrets":[{"id":"v1","created_at":"2026-05-31T12:34:56Z"}]}}',
  partsIn: () => ({}),
  idIn: (created) => at(created, 'id'),
  keysIn: (page) => listIn(at(page, '_embedded', 'secrets'), 'id', 'name'),
  endsAt: () => true,
};

export const PROVIDERS = { acme, twilio, infobip, dialog360, vonage };
