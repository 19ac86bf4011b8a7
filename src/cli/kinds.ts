import type { AnyIssuerKind } from '../issuers/registry.ts';
import { issuerKinds } from '../issuers/registry.ts';
import type { AnyStoreKind } from '../stores/registry.ts';
import { storeKinds } from '../stores/registry.ts';

/** Every plugin that a configuration can name. */
export const kinds: { readonly issuers: readonly AnyIssuerKind[]; readonly stores: readonly AnyStoreKind[] } =
  {
    issuers: issuerKinds,
    stores: storeKinds,
  };
