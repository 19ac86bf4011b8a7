import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { KeyturnError } from '../../src/core/errors.ts';
import type { Issuer } from '../../src/core/issuer.ts';
import type { PluginContext } from '../../src/core/plugin.ts';
import { createMetaIssuer } from '../../src/issuers/meta/index.ts';
import { metaSettings } from '../../src/issuers/meta/settings.ts';
import { type Answer, graphError, type Override, type Route } from './meta-graph-server.ts';

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

/** One route answers as told, the others as usual. */
export const only =
  (route: Route, answer: Answer | ((...of: Parameters<Override>) => Answer | null)): Override =>
  (call, usual) => {
    if (call.route !== route) return null;
    return typeof answer === 'function' ? answer(call, usual) : answer;
  };

export const says = (code: number, subcode?: number, status = 400, message?: string): Answer => ({
  status,
  body: graphError(code, subcode, message),
});

/** The error that something ends with; it must be ours, and repeat nothing of the other side's text. */
export async function failed(doing: Promise<unknown> | undefined): Promise<KeyturnError> {
  const error = await Promise.resolve(doing).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KeyturnError);
  const own = error as KeyturnError;
  expect(own.message + JSON.stringify(own)).not.toContain('planted');
  return own;
}
