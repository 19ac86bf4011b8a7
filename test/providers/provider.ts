import type { Issuer } from '../../src/core/issuer.ts';
import type { Secret } from '../../src/core/secret.ts';
import type { Keyring, ProviderKey, Server } from './server.ts';

/** A simulated provider, and how keyturn is configured for it. */
export interface Provider {
  readonly server: Server;
  readonly ring: Keyring;
  /** The settings of its issuer, `kind` included, as they stand in keyturn.yaml. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What the references of the settings lead to. */
  readonly env: Readonly<Record<string, string>>;
  /** The fields of a credential, where a key has several parts. */
  readonly fields?: Readonly<Record<string, string>>;
  /** A key that somebody makes at the dashboard. */
  make(): ProviderKey;
  /** The key as keyturn holds it. */
  secretOf(key: ProviderKey): Secret;
  /** A key of the right shape that was never made. */
  strange(): Secret;
  /** The provider's record of a key that keyturn holds. */
  recordOf(secret: Secret): ProviderKey | null;
}

export type StartProvider = () => Promise<Provider>;
export type IssuerOf = (provider: Provider) => Promise<Issuer>;
