import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { createMemoryShelf, createMemoryStore } from '../../src/stores/memory.ts';
import { ledgerContract } from '../contracts/ledger.ts';
import { storeContract } from '../contracts/store.ts';

let count = 0;
const another = () => {
  count += 1;
  return `place-${count}`;
};

storeContract('memory', async () => {
  const shelf = createMemoryShelf();
  const store = createMemoryStore(shelf);
  return {
    store,
    location: another,
    reopen: async () => createMemoryStore(shelf),
    overwrite: async (location, text) => {
      store.overwrite(location, text);
    },
    close: async () => undefined,
  };
});

ledgerContract('memory', async () => {
  const shelf = createMemoryShelf();
  return {
    ledgers: createMemoryStore(shelf).ledgers,
    address: () => ({ credential: 'wa-prod', location: another() }),
    reopen: async () => createMemoryStore(shelf).ledgers,
    close: async () => undefined,
  };
});

describe('the memory store', () => {
  test('is cheap enough for a million simulated runs', async () => {
    const { signal } = new AbortController();
    const began = performance.now();
    const rounds = 20_000;
    for (let round = 0; round < rounds; round += 1) {
      const store = createMemoryStore();
      const text = Secret.of('plain words');
      const { version } = await store.stage({ location: 'a', mark: 'r1.1', text }, signal);
      await store.promote({ location: 'a', version, base: null }, signal);
      await store.ledgers.save({ credential: 'a', location: 'a' }, '{}', null, signal);
      await store.read('a', 'current', signal);
    }
    const microseconds = ((performance.now() - began) * 1000) / rounds;
    expect(microseconds).toBeLessThan(100);
  });
});
