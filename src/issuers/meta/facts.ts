import { type KeyFacts, toInstant } from '../../core/credential.ts';
import type { Secret } from '../../core/secret.ts';
import { type DebugData, scopesOf } from './schema.ts';

/** The account that keys of a system user belong to; one system user has keys for several apps. */
export function identityOf(appId: string, systemUserId: string): string {
  return `${appId}/${systemUserId}`;
}

/** What `debug_token` says of a key, as facts. `identity` is the one that is configured, where Meta names none. */
export function factsOf(secret: Secret, data: DebugData, identity: string): KeyFacts {
  const { app_id, user_id, issued_at, expires_at } = data;
  const scopes = scopesOf(data);
  return {
    identity: app_id !== undefined && user_id !== undefined ? identityOf(app_id, user_id) : identity,
    fingerprints: secret.fingerprints(),
    ...(issued_at === undefined || issued_at === 0 ? {} : { issuedAt: toInstant(issued_at * 1000) }),
    ...(expires_at === undefined
      ? {}
      : { expiresAt: expires_at === 0 ? null : toInstant(expires_at * 1000) }),
    ...(scopes === null ? {} : { scopes }),
  };
}
