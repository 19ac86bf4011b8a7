import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GcpBench, openGcp } from '../stores/gcp-bench.ts';

/* The built command, with Google's client inside its bundle, on the fake. `npm run build` made it. */

const keyturn = fileURLToPath(new URL('../../bin/keyturn.js', import.meta.url));

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

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `endpoint: null`: the store as it is for real, which then needs a login. */
async function run(
  args: readonly string[],
  {
    endpoint = bench.fake.url,
    env = {},
    more = {},
  }: { endpoint?: string | null; env?: object; more?: object } = {},
): Promise<Ran> {
  const store = {
    kind: 'gcp-secret-manager',
    project: bench.fake.project,
    ...(endpoint === null ? {} : { endpoint }),
    ...more,
  };
  const config = {
    version: 1,
    store,
    issuers: { words: { kind: 'random' } },
    credentials: { 'wa-test': { issuer: 'words', location: 'wa-test' } },
  };
  await writeFile(join(folder, 'keyturn.yaml'), JSON.stringify(config));
  return new Promise((resolve) => {
    const environment = { PATH: process.env.PATH, HOME: folder, METADATA_SERVER_DETECTION: 'none', ...env };
    execFile(
      process.execPath,
      [keyturn, ...args],
      { cwd: folder, env: environment },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test('rotates, reports, hands over and ends', async () => {
  expect(await run(['rotate', 'wa-test'])).toMatchObject({ code: 0 });
  const first = await bench.consume('wa-test');
  expect(first).not.toBeNull();
  const status = await run(['status', '--json']);
  expect(JSON.parse(status.stdout).data.credentials).toMatchObject([{ name: 'wa-test' }]);
  const handed = await run(['exec', 'wa-test', '--', process.execPath, '-p', 'process.env.WA_TEST']);
  console.log(handed);
  expect(await run(['rotate', 'wa-test'])).toMatchObject({ code: 0 });
  expect(await bench.consume('wa-test')).not.toBe(first);
});

test('without a login it is told, once, and the process lives on', async () => {
  const { code, stderr } = await run(['status'], { endpoint: null });
  console.log(stderr);
  expect(code).toBe(4);
  expect(stderr).not.toMatch(/\n +at /);
});

test('doctor tries the store', async () => {
  const r = await run(['doctor', '--write']);
  console.log(r.stdout, r.stderr);
});
