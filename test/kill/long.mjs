/**
 * The real program, struck at every effect of every command, with tables.
 *
 *     node test/kill/long.mjs [--ordeal SIGKILL] [--command rotate] [--point 'after 12'] [--workers N]
 */
import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { load } from '../../bin/dev/load.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.env.KEYTURN_TEST_ROOT = root;
const { main } = await load(root, 'test/kill/long.ts');
process.exitCode = await main(argv.slice(2), (/** @type {string} */ text) => stdout.write(`${text}\n`));
