import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { hash } from './random.ts';

const SCHEDULES = 20_000;

/** Another commit tries other schedules, and the same commit always the same. Outside git they never change. */
function base(): number {
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' });
    return hash(Number.parseInt(commit.slice(0, 8), 16));
  } catch {
    return 20_261_125;
  }
}

it('keeps every promise under crashes, faults and interleavings', { timeout: 300_000 }, async () => {
  const outfile = fileURLToPath(new URL('../../node_modules/.keyturn/simulate-gate.mjs', import.meta.url));
  const entryPoints = [fileURLToPath(new URL('./long.ts', import.meta.url))];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  const schedules = ['--schedules', `${SCHEDULES}`, '--cores', '2', '--base', `${base()}`];
  console.log(`seeds from ${base()}`);
  const options = ['--enable-source-maps', outfile, ...schedules];
  const { stdout } = await promisify(execFile)(process.execPath, options).catch((failed) => failed);
  expect(stdout).toMatch(new RegExp(`${SCHEDULES} schedules in \\d+ s, 0 violations\\n$`));
});
