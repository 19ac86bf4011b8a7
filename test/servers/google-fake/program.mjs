/**
 * The fake as a process of its own, for whoever cannot serve while it waits. Prints its address, and ends with stdin.
 */
import { stdin, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { load } from '../../../bin/dev/load.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { startGoogleFake } = await load(root, 'test/servers/google-fake/server.ts', { packages: 'external' });
const fake = await startGoogleFake();
stdout.write(`${fake.url}\n`);
stdin.on('end', () => fake.stop()).resume();
