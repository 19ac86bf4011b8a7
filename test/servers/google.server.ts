import { storeContract } from '../contracts/store.ts';
import { openGcp, type Variant } from '../stores/gcp-bench.ts';

/* The fake is ours: what passes here is not evidence of Google's behaviour. Mode alias is tested by `npm test`. */

let count = 0;

for (const variant of ['latest', 'aliasOnly'] satisfies Variant[]) {
  storeContract(`gcp-secret-manager, ${variant}`, async () => {
    const bench = await openGcp(variant);
    return {
      store: bench.store,
      location: () => {
        count += 1;
        return `Prod_token-${count}`;
      },
      reopen: async () => bench.open(),
      overwrite: bench.overwrite,
      consume: bench.consume,
      close: bench.close,
    };
  });
}
