import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const scripts = fileURLToPath(new URL('../bin/dev', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyturn-ensure-'));
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

const diary = () => readFile(join(folder, 'diary'), 'utf8').catch(() => '');

async function until(text: string): Promise<void> {
  for (let tries = 0; !(await diary()).includes(text); tries += 1) {
    if (tries > 2_000) throw new Error(`the diary never said ${text}`);
    await sleep(25);
  }
}

/** Far above what a busy machine needs. */
const PATIENCE = { timeout: 60_000 };

describe('alone', PATIENCE, () => {
  /** Writes `in` and `out` around its work, in a file that all share. */
  const worker = (work: string) => `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { alone } from ${JSON.stringify(pathToFileURL(join(scripts, 'lock.mjs')).href)};
    const note = (word) => appendFileSync('diary', word + ' ');
    await alone('locks', () => {}, async (holds) => { note('in'); ${work}; note('out'); });`;
  const start = (work: string): ChildProcess =>
    spawn(process.execPath, ['--input-type=module', '--eval', worker(work)], {
      cwd: folder,
      stdio: 'inherit',
    });
  const ended = (child: ChildProcess) => new Promise((resolve) => child.once('close', resolve));

  it('lets one in at a time', async () => {
    await Promise.all([1, 2, 3, 4].map(() => ended(start('await sleep(60)'))));
    expect(await diary()).toBe('in out '.repeat(4));
  });

  it('is taken over by exactly one when its owner is killed', async () => {
    const owner = start('await sleep(60_000)');
    await until('in');
    const waiting = [1, 2, 3].map(() => ended(start('await sleep(60)')));
    owner.kill('SIGKILL');
    await Promise.all(waiting);
    expect(await diary()).toBe(`in ${'in out '.repeat(3)}`);
  });

  it('waits for the child that a killed owner left working', async () => {
    const left = `const { spawn } = await import('node:child_process');
      const child = spawn(process.execPath, ['--eval', "setTimeout(() => fs.appendFileSync('diary', 'left '), 700)"]);
      await holds(child.pid); note('held'); await sleep(60_000)`;
    const owner = start(left);
    await until('held');
    owner.kill('SIGKILL');
    await ended(start(''));
    expect(await diary()).toBe('in held left in out ');
  });
});

describe('ensure', PATIENCE, () => {
  beforeEach(async () => {
    await cp(scripts, join(folder, 'bin/dev'), { recursive: true });
    await mkdir(join(folder, 'src'));
    const about = { name: 'x', version: '1.0.0' };
    await writeFile(join(folder, 'package.json'), JSON.stringify(about));
    const lock = { ...about, lockfileVersion: 3, requires: true, packages: { '': about } };
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock));
    await build('built');
  });

  /** What stands for the build: a line in the diary. */
  const build = (word: string, before = '') =>
    writeFile(
      join(folder, 'bin/dev/build.mjs'),
      `import { appendFileSync } from 'node:fs'; ${before}; appendFileSync('diary', '${word} ');`,
    );
  const ensure = () => exec(process.execPath, [join(folder, 'bin/dev/ensure.mjs')]);
  const says = async () => (await ensure()).stderr.split('\n').filter((line) => line.startsWith('keyturn: '));
  const install = 'keyturn: installing dependencies (npm ci)';

  it('installs and builds once, and again only what changed', async () => {
    expect(await says()).toEqual([install, 'keyturn: building']);
    expect(await says()).toEqual([]);
    await writeFile(join(folder, 'src/new.ts'), 'export const x = 1;\n');
    expect(await says()).toEqual(['keyturn: building']);
    await rm(join(folder, 'node_modules'), { recursive: true, force: true });
    expect(await says()).toEqual([install]);
    await rm(join(folder, 'dist'), { recursive: true });
    expect(await says()).toEqual(['keyturn: building']);
    expect(await diary()).toBe('built built built ');
  });

  it('does the work once for two that start together', async () => {
    await Promise.all([ensure(), ensure()]);
    expect(await diary()).toBe('built ');
  });

  it('starts over what was killed half-way, and what failed', async () => {
    await build(
      'half',
      "appendFileSync('diary', 'begun '); await new Promise((go) => setTimeout(go, 1_000))",
    );
    const killed = spawn(process.execPath, [join(folder, 'bin/dev/ensure.mjs')], { stdio: 'ignore' });
    await until('begun');
    killed.kill('SIGKILL');
    await build('never', 'process.exit(3)');
    await expect(ensure()).rejects.toThrow('ended with 3');
    await build('whole');
    await ensure();
    expect(await diary()).toBe('begun half whole ');
  });
});
