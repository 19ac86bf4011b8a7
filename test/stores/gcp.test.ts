import { ledgerContract } from '../contracts/ledger.ts';
import { storeContract } from '../contracts/store.ts';
import { openGcp } from './gcp-bench.ts';

/* The fake is ours: what passes here is not evidence of Google's behaviour. */

let count = 0;
const another = () => {
  count += 1;
  return `Prod_token-${count}`;
};

storeContract('gcp-secret-manager', async () => {
  const bench = await openGcp('alias');
  return {
    store: bench.store,
    location: another,
    reopen: async () => bench.open(),
    overwrite: bench.overwrite,
    consume: bench.consume,
    close: bench.close,
  };
});

ledgerContract('gcp-secret-manager', async () => {
  const bench = await openGcp('alias');
  return {
    ledgers: bench.store.ledgers,
    address: () => ({ credential: 'wa.prod', location: another() }),
    reopen: async () => bench.open().ledgers,
    close: bench.close,
  };
});
