import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toKeyturnError } from '../../src/core/errors.ts';
import { drive } from '../../src/engine/rotate.ts';
import type { World } from '../../src/engine/run.ts';
import { fakeIssuer } from '../engine/fake-issuer.ts';
import { policyOf, runOf } from '../engine/world.ts';
import { docsOf } from '../stores/docs-blocks.ts';
import { type GcpBench, openGcp, type Variant } from '../stores/gcp-bench.ts';

/* Whole rotations by the engine, on the fake of Google: how many calls they make, and with which rights. */

const HOUR = 3_600_000;
const page = docsOf('docs/stores/gcp-secret-manager.md');
const ROLE: readonly string[] = JSON.parse(page.blocks('json')[0] ?? '{}').includedPermissions;

let bench: GcpBench;
let later = 0;

/** The real clock, which the tests put forward. */
const world: World = {
  now: () => Date.now() + later,
  monotonic: () => performance.now() + later,
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
};

const issuerOf = () => fakeIssuer(world);
const runWith = (issuer: ReturnType<typeof issuerOf>) => {
  const store = bench.open();
  const policy = policyOf(issuer, { converges: store.traits.converges });
  return drive(runOf(world, issuer, store, { policy }), { do: 'run' });
};

const secretsOf = (variant: Variant) => [
  'wa-test',
  ...(variant === 'aliasOnly' ? [] : ['wa-test--staged']),
  'wa-test--ledger--wa-test',
];

/** Makes the secrets as the docs page tells an administrator to. */
const prepare = (variant: Variant) => {
  for (const secretId of secretsOf(variant)) {
    const parent = `projects/${bench.fake.project}`;
    bench.fake.ask('CreateSecret', { parent, secretId, secret: { replication: { automatic: {} } } });
  }
};

const enabled = (secret: string) =>
  bench.fake.world.now(bench.path(secret)).versions.filter(({ state }) => state === 'ENABLED').length;

describe.each(['alias', 'latest', 'aliasOnly'] satisfies Variant[])('a rotation, %s', (variant) => {
  beforeEach(async () => {
    later = 0;
    bench = await openGcp(variant);
    prepare(variant);
  });
  afterEach(() => bench.close());

  test('passes with the role of the docs page, and leaves one value in use', async () => {
    bench.fake.may = (permission) => ROLE.includes(permission);
    const issuer = issuerOf();
    expect((await runWith(issuer)).error).toBeNull();
    const first = await bench.consume('wa-test');
    expect(first).toBe(issuer.keys[0]?.value);
    later = 91 * 24 * HOUR;
    bench.fake.calls.length = 0;
    expect((await runWith(issuer)).error).toBeNull();
    expect(await bench.consume('wa-test')).toBe(issuer.keys[1]?.value);
    const rotation = bench.fake.calls.length;
    later += 26 * HOUR;
    bench.fake.calls.length = 0;
    expect((await runWith(issuer)).error).toBeNull();
    expect(issuer.isAlive(first)).toBe(false);
    expect(issuer.isAlive(await bench.consume('wa-test'))).toBe(true);
    expect(enabled('wa-test')).toBe(1);
    if (variant !== 'aliasOnly') expect(enabled('wa-test--staged')).toBe(1);
    const ending = bench.fake.calls.length;
    console.log(`${variant}: ${rotation} calls to the new key in place, ${ending} to end the old one`);
    expect(page.text.includes(CALLS[variant](rotation, ending)), 'calls as the docs page says').toBe(true);
  });

  test.each(ROLE)('makes no key without %s on any one of its secrets', async (line) => {
    for (const lacking of secretsOf(variant)) {
      bench.fake.may = (permission, secret) =>
        ROLE.includes(permission) && (permission !== line || secret !== lacking);
      const issuer = issuerOf();
      const error = await runWith(issuer).then(
        (outcome) => outcome.error,
        (caught: unknown) => toKeyturnError(caught, 'run'),
      );
      expect(error?.code, lacking).toBe('DENIED');
      expect(`${error?.message} ${error?.hint}`).toContain(
        `${line} on projects/fake-project/secrets/${lacking}`,
      );
      expect(error?.hint).toContain('keyturnRotator');
      expect(issuer.keys).toEqual([]);
    }
  });
});

const CALLS: Readonly<Record<Variant, (rotation: number, ending: number) => string>> = {
  alias: (rotation, ending) => `${rotation} calls until the new value is in place and ${ending} to end`,
  latest: (rotation, ending) => `with mode \`latest\` ${rotation} and ${ending}`,
  aliasOnly: (rotation, ending) => `with \`aliasOnly\` ${rotation} and ${ending}`,
};
