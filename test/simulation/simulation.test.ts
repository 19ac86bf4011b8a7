import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const SCHEDULES = 16_000;

/** The same schedules every time, for as long as `npm run simulate:long` finds some that fail. */
const BASE = 8_000_000;

it('keeps every promise under crashes, faults and interleavings', { timeout: 300_000 }, async () => {
  const outfile = fileURLToPath(new URL('../../node_modules/.keyturn/simulate-gate.mjs', import.meta.url));
  const entryPoints = [fileURLToPath(new URL('./long.ts', import.meta.url))];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  const schedules = ['--schedules', `${SCHEDULES}`, '--cores', '2', '--base', `${BASE}`];
  console.log(`seeds from ${BASE}`);
  const options = ['--enable-source-maps', outfile, ...schedules];
  const { stdout } = await promisify(execFile)(process.execPath, options).catch((failed) => failed);
  expect(stdout).toMatch(new RegExp(`${SCHEDULES} schedules in \\d+ s, 0 violations\\n$`));
});
