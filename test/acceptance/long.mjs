/**
 * The whole matrix of Graph servers, with a table.
 *
 *     node test/acceptance/long.mjs [--filter TEXT] [--seeds N] [--first N] [--workers N] [--transcripts FILE]
 */
import { stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { load } from '../../bin/dev/load.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.env.KEYTURN_TEST_PROGRAM ??= fileURLToPath(new URL('../../bin/keyturn.js', import.meta.url));
const { values } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    seeds: { type: 'string', default: '100' },
    first: { type: 'string', default: '1' },
    workers: { type: 'string', default: '6' },
    transcripts: { type: 'string' },
  },
});
const { runMatrix } = await load(root, 'test/acceptance/long.ts');
const wrong = await runMatrix({
  filter: values.filter,
  seeds: Number(values.seeds),
  firstSeed: Number(values.first),
  workers: Number(values.workers),
  transcripts: values.transcripts ?? null,
  print: (/** @type {string} */ text) => stdout.write(`${text}\n`),
});
process.exitCode = wrong === 0 ? 0 : 1;
