import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * @param {readonly string[]} args a script that Node runs, with its arguments
 * @returns {Promise<number>} the exit code; 1 when a signal ended it
 */
export function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
}

/**
 * Runs tests and counts them. A file that does not even load, or an error outside of any test, counts as one failure.
 * @param {readonly string[]} args of vitest, after `run`
 * @returns {Promise<{ passed: number, failed: number, left: number }>}
 */
export async function runTests(args) {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-gate-'));
  const report = join(folder, 'report.json');
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...args];
  const code = await run([...vitest, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
  const counts = JSON.parse(await readFile(report, 'utf8').catch(() => '{}'));
  await rm(folder, { recursive: true });
  const failed = counts.numFailedTests ?? 0;
  return {
    passed: counts.numPassedTests ?? 0,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    left: (counts.numPendingTests ?? 0) + (counts.numTodoTests ?? 0),
  };
}
