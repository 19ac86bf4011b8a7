/**
 * The real program, struck at every effect of every command, with tables.
 *
 *     node test/kill/long.mjs [--ordeal SIGKILL] [--command rotate] [--point 'after 12'] [--workers N]
 */
import { stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { load } from '../../bin/dev/load.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.env.KEYTURN_TEST_ROOT = root;
const { values } = parseArgs({
  options: {
    command: { type: 'string', default: '' },
    ordeal: { type: 'string', default: '' },
    point: { type: 'string', default: '' },
    workers: { type: 'string', default: '4' },
  },
});
const { strikeEverywhere } = await load(root, 'test/kill/long.ts');
const wrong = await strikeEverywhere({
  command: values.command,
  ordeal: values.ordeal,
  point: values.point,
  workers: Number(values.workers),
  print: (/** @type {string} */ text) => stdout.write(`${text}\n`),
});
process.exitCode = wrong === 0 ? 0 : 1;
