import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KeyturnError } from '../../src/core/errors.ts';
import type { PluginContext } from '../../src/core/plugin.ts';

/** What a store gets from outside. References lead to this environment, and to files in the folder. */
export function contextIn(folder: string, environment: Readonly<Record<string, string>>): PluginContext {
  return {
    now: () => 0,
    random: (bytes) => randomBytes(bytes),
    sleep: async (ms, signal) => {
      await delay(ms, undefined, { signal });
    },
    resolve: async (reference) => {
      const rest = reference.slice(reference.indexOf(':') + 1);
      const found = reference.startsWith('env:')
        ? environment[rest]
        : await readFile(join(folder, rest), 'utf8');
      if (found !== undefined) return found;
      throw new KeyturnError('REFERENCE', `${reference} is not set`, { hint: 'set it' });
    },
    folder,
    home: folder,
  };
}
