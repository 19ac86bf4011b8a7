/**
 * Tries many inputs from outside, or one again:
 *
 *     node test/fuzz/run.mjs [inputs]               the long run, over both cores
 *     node test/fuzz/run.mjs TARGET [SEED [PATH]]   one target, or one input that failed
 */
import { argv, exit, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { load } from '../../bin/dev/load.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { main } = await load(root, 'test/fuzz/long.ts');
const print = (/** @type {string} */ text) => stdout.write(`${text}\n`);
exit(await main(argv.slice(2), [fileURLToPath(import.meta.url)], print));
