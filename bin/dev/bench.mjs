/**
 * What a user waits for: whole processes, from start to exit, each command in turn and beside `node -e 0`, so that a busy
 * machine slows all of them alike. Then one rotation against the simulator: its calls, its requests, and the time that is
 * keyturn's own. Records and never fails by time: the bars stand in the tables.
 *
 *     node bin/dev/bench.mjs [rounds]
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env, execPath, stdout, version } from 'node:process';
import { fileURLToPath } from 'node:url';
import { load } from './load.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'bin/keyturn.js');
const OWN_MS_BAR = 50;
const rounds = Math.max(15, Number(argv[2] ?? 25));
const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-'));

/** @type {readonly { name: string, args: readonly string[], bar: number | null }[]} */
const targets = [
  { name: 'node -e 0', args: ['-e', '0'], bar: null },
  { name: 'keyturn --version', args: [bin, '--version'], bar: 1.15 },
  { name: 'keyturn --help', args: [bin, '--help'], bar: 1.3 },
  { name: 'keyturn status', args: [bin, 'status'], bar: 1.6 },
  { name: 'keyturn plan', args: [bin, 'plan'], bar: 1.6 },
];

try {
  prepare();
  // The first run of each command compiles and keeps what later ones find.
  for (const target of targets) measure(target.args);
  /** @type {number[][]} */
  const times = targets.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, target] of targets.entries()) times[index]?.push(measure(target.args));
  }
  printProcesses(times.map(median));
  await rotations();
} finally {
  await rm(folder, { recursive: true });
}

/** A credential with one key in a file store, so that `status` and `plan` have something to read. */
function prepare() {
  keyturn(['init', '--store', 'file', '--issuer', 'random', '--name', 'webhook', '--no-input']);
  keyturn(['rotate', 'webhook']);
}

/** @param {readonly string[]} args */
function keyturn(args) {
  const { status, stderr } = spawnSync(execPath, [bin, ...args], {
    cwd: folder,
    env: environment(),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`keyturn ${args.join(' ')} ended with ${status}: ${stderr}`);
}

/**
 * @param {readonly string[]} args
 * @returns {number} milliseconds
 */
function measure(args) {
  const from = process.hrtime.bigint();
  const { status, stderr } = spawnSync(execPath, args, { cwd: folder, env: environment(), encoding: 'utf8' });
  const took = Number(process.hrtime.bigint() - from) / 1e6;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return took;
}

/** The configuration and the identity are those of the folder, and CI forbids nothing here. */
function environment() {
  const { CI: _ci, KEYTURN_CONFIG: _config, ...rest } = env;
  return { ...rest, HOME: folder, XDG_CONFIG_HOME: join(folder, '.config') };
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** @param {readonly number[]} medians */
function printProcesses(medians) {
  const base = medians[0] ?? Number.NaN;
  stdout.write(
    `${new Date().toISOString().slice(0, 10)}, Node.js ${version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, median of ${rounds} runs\n\n`,
  );
  stdout.write('| command | ms | × node -e 0 | bar |\n|---|---|---|---|\n');
  for (const [index, { name, bar }] of targets.entries()) {
    const ms = medians[index] ?? Number.NaN;
    stdout.write(`| ${name} | ${ms.toFixed(1)} | ${(ms / base).toFixed(2)} | ${bar ?? ''} |\n`);
  }
}

/** Counts of every rotation must agree; its own time is stated for the first, which finds nothing compiled, and as median. */
async function rotations() {
  const { measureRotation } = await load(root, 'test/bench/rotation.ts');
  const measures = [];
  for (let round = 0; round < rounds; round += 1) measures.push(await measureRotation());
  const [first] = measures;
  const counted = JSON.stringify([first.calls, first.requests]);
  if (measures.some(({ calls, requests }) => JSON.stringify([calls, requests]) !== counted))
    throw new Error('rotations differ in what they call');
  stdout.write('\n| one rotation | times |\n|---|---|\n');
  for (const [what, counts] of Object.entries({ call: first.calls, request: first.requests })) {
    for (const [name, times] of Object.entries(counts)) stdout.write(`| ${what} ${name} | ${times} |\n`);
    const sum = Object.values(counts).reduce((all, one) => all + one, 0);
    stdout.write(`| **${what}s** | ${sum} |\n`);
  }
  const own = median(measures.map(({ ownMs }) => ownMs));
  stdout.write('\n| own time of one rotation | ms | bar |\n|---|---|---|\n');
  stdout.write(`| the first in its process | ${first.ownMs.toFixed(1)} | ${OWN_MS_BAR} |\n`);
  stdout.write(`| median of ${rounds} | ${own.toFixed(1)} | ${OWN_MS_BAR} |\n`);
}
