/**
 * `npm run test:servers`: the stores on servers that other people wrote. Installs each server into `.cache/`, which git
 * ignores, then runs its tests, which start and stop it. `npm run test:servers -- vault` does so for one alone.
 *
 * Ends with one line, `N passed, N failed`. A server that cannot be had here is named and counted as skipped.
 */
import { argv, exit, stdout } from 'node:process';
import { load } from './load.mjs';
import { root, runTests } from './tests.mjs';

const { servers, installServer } = await load(root, 'test/servers/list.ts', { packages: 'external' });

/** @type {readonly string[]} */
const names = servers.map((/** @type {{ name: string }} */ { name }) => name);
const wanted = argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  stdout.write(`there is no server ${unknown.join(', ')}; known are ${names.join(', ')}\n`);
  exit(2);
}

let passed = 0;
let failed = 0;
let skipped = 0;
for (const server of servers) {
  if (wanted.length > 0 && !wanted.includes(server.name)) continue;
  stdout.write(`\n== ${server.name}: install\n`);
  const outcome = await install(server);
  if (outcome !== null) {
    if (outcome.skipped) skipped += 1;
    else failed += 1;
    stdout.write(`${outcome.skipped ? 'SKIPPED' : 'FAILED'}: ${server.name}: ${outcome.why}\n`);
    continue;
  }
  stdout.write(`\n== ${server.name}: tests\n`);
  const tests = await runTests(['--config', 'test/servers/vitest.config.ts', `test/servers/${server.name}`]);
  passed += tests.passed;
  failed += tests.failed;
  skipped += tests.left;
}
stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
exit(failed > 0 || passed === 0 ? 1 : 0);

/**
 * @param {unknown} server
 * @returns {Promise<{ skipped: boolean, why: string } | null>} null: it is there
 */
async function install(server) {
  try {
    const missing = await installServer(server);
    return missing === null ? null : { skipped: true, why: missing };
  } catch (caught) {
    return { skipped: false, why: caught instanceof Error ? caught.message : String(caught) };
  }
}
