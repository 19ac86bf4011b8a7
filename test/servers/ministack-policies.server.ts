import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { drive } from '../../src/engine/rotate.ts';
import { built, openBench } from '../cli/harness.ts';
import { fakeIssuer } from '../engine/fake-issuer.ts';
import { ACCOUNT, openStore, REGION, useIdentity } from '../stores/aws/bench.ts';
import { lessThan, type Policy, policiesOfPage } from '../stores/aws/policies.ts';
import { othersAt } from './aws-others.ts';
import { iamUser, ministackServer, startMinistack } from './ministack.ts';
import { runFor } from './scenarios/trial.ts';
import { folderOf, type RunningServer } from './server.ts';

/* What the page of the store says of rights, put to a server that holds to IAM's policies. */

const { rotator, doctor, consumer } = policiesOfPage();
const LOCATION = 'prod/whatsapp/verify-token';

let server: RunningServer | null = null;

beforeAll(async () => {
  await built();
});
afterEach(async () => {
  useIdentity();
  await server?.stop();
  server = null;
});

/** A server of its own, and an identity that has these policies and nothing else. */
async function serverFor(...policies: readonly Policy[]): Promise<RunningServer> {
  server = await startMinistack(folderOf(ministackServer), { AUTH: 'true' });
  const merged = { Version: '2012-10-17', Statement: policies.flatMap(({ Statement }) => Statement) };
  Object.assign(process.env, await iamUser(folderOf(ministackServer), server.url, ACCOUNT, merged));
  return server;
}

/** The first rotation of a credential, and the next. Null: both are done. */
async function rotateTwice(url: string): Promise<string | null> {
  const store = openStore(url);
  const issuer = fakeIssuer({ now: () => Date.now() });
  const parts = { store, issuer, location: LOCATION, overlap: 0, now: () => Date.now() };
  try {
    for (const owner of ['first', 'next']) {
      const order = { do: 'rotate', reason: 'asked' } as const;
      const { outcome, reason, problems } = await drive(runFor({ ...parts, owner }), order);
      if (outcome !== 'done' || problems.length > 0) return `${outcome}: ${reason}`;
    }
    return null;
  } catch (caught) {
    return (caught as Error).message;
  } finally {
    await store.close();
  }
}

describe('the policy for the rotator', () => {
  test('is enough for the first rotation and the next', async () => {
    const { url } = await serverFor(rotator);
    expect(await rotateTwice(url)).toBeNull();
  });

  test.each(lessThan(rotator))('has no line too many: $without', async ({ policy }) => {
    const { url } = await serverFor(policy);
    expect(await rotateTwice(url)).not.toBeNull();
  });
});

describe('the policy for doctor --write', () => {
  const trial = async (...policies: readonly Policy[]): Promise<string> => {
    const { url } = await serverFor(...policies);
    const cli = await openBench();
    try {
      for (const [name, value] of Object.entries(process.env)) {
        if (name.startsWith('AWS_')) cli.env[name] = value;
      }
      await cli.configure(`version: 1
store: { kind: aws-secrets-manager, region: ${REGION}, endpoint: "${url}" }
issuers: { webhook: { kind: random } }
credentials: { wa-webhook: { issuer: webhook, location: ${LOCATION} } }
`);
      const { document } = await cli.keyturn(['doctor', '--write', '--json']);
      const checks = document.data.checks as readonly { readonly name: string; readonly outcome: string }[];
      const outcomes = checks.filter(({ name }) => name.endsWith(': trial')).map(({ outcome }) => outcome);
      return outcomes.join(', ');
    } finally {
      await cli.close();
    }
  };

  test('is enough beside that of the rotator', async () => {
    expect(await trial(rotator, doctor)).toBe('ok');
  });

  test.each(lessThan(doctor))('has no line too many: $without', async ({ policy }) => {
    expect(await trial(rotator, policy)).toMatch(/fail|warn/);
  });
});

test('the policy for consumers lets them read what is current, and nothing of keyturn', async () => {
  const { url } = await serverFor(rotator);
  expect(await rotateTwice(url)).toBeNull();
  // ministack does not know the key of the condition, and would deny everything.
  const Statement = consumer.Statement.map(({ Condition, ...rest }) => {
    expect(Condition).toEqual({
      'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': ['AWSCURRENT'] },
    });
    return rest;
  });
  const other = await iamUser(folderOf(ministackServer), url, ACCOUNT, { ...consumer, Statement });
  Object.assign(process.env, other);
  const others = othersAt(url);
  expect(await others.consume(LOCATION)).not.toBeNull();
  await expect(others.consume(`keyturn/ledger/wa-prod/${LOCATION}`)).rejects.toThrow('not authorized');
  await expect(others.labels(LOCATION)).rejects.toThrow('not authorized');
  others.close();
});
