import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { metaSettings } from '../../src/issuers/meta/settings.ts';
import { issuerKinds } from '../../src/issuers/registry.ts';

const SETTINGS = {
  kind: 'meta-system-user',
  appId: '634974688087057',
  systemUserId: '104169029247128',
  appSecret: 'env:META_APP_SECRET',
  adminToken: 'env:META_ADMIN_TOKEN',
  scopes: ['whatsapp_business_messaging'],
  checks: { phoneNumber: '106540352242922' },
};

const mistakesOf = (changed: object): readonly string[] => {
  const parsed = z.safeParse(metaSettings, { ...SETTINGS, ...changed });
  return parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
};

describe('settings of meta-system-user', () => {
  test('the least that is needed, and what is set without being said', () => {
    expect(z.parse(metaSettings, SETTINGS)).toEqual({
      ...SETTINGS,
      mode: 'mint',
      exchangeBy: 'post',
      strictScopes: false,
      strictIdentity: false,
      expiring: true,
      graphUrl: 'https://graph.facebook.com',
      apiVersion: 'v25.0',
      settles: '60s',
      timeout: '20s',
    });
  });

  test('exchange needs no admin token', () => {
    const { adminToken: _, ...others } = SETTINGS;
    expect(z.safeParse(metaSettings, { ...others, mode: 'exchange' }).success).toBe(true);
  });

  test('an id may be a number where it has lost no digit', () => {
    expect(mistakesOf({ appId: 634974688087057, checks: { waba: 102290129340398 } })).toEqual([]);
  });

  test.each<[object, RegExp]>([
    [{ appId: 2 ** 60 }, /^appId: .*in quotes/],
    [{ systemUserId: 'act_1' }, /^systemUserId: must be an id of digits/],
    [{ systemUserId: 1.5 }, /^systemUserId: must be an id of digits/],
    [{ appSecret: '0123456789abcdef0123456789abcdef' }, /^appSecret: .*never the secret itself/],
    [{ adminToken: undefined }, /^adminToken: is missing.*mode: exchange/],
    [{ mode: 'exchange' }, /^adminToken: is not used/],
    [{ mode: 'exchange', adminToken: undefined, expiring: false }, /^expiring: must be true/],
    [{ mode: 'swap' }, /^mode: must be mint or exchange/],
    [{ scopes: [] }, /^scopes: must name at least one/],
    [{ scopes: ['whatsapp business'] }, /^scopes\.0: must be the name of a permission/],
    [{ checks: {} }, /^checks: must name phoneNumber or waba/],
    [{ checks: undefined }, /^checks: must be/],
    [{ graphUrl: 'http://graph.example' }, /^graphUrl: must begin with https/],
    [{ graphUrl: 'https://graph.example/?a=b' }, /^graphUrl: must not hold a query/],
    [{ apiVersion: '25' }, /^apiVersion: must be a version such as v25.0/],
    [{ settles: '60' }, /^settles: must be a duration/],
    [{ timeout: '0s' }, /^timeout: must be a duration/],
  ])('refuses %j', (changed, mistake) => {
    const mistakes = mistakesOf(changed);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(mistake);
  });

  test('refuses an unknown key, and says all mistakes at once', () => {
    expect(mistakesOf({ appid: '1', appId: 'x', settles: 'x' })).toHaveLength(3);
    expect(mistakesOf({ checks: { page: '1', waba: '1' } })).toHaveLength(1);
  });

  test('has a JSON schema for editors', () => {
    const schema = z.toJSONSchema(metaSettings, { io: 'input' });
    expect(schema.required).toEqual(['kind', 'appId', 'systemUserId', 'appSecret', 'scopes', 'checks']);
    expect(schema.additionalProperties).toBe(false);
  });

  test('is in the registry, by its kind, and every kind only once', () => {
    const kinds = issuerKinds.map(({ kind }) => kind);
    expect(kinds).toContain('meta-system-user');
    expect(new Set(kinds).size).toBe(kinds.length);
  });
});
