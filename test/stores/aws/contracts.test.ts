import { afterAll, beforeAll } from 'vitest';
import { ledgerContract } from '../../contracts/ledger.ts';
import { storeContract } from '../../contracts/store.ts';
import { openStore, useIdentity } from './bench.ts';
import { type FakeAws, startFakeAws } from './fake.ts';

let aws: FakeAws;
let count = 0;
const another = () => {
  count += 1;
  return count % 2 === 0 ? `contract/place-${count}` : `contract/whats_app+=.@-/token-${count}`;
};

beforeAll(async () => {
  useIdentity();
  aws = await startFakeAws();
});
afterAll(() => aws.close());

storeContract('aws-secrets-manager on a fake', async () => {
  const store = openStore(aws.url, { auditPrefix: 'contract/' });
  return {
    store,
    location: another,
    reopen: async () => openStore(aws.url),
    overwrite: async (location, text) => overwrite(aws, location, text),
    consume: async (location) => current(aws, location),
    close: () => store.close(),
  };
});

ledgerContract('aws-secrets-manager on a fake', async () => {
  const store = openStore(aws.url);
  return {
    ledgers: store.ledgers,
    address: () => ({ credential: 'wa-prod', location: another() }),
    reopen: async () => openStore(aws.url).ledgers,
    close: () => store.close(),
  };
});

/** As at the console: a new version that is current at once. */
function overwrite({ secrets, clock }: FakeAws, name: string, text: string): void {
  const secret = secrets.get(name) ?? { name, versions: new Map(), facts: {} };
  secrets.set(name, secret);
  for (const { labels } of secret.versions.values()) {
    labels.delete('AWSPREVIOUS');
    if (labels.delete('AWSCURRENT')) labels.add('AWSPREVIOUS');
  }
  count += 1;
  const id = `by-hand-${String(count).padStart(32, '0')}`;
  secret.versions.set(id, { text, createdAt: clock(), labels: new Set(['AWSCURRENT']) });
}

function current({ secrets }: FakeAws, name: string): string | null {
  const versions = [...(secrets.get(name)?.versions.values() ?? [])];
  return versions.find(({ labels }) => labels.has('AWSCURRENT'))?.text ?? null;
}
