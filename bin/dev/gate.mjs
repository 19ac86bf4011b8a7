/**
 * The one gate, `npm test`: what has to hold before a change is one. Stops at the first stage that fails, and ends with
 * one line, `N passed, N failed`: every stage before the tests counts as one, then come the tests themselves.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, exit, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Each a script that Node runs, with its arguments. */
const stages = [
  { name: 'install and build', command: ['bin/dev/ensure.mjs'] },
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'] },
  {
    name: 'lint and format',
    command: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  },
];

let passed = 0;
for (const { name, command } of stages) {
  stdout.write(`\n== ${name}\n`);
  if ((await run(command)) !== 0) end(1);
  passed += 1;
}

stdout.write('\n== tests\n');
const folder = await mkdtemp(join(tmpdir(), 'keyturn-gate-'));
const report = join(folder, 'report.json');
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'];
const code = await run([...vitest, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
const counts = JSON.parse(await readFile(report, 'utf8').catch(() => '{}'));
await rm(folder, { recursive: true });

passed += counts.numPassedTests ?? 0;
const left = (counts.numPendingTests ?? 0) + (counts.numTodoTests ?? 0);
if (left > 0) stdout.write(`\n${left} tests do not apply to what they were given, or to this machine\n`);
const failed = counts.numFailedTests ?? 0;
// A file that does not even load, or an error outside of any test, has no failed test to its name.
end(failed === 0 && code !== 0 ? 1 : failed);

/**
 * @param {number} failures
 * @returns {never}
 */
function end(failures) {
  stdout.write(`\n${passed} passed, ${failures} failed\n`);
  exit(failures === 0 ? 0 : 1);
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code; 1 when a signal ended it
 */
function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
}
