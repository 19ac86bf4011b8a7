/** What plugin authors build on: the contracts of issuers and stores, and the few things that both sides share. */
export type { Credential, Instant, KeyFacts } from './core/credential.ts';
export { ERROR_CODES, type ErrorCode, type ErrorDetail, KeyturnError } from './core/errors.ts';
export {
  type CreatedKey,
  type CreateRequest,
  type Instructions,
  ISSUER_CONTRACT,
  type Issuer,
  type IssuerTraits,
  type ListedKey,
  type Mark,
  type RegisterRequest,
  type RevokeRequest,
  type Slots,
  type Verification,
  type VerificationFinding,
} from './core/issuer.ts';
export type {
  IssuerKind,
  Plugin,
  PluginContext,
  PluginKind,
  SettingsSchema,
  StoreKind,
} from './core/plugin.ts';
export { type Fingerprints, fingerprint, Secret } from './core/secret.ts';
export {
  type LedgerAddress,
  type LedgerStore,
  type MissingRight,
  type PromoteRequest,
  type SecretStore,
  STORE_CONTRACT,
  type StageRequest,
  type StoredValue,
  type StoreTraits,
  type Version,
} from './core/store.ts';
