import { configSchema } from '../../src/config/json-schema.ts';
import { issuerKinds } from '../../src/issuers/registry.ts';
import { storeKinds } from '../../src/stores/registry.ts';

/** What dist/schema holds: file name and JSON Schema. */
export const schemas: Readonly<Record<string, object>> = {
  'config.json': configSchema({ issuers: issuerKinds, stores: storeKinds }),
};
