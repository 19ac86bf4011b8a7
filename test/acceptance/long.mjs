/**
 * The whole matrix of Graph servers, with a table.
 *
 *     node test/acceptance/long.mjs [--filter TEXT] [--seeds N] [--first N] [--workers N] [--transcripts FILE]
 */
import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { load } from '../../bin/dev/load.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.env.KEYTURN_TEST_PROGRAM ??= fileURLToPath(new URL('../../bin/keyturn.js', import.meta.url));
const { main } = await load(root, 'test/acceptance/long.ts');
process.exitCode = await main(argv.slice(2), (/** @type {string} */ text) => stdout.write(`${text}\n`));
