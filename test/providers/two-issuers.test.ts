import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { built, openBench } from '../cli/harness.ts';
import type { Provider } from './provider.ts';
import { startTafel } from './tafel.ts';

beforeAll(built, 60_000);

const STORE = { kind: 'file', path: './secrets', identity: 'env:KEYTURN_IDENTITY' };

/** Credentials `a` and `z`, each of an issuer of its own, at these providers; ids of both begin with 17. */
async function benchOf(one: Provider, two: Provider) {
  const bench = await openBench();
  onTestFinished(async () => {
    await one.server.close();
    if (two !== one) await two.server.close();
    await bench.close();
  });
  Object.assign(bench.env, { ONE: one.env.TAFEL_PASS, TWO: two.env.TAFEL_PASS });
  const issuer = (provider: Provider, pass: string) => ({
    ...provider.settings,
    secrets: { pass: `env:${pass}` },
    settles: '0s',
    timeout: '5s',
  });
  const configure = (credentials: object) =>
    bench.configure(
      stringify({
        version: 1,
        store: STORE,
        policy: { overlap: '0s' },
        issuers: { one: issuer(one, 'ONE'), two: issuer(two, 'TWO') },
        credentials,
      }),
    );
  await configure({ a: { issuer: 'one' }, z: { issuer: 'two' } });
  const rowsOf = async (name: string) =>
    (await bench.keyturn(['status', name, '--json'])).document.data.credentials[0].keys;
  return { bench, configure, rowsOf };
}

const open = async () => startTafel();

describe('two accounts whose ids are the same small numbers', { timeout: 60_000 }, () => {
  test('have keys of their own', async () => {
    const [one, two] = [await open(), await open()];
    const { bench, rowsOf } = await benchOf(one, two);
    expect((await bench.keyturn(['rotate', 'a'])).code).toBe(0);
    expect((await bench.keyturn(['rotate', 'z'])).code).toBe(0);
    expect([one.ring.keys[0]?.id, two.ring.keys[0]?.id]).toEqual(['17', '17']);
    expect(await rowsOf('z')).toMatchObject([{ state: 'current', issuerKeyId: '17' }]);
    expect((await bench.keyturn(['audit'])).code).toBe(0);
    expect((await bench.keyturn(['rotate', 'z'])).code).toBe(0);
    expect(two.ring.live().map(({ id }) => id)).toEqual(['18']);
    expect(one.ring.live().map(({ id }) => id)).toEqual(['17']);
  });

  test('a lost key is not ended by an id that the other account has given, too, and stays a row', async () => {
    const [one, two] = [await open(), await open()];
    const { bench, rowsOf } = await benchOf(one, two);
    expect((await bench.keyturn(['rotate', 'a'])).code).toBe(0);
    two.server.fail('lost', 'create', 1);
    await bench.keyturn(['rotate', 'z']);
    // The next key is asked for after a pause, by whichever run comes then.
    const states = async () => {
      const { code, stdout, stderr } = await bench.keyturn(['run', 'z']);
      expect([code, stdout + stderr]).toEqual([
        4,
        expect.stringContaining('might end the key of a, which has the same id'),
      ]);
      return (await rowsOf('z')).map((row: { state: string }) => row.state).sort();
    };
    await expect.poll(states, { timeout: 40_000 }).toEqual(['current', 'pending']);
    expect(two.ring.live().map(({ id }) => id)).toEqual(['17', '18']);
  });
});

describe('one account under two names', { timeout: 60_000 }, () => {
  test('its keys are called ours at both', async () => {
    const one = await open();
    const { bench, configure } = await benchOf(one, one);
    expect((await bench.keyturn(['rotate', 'a'])).code).toBe(0);
    expect((await bench.keyturn(['rotate', 'z'])).code).toBe(0);
    for (const name of ['one', 'two']) {
      const { code, document } = await bench.keyturn(['keys', name, '--json']);
      expect(document.data.keys).toMatchObject([
        { issuerKeyId: '17', whose: 'ours', credential: 'a', state: 'current' },
        { issuerKeyId: '18', whose: 'ours', credential: 'z', state: 'current' },
      ]);
      expect(code).toBe(0);
    }
    expect((await bench.keyturn(['audit'])).code).toBe(0);

    // A credential is taken out of the configuration; consumers may use its key still.
    await configure({ z: { issuer: 'two' } });
    const { code, stdout } = await bench.keyturn(['keys', 'two']);
    expect(code).toBe(7);
    expect(stdout).toContain('made by keyturn, and no ledger that this configuration names knows it');
    expect(stdout).not.toContain('should be gone');
    const audit = await bench.keyturn(['audit', '--json']);
    expect(audit.document.data.findings).toMatchObject([
      { rule: 'orphan', credential: null },
      { rule: 'unmanaged' },
    ]);
    expect(audit.document.data.findings[0].hint).toContain('taken out of the configuration');
  });
});
