import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { ledgerContract } from '../contracts/ledger.ts';
import { storeContract } from '../contracts/store.ts';
import { openStore, REGION, useIdentity } from '../stores/aws/bench.ts';
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

  test(`the KMS key of the settings is that of secrets that are made, on ${server.name}`, async () => {
    const kmsKeyId = 'alias/keyturn';
    const store = openStore(running.url, { kmsKeyId });
    const client = new SecretsManagerClient({ region: REGION, endpoint: running.url });
    const keyOf = async (SecretId: string) =>
      (await client.send(new DescribeSecretCommand({ SecretId }))).KmsKeyId;
    const { signal } = new AbortController();
    const [made, there] = [another(), another()];
    await others.overwrite(there, 'what was there before');
    for (const location of [made, there]) {
      const base = (await store.read(location, 'current', signal))?.version ?? null;
      const text = Secret.of('plainly-fake');
      const { version } = await store.stage({ location, mark: 'r1', text }, signal);
      await store.promote({ location, version, base }, signal);
      await store.ledgers.save({ credential: 'wa-prod', location }, '{}', null, signal);
    }
    expect(await keyOf(made)).toContain(kmsKeyId);
    expect(await keyOf(`keyturn/ledger/wa-prod/${made}`)).toContain(kmsKeyId);
    expect((await keyOf(there)) ?? '').not.toContain(kmsKeyId);
    client.destroy();
    await store.close();
  });
}
