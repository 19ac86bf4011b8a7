/**
 * The one gate, `npm test`: what has to hold before a change is one. Stops at the first stage that fails, and ends with
 * one line, `N passed, N failed`: every stage before the tests counts as one, then come the tests themselves.
 */
import { exit, stdout } from 'node:process';
import { run, runTests } from './tests.mjs';

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
const tests = await runTests(['--config', 'test/vitest.config.ts']);
passed += tests.passed;
if (tests.left > 0)
  stdout.write(`\n${tests.left} tests do not apply to what they were given, or to this machine\n`);
end(tests.failed);

/**
 * @param {number} failures
 * @returns {never}
 */
function end(failures) {
  stdout.write(`\n${passed} passed, ${failures} failed\n`);
  exit(failures === 0 ? 0 : 1);
}
