import { afterAll, beforeAll } from 'vitest';
import { ledgerContract } from '../contracts/ledger.ts';
import { storeContract } from '../contracts/store.ts';
import { openStore, useIdentity } from '../stores/aws/bench.ts';
import { type Others, othersAt } from './aws-others.ts';
import { expectKnownBad, type KnownBad } from './known-bad.ts';
import { type RunningServer, started, type TestServer } from './server.ts';

let count = 0;
const another = () => {
  count += 1;
  return count % 2 === 0
    ? `contract/place-${process.pid}-${count}`
    : `contract/whats_app+=.@-/token-${process.pid}-${count}`;
};

/** The promises of stores and ledgers, on a server that somebody else wrote. */
export function awsContracts(server: TestServer, knownBad: KnownBad): void {
  expectKnownBad(knownBad);
  let running: RunningServer;
  let others: Others;

  beforeAll(async () => {
    useIdentity();
    running = await started(server);
    others = othersAt(running.url);
  });
  afterAll(async () => {
    others?.close();
    await running?.stop();
  });

  storeContract(`aws-secrets-manager on ${server.name}`, async () => {
    const store = openStore(running.url, { auditPrefix: 'contract/' });
    return {
      store,
      location: another,
      reopen: async () => openStore(running.url),
      overwrite: others.overwrite,
      consume: others.consume,
      close: () => store.close(),
    };
  });

  ledgerContract(`aws-secrets-manager on ${server.name}`, async () => {
    const store = openStore(running.url);
    return {
      ledgers: store.ledgers,
      address: () => ({ credential: 'wa-prod', location: another() }),
      reopen: async () => openStore(running.url).ledgers,
      close: () => store.close(),
    };
  });
}
