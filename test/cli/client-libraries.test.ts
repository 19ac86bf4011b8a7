import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { type Bench, benchFor, built } from './harness.ts';

beforeAll(built, 120_000);

/** Writes down the name of every file of ours that is read. */
const WITNESS = `
const fs = require('node:fs');
for (const name of ['readFileSync', 'openSync']) {
  const real = fs[name];
  fs[name] = function (path, ...more) {
    if (String(path).includes('/dist/')) fs.appendFileSync(process.env.WITNESSED, path + '\\n');
    return real.call(this, path, ...more);
  };
}`;

/** Which of the files that hold a client library a command reads. */
async function librariesOf(bench: Bench, args: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-witness-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [witness, list] = [join(folder, 'witness.cjs'), join(folder, 'read')];
  await writeFile(witness, WITNESS);
  const env = { NODE_OPTIONS: `--require ${witness}`, WITNESSED: list, AWS_EC2_METADATA_DISABLED: 'true' };
  await bench.keyturn(args, { env });
  const read = (await readFile(list, 'utf8').catch(() => '')).split('\n').map((path) => basename(path));
  expect(read.join(), 'no file of ours was seen').toContain(args[0] === '--help' ? 'help.txt' : 'pack-');
  return [...new Set(read.flatMap((name) => /^(aws|gcp|vault)(-later)?-/.exec(name)?.[0] ?? []))].sort();
}

it('no client library of a store is read by a command that does not need it', async () => {
  const bench = await benchFor();
  for (const args of [['--help'], ['rotate', 'wa-prod'], ['status'], ['plan']]) {
    expect(await librariesOf(bench, args), args.join(' ')).toEqual([]);
  }
}, 60_000);

it.each([
  ['aws-', '{ kind: aws-secrets-manager, region: eu-central-1, endpoint: "http://127.0.0.1:9" }'],
  ['gcp-', '{ kind: gcp-secret-manager, project: fake-project, endpoint: "http://127.0.0.1:9" }'],
  ['vault-', '{ kind: vault, address: "http://127.0.0.1:9", auth: { method: token, token: "env:HOME" } }'],
])(
  'of several stores, only %s is read where only its credential is asked for',
  async (library, store) => {
    const bench = await benchFor();
    await bench.configure(`version: 1
store: { kind: file, path: ./secrets, identity: env:KEYTURN_IDENTITY }
issuers: { words: { kind: random } }
credentials:
  near: { issuer: words }
  far: { issuer: words, store: ${store} }
`);
    expect(await librariesOf(bench, ['status', 'near'])).toEqual([]);
    expect((await librariesOf(bench, ['status', 'far'])).filter((name) => !name.includes('later'))).toEqual([
      library,
    ]);
  },
  60_000,
);
