import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ledgerContract } from '../contracts/ledger.ts';
import { storeContract } from '../contracts/store.ts';
import { makeBench } from './file-store.ts';

let count = 0;
const another = () => {
  count += 1;
  return count % 2 === 0 ? `place-${count}` : `prod/whats app/tok\u00e9n%2F-${count}`;
};

storeContract('file', async () => {
  const bench = await makeBench();
  return {
    store: bench.store,
    location: another,
    reopen: async () => bench.open(),
    overwrite: async (location, text) => {
      await mkdir(dirname(join(bench.path, location)), { recursive: true });
      await bench.overwrite(location, text);
    },
    consume: bench.consume,
    close: bench.close,
  };
});

ledgerContract('file', async () => {
  const bench = await makeBench();
  return {
    ledgers: bench.store.ledgers,
    address: () => ({ credential: 'wa-prod', location: another() }),
    reopen: async () => bench.open().ledgers,
    close: bench.close,
  };
});
