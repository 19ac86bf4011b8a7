import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type GcpBench, openGcp } from '../stores/gcp-bench.ts';
import { runKeyturn } from './google-process.ts';

/* The built command, with Google's client inside its bundle, on the fake. */

let bench: GcpBench;
let folder: string;

beforeEach(async () => {
  bench = await openGcp('alias');
  folder = await mkdtemp(join(tmpdir(), 'keyturn-gcp-'));
});
afterEach(async () => {
  await bench.close();
  await rm(folder, { recursive: true, force: true });
});

const keyturn = (args: readonly string[], store: object = { endpoint: bench.fake.url }) =>
  runKeyturn(folder, args, { store });

const CHILD = ['--', process.execPath, '-p', 'process.env.WA_TEST'];

test('rotates, reports, hands over and rotates again', async () => {
  expect(await keyturn(['rotate', 'wa-test'])).toMatchObject({ code: 0 });
  const first = await bench.consume('wa-test');
  expect(first?.length).toBeGreaterThan(20);
  bench.fake.calls.length = 0;
  const status = await keyturn(['status', '--json']);
  expect(JSON.parse(status.stdout).data.credentials).toMatchObject([{ name: 'wa-test' }]);
  expect(bench.fake.calls).toHaveLength(1);
  bench.fake.calls.length = 0;
  expect(await keyturn(['exec', 'wa-test', ...CHILD])).toMatchObject({ code: 0, stdout: `${first}\n` });
  expect(bench.fake.calls).toHaveLength(2);
  expect(await keyturn(['rotate', 'wa-test'])).toMatchObject({ code: 0 });
  expect(await bench.consume('wa-test')).not.toBe(first);
});

test('without a login that is told, once, and nothing crashes', async () => {
  const { code, stdout, stderr } = await keyturn(['status'], {});
  expect(code).toBe(4);
  expect(stdout).toBe('');
  expect(stderr).toContain('no login for Google Cloud was found');
  expect(stderr).not.toMatch(/\n +at |unhandled/i);
  const doctor = await keyturn(['doctor', '--write'], {});
  expect(doctor.code).toBe(4);
  // Nothing was written, so nothing is said of what is left.
  expect(doctor.stdout).not.toContain('is left there');
});

describe('doctor', () => {
  const doctor = async (...args: readonly string[]) => {
    const { code, stdout } = await keyturn(['doctor', '--json', ...args]);
    const checks: readonly { name: string; outcome: string; message: string; hint: string }[] =
      JSON.parse(stdout).data.checks;
    return { code, of: (name: string) => checks.filter((check) => check.name.includes(name)) };
  };

  test('tells without writing what is missing', async () => {
    expect(await keyturn(['rotate', 'wa-test'])).toMatchObject({ code: 0 });
    bench.fake.may = (permission) => permission !== 'secretmanager.versions.add';
    bench.fake.calls.length = 0;
    const { code, of } = await doctor();
    expect(code).toBe(4);
    expect(of('store gcp-secret-manager')).toMatchObject([{ outcome: 'ok' }]);
    expect(of('rights of wa-test').map(({ message }) => message)).toEqual(
      ['wa-test', 'wa-test--staged', 'wa-test--ledger--wa-test'].map(
        (secret) => `secretmanager.versions.add on projects/fake-project/secrets/${secret} is not allowed`,
      ),
    );
    const wrote = bench.fake.calls.filter(({ method }) => !/^(Get|List|Access|Test)/.test(method));
    expect(wrote).toEqual([]);
  });

  test('tries the store, and removes what it made', async () => {
    const { code, of } = await doctor('--write');
    expect(code).toBe(0);
    expect(of(': trial')).toMatchObject([{ outcome: 'ok' }]);
    expect(bench.fake.world.allSeen('projects/fake-project')).toEqual([]);
  });

  test('names the permission that its trial lacks, and what it had to leave', async () => {
    bench.fake.may = (permission) =>
      !['secretmanager.secrets.update', 'secretmanager.secrets.delete'].includes(permission);
    const { code, of } = await doctor('--write');
    expect(code).toBe(4);
    expect(of(': trial')).toMatchObject([
      { outcome: 'fail', message: expect.stringContaining('secretmanager.secrets.update is not allowed') },
      { outcome: 'warn', hint: expect.stringContaining('secretmanager.secrets.delete') },
    ]);
  });
});
