/**
 * The stores on their servers, as whole processes: `status` of one credential beside the client library as it comes
 * with one call, in turn, so that a busy machine slows both alike; then `status` of many credentials, and the memory
 * that it takes at most. Records and never fails by time.
 *
 *     node bin/dev/bench-stores.mjs [store …] [--cold]
 *
 * `--cold`: the system's cache of files is emptied before each process, which takes the rights of root, and only one
 * credential is looked at.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv, execPath, stdout, version } from 'node:process';
import { load } from './load.mjs';
import { root } from './tests.mjs';

const cold = argv.includes('--cold');
const wanted = argv.slice(2).filter((word) => word !== '--cold');
const ROUNDS = cold ? 9 : 25;
const ROUNDS_OF_MANY = 5;
const MANY = [250, 500, 1000];
const bin = join(root, 'bin/keyturn.js');
const { servedStores, copyLedger } = await load(root, 'test/servers/store-bench.ts', {
  packages: 'external',
});

stdout.write(`${new Date().toISOString().slice(0, 10)}, Node.js ${version}, median of ${ROUNDS} runs\n`);
for (const [name, open] of Object.entries(servedStores)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
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
   * @param {Readonly<Record<string, string>>} [more] variables
   * @returns {Promise<{ ms: number, cpuMs: number, mib: number }>}
   */
  const run = async (args, more = {}) => {
    if (cold) await emptyCaches();
    const from = process.hrtime.bigint();
    const { status, stderr } = spawnSync(execPath, ['--require', join(folder, 'peak.cjs'), ...args], {
      cwd: folder,
      env: { ...env, ...more },
      encoding: 'utf8',
    });
    const ms = Number(process.hrtime.bigint() - from) / 1e6;
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
    const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(await readFile(peak, 'utf8'));
    return { ms, cpuMs: (userCPUTime + systemCPUTime) / 1000, mib: maxRSS / 1024 };
  };
  try {
    await writeFile(
      join(folder, 'peak.cjs'),
      `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(peak)}, JSON.stringify(process.resourceUsage())));`,
    );
    await writeFile(join(folder, 'floor.mjs'), floor);
    await configure(folder, store, 1);
    await run([bin, 'rotate', '--all']);
    /** @type {{ args: readonly string[], more?: Record<string, string> }[]} */
    const targets = [
      { args: ['-e', '0'] },
      { args: ['floor.mjs'] },
      { args: [bin, 'status'] },
      // As the first time: without the compiled code that the others before it have left.
      { args: [bin, 'status'], more: { NODE_DISABLE_COMPILE_CACHE: '1' } },
    ];
    for (const { args, more } of targets) await run(args, more);
    /** @type {{ ms: number, cpuMs: number }[][]} */
    const ran = targets.map(() => []);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [at, { args, more }] of targets.entries()) ran[at]?.push(await run(args, more));
    }
    const [bare = 0, base = 0, one = 0, first = 0] = ran.map((runs) => median(runs.map((run) => run.ms)));
    const [bareCpuMs = 0, baseCpuMs = 0, oneCpuMs = 0, firstCpuMs = 0] = ran.map((runs) =>
      median(runs.map((run) => run.cpuMs)),
    );
    stdout.write(
      `\n| ${name} | ms | above the library with one call | bar | processor time, ms |\n|---|---|---|---|---|\n`,
    );
    for (const [what, ms, above, bar, cpuMs] of [
      ['node -e 0', bare, '', '', bareCpuMs],
      ['the library and one call', base, '', '', baseCpuMs],
      ['keyturn status, one credential', one, (one - base).toFixed(0), '25', oneCpuMs],
      ['the same, nothing compiled before', first, (first - base).toFixed(0), '25', firstCpuMs],
    ]) {
      stdout.write(
        `| ${what} | ${Number(ms).toFixed(0)} | ${above} | ${bar} | ${Number(cpuMs).toFixed(0)} |\n`,
      );
    }
    if (cold) return;
    const empty = (await run(['-e', '0'])).mib;
    await copyLedger({ store, env: own }, 'bench-0', namesOf(Math.max(...MANY)));
    /** @type {{ ms: number, cpuMs: number, mib: number }[][]} */
    const many = MANY.map(() => []);
    for (let round = 0; round < ROUNDS_OF_MANY; round += 1) {
      for (const [at, count] of MANY.entries()) {
        await configure(folder, store, count);
        many[at]?.push(await run([bin, 'status']));
      }
    }
    stdout.write(
      '\n| credentials | status, s | its processor time, s | ms of it for each | MiB above node -e 0 | bar |\n|---|---|---|---|---|---|\n',
    );
    for (const [at, count] of MANY.entries()) {
      const runs = many[at] ?? [];
      const ms = median(runs.map((run) => run.ms));
      const cpuMs = median(runs.map((run) => run.cpuMs));
      const mib = Math.max(...runs.map((run) => run.mib)) - empty;
      const each = (cpuMs - oneCpuMs) / (count - 1);
      stdout.write(
        `| ${count} | ${(ms / 1000).toFixed(2)} | ${(cpuMs / 1000).toFixed(2)} | ${each.toFixed(2)} | ${mib.toFixed(0)} | 150 |\n`,
      );
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
  const names = namesOf(count);
  // Each with an issuer of its own: those of one issuer take turns, and look at each other before a rotation.
  const issuers = Object.fromEntries(names.map((name) => [name, { kind: 'random' }]));
  const credentials = Object.fromEntries(names.map((name) => [name, { issuer: name }]));
  const config = { version: 1, store, issuers, credentials };
  await writeFile(join(folder, 'keyturn.yaml'), JSON.stringify(config));
}

/** @param {number} count */
function namesOf(count) {
  return Array.from({ length: count }, (_, at) => `bench-${at}`);
}

async function emptyCaches() {
  spawnSync('sync');
  await writeFile('/proc/sys/vm/drop_caches', '3');
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
