/**
 * Makes the working tree runnable: dependencies as the lockfile says, dist as the sources say. Does nothing when nothing
 * changed. Runs before anything is installed, so it uses Node alone.
 *
 *     node bin/dev/ensure.mjs            installs and builds
 *     node bin/dev/ensure.mjs install    installs only
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { arch, argv, env, execPath, exit, platform, stderr } from 'node:process';
import { fileURLToPath } from 'node:url';
import { alone } from './lock.mjs';

/**
 * @typedef {object} Step
 * @property {string} says what it prints when it has to act
 * @property {string} stamp the file that holds the digest of the inputs of the last complete run
 * @property {readonly string[]} inputs files and folders
 * @property {readonly string[]} command
 */

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @type {Step} */
const install = {
  says: 'installing dependencies (npm ci)',
  stamp: join(root, 'node_modules', '.keyturn-installed'),
  inputs: ['package-lock.json', '.npmrc'],
  // esbuild, the only package with an install script, works without it.
  command: [
    ...npm(),
    'ci',
    '--include=dev',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
  ],
};

/** @type {Step} */
const build = {
  says: 'building',
  stamp: join(root, 'dist', '.built'),
  inputs: [
    'src',
    'test/contracts',
    'test/docs',
    'bin/dev',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ],
  command: [execPath, join(root, 'bin/dev/build.mjs')],
};

/** @returns {string[]} the npm that started this script, else the one on the path */
function npm() {
  const script = env.npm_execpath;
  return script?.endsWith('npm-cli.js') ? [execPath, script] : ['npm'];
}

/** @param {readonly Step[]} steps in order */
async function ensure(steps) {
  if (await allDone(steps)) return;
  /** @param {string} owner */
  const onWait = (owner) =>
    say(`waiting for process ${Number.parseInt(owner, 10)}, which is preparing this folder`);
  await alone(join(root, 'dist', '.lock'), onWait, async (holds) => {
    for (const step of steps) {
      // The digest is taken first: a file that changes during the work makes the next run do it again.
      const inputs = await digest(step.inputs);
      if (await stamped(step, inputs)) continue;
      say(step.says);
      await rm(step.stamp, { force: true });
      await run(step.command, holds);
      await mkdir(dirname(step.stamp), { recursive: true });
      await writeFile(step.stamp, inputs);
    }
  });
}

/** @param {readonly Step[]} steps */
async function allDone(steps) {
  for (const step of steps) if (!(await stamped(step, await digest(step.inputs)))) return false;
  return true;
}

/**
 * @param {Step} step
 * @param {string} inputs
 */
async function stamped(step, inputs) {
  const found = await readFile(step.stamp, 'utf8').catch(() => '');
  return found === inputs;
}

/** @param {readonly string[]} paths */
async function digest(paths) {
  const hash = createHash('sha256').update(`${platform} ${arch}\n`);
  for (const path of paths) {
    for (const file of await files(path))
      hash.update(`${relative(root, file)}\n`).update(await content(file));
  }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {Promise<string[]>} the file itself, or every file below the folder, in a stable order
 */
async function files(path) {
  try {
    const entries = await readdir(join(root, path), { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return [join(root, path)];
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** @param {string} file */
async function content(file) {
  return createHash('sha256')
    .update(await readFile(file))
    .digest();
}

/**
 * Standard output belongs to the command that follows, so children write to standard error.
 * @param {readonly string[]} command
 * @param {(child: number) => Promise<void>} holds
 * @returns {Promise<void>}
 */
function run([program = '', ...args], holds) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 2, 2] });
    if (child.pid !== undefined) holds(child.pid).catch(reject);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code ?? signal}`));
    });
  });
}

/** @param {string} text */
function say(text) {
  stderr.write(`keyturn: ${text}\n`);
}

try {
  await ensure(argv[2] === 'install' ? [install] : [install, build]);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  exit(1);
}
