import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const SCHEDULES = 20_000;

/** The first seed: from the commit, so that each one tries other schedules, and the same one the same. */
function base(): number {
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' });
  const seed =
    process.env.KEYTURN_SEED ?? (/^[0-9a-f]{40}/.test(stdout ?? '') ? `0x${stdout.slice(0, 8)}` : '1');
  return Number(seed) % 0xffffffff;
}

const first = base();

it(`keeps every promise, KEYTURN_SEED=${first}`, { timeout: 300_000 }, async () => {
  const outfile = fileURLToPath(new URL('../../node_modules/.keyturn/simulate-gate.mjs', import.meta.url));
  const entryPoints = [fileURLToPath(new URL('./long.ts', import.meta.url))];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  const schedules = ['--schedules', `${SCHEDULES}`, '--cores', '2', '--base', `${first}`];
  const options = ['--enable-source-maps', outfile, ...schedules];
  const { stdout } = await promisify(execFile)(process.execPath, options).catch((failed) => failed);
  expect(stdout).toMatch(new RegExp(`\\n${SCHEDULES} schedules in \\d+ s, 0 violations\\n$`));
});
