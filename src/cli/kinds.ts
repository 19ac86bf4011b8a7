import { type IssuerEntry, issuerKinds } from '../issuers/registry.ts';
import { type StoreEntry, storeKinds } from '../stores/registry.ts';

/** Every plugin that a configuration can name. */
export const catalogue: {
  readonly issuers: readonly IssuerEntry[];
  readonly stores: readonly StoreEntry[];
} = { issuers: issuerKinds, stores: storeKinds };
