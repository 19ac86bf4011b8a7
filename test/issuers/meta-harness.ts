import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Issuer } from '../../src/core/issuer.ts';
import type { PluginContext } from '../../src/core/plugin.ts';
import { createMetaIssuer } from '../../src/issuers/meta/index.ts';
import { metaSettings } from '../../src/issuers/meta/settings.ts';

export const SCOPES = ['whatsapp_business_messaging', 'whatsapp_business_management'];

/** What a Graph server, ours or another, says of itself to whoever configures keyturn. */
export interface Account {
  readonly url: string;
  readonly appId: string;
  readonly appSecret: string;
  readonly systemUserId: string;
  readonly phoneId: string;
  readonly adminToken: string;
}

/** An issuer with the real clock, waits cut to a fiftieth, and one second for each call. */
export function issuerOn(account: Account, changed: object = {}): Issuer {
  const settings = {
    kind: 'meta-system-user',
    appId: account.appId,
    systemUserId: account.systemUserId,
    appSecret: 'env:APP_SECRET',
    adminToken: 'env:ADMIN_TOKEN',
    scopes: SCOPES,
    checks: { phoneNumber: account.phoneId },
    graphUrl: account.url,
    settles: '0s',
    timeout: '1s',
    ...changed,
  };
  const context: PluginContext = {
    now: () => Date.now(),
    random: (bytes) => randomBytes(bytes),
    sleep: (ms, signal) => delay(ms / 50, undefined, { signal }),
    resolve: async (reference) => (reference === 'env:APP_SECRET' ? account.appSecret : account.adminToken),
    folder: '/',
    home: '/',
  };
  return createMetaIssuer(z.parse(metaSettings, settings), context);
}
