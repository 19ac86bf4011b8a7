/**
 * The stores on their servers, as whole processes: `status` of one credential beside the client library as it comes
 * with one call, in turn, so that a busy machine slows both alike; then `status` of many credentials, and the memory
 * that it takes at most. Records and never fails by time.
 *
 *     node bin/dev/bench-stores.mjs [store …]
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv, execPath, stdout, version } from 'node:process';
import { load } from './load.mjs';
import { root } from './tests.mjs';

const ROUNDS = 25;
const MANY = [250, 500, 1000];
const bin = join(root, 'bin/keyturn.js');
const { servedStores } = await load(root, 'test/servers/store-bench.ts', { packages: 'external' });

stdout.write(`${new Date().toISOString().slice(0, 10)}, Node.js ${version}, median of ${ROUNDS} runs\n`);
for (const [name, open] of Object.entries(servedStores)) {
  if (argv.length > 2 && !argv.includes(name)) continue;
  const served = await open();
  if (served === null) stdout.write(`\n${name}: SKIPPED, its server cannot be had here\n`);
  else await measure(name, served).finally(() => served.stop());
}

/**
 * @param {string} name
 * @param {{ store: object, env: Record<string, string>, floor: string }} served
 */
async function measure(name, { store, env: own, floor }) {
  await mkdir(join(root, 'node_modules/.keyturn'), { recursive: true });
  // Below node_modules, so that the floor finds the library.
  const folder = await mkdtemp(join(root, 'node_modules/.keyturn/bench-'));
  const env = { PATH: process.env.PATH, HOME: folder, ...own };
  const peak = join(folder, 'peak');
  /**
   * @param {readonly string[]} args
   * @returns {Promise<{ ms: number, mib: number }>}
   */
  const run = async (args) => {
    const from = process.hrtime.bigint();
    const { status, stderr } = spawnSync(execPath, ['--require', join(folder, 'peak.cjs'), ...args], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    const ms = Number(process.hrtime.bigint() - from) / 1e6;
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
    return { ms, mib: Number(await readFile(peak, 'utf8')) / 1024 };
  };
  try {
    await writeFile(
      join(folder, 'peak.cjs'),
      `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS)));`,
    );
    await writeFile(join(folder, 'floor.mjs'), floor);
    await configure(folder, store, 1);
    await run([bin, 'rotate', '--all']);
    const targets = [['-e', '0'], ['floor.mjs'], [bin, 'status']];
    for (const args of targets) await run(args);
    /** @type {number[][]} */
    const times = targets.map(() => []);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [at, args] of targets.entries()) times[at]?.push((await run(args)).ms);
    }
    const [bare = 0, base = 0, status = 0] = times.map(median);
    stdout.write(`\n| ${name} | ms | above the library with one call | bar |\n|---|---|---|---|\n`);
    stdout.write(
      `| node -e 0 | ${bare.toFixed(0)} | | |\n| the library and one call | ${base.toFixed(0)} | | |\n`,
    );
    stdout.write(
      `| keyturn status, one credential | ${status.toFixed(0)} | ${(status - base).toFixed(0)} | 25 |\n`,
    );
    stdout.write('\n| credentials | status, s | MiB above node -e 0 | bar |\n|---|---|---|---|\n');
    const empty = (await run(['-e', '0'])).mib;
    for (const count of MANY) {
      await configure(folder, store, count);
      await run([bin, 'run']);
      const { ms, mib } = await run([bin, 'status']);
      stdout.write(`| ${count} | ${(ms / 1000).toFixed(2)} | ${(mib - empty).toFixed(0)} | 150 |\n`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * @param {string} folder
 * @param {object} store
 * @param {number} count
 */
async function configure(folder, store, count) {
  const names = Array.from({ length: count }, (_, at) => `bench-${at}`);
  // Each with an issuer of its own: those of one issuer take turns, and look at each other before a rotation.
  const issuers = Object.fromEntries(names.map((name) => [name, { kind: 'random' }]));
  const credentials = Object.fromEntries(names.map((name) => [name, { issuer: name }]));
  const config = { version: 1, store, issuers, credentials };
  await writeFile(join(folder, 'keyturn.yaml'), JSON.stringify(config));
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
