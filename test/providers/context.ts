import { randomBytes } from 'node:crypto';
import { KeyturnError } from '../../src/core/errors.ts';
import type { PluginContext } from '../../src/core/plugin.ts';

/** The outside world of an issuer under test: the real clock and network, and these variables. */
export function contextFor(env: Readonly<Record<string, string>>): PluginContext {
  return {
    now: () => Date.now(),
    random: (bytes) => randomBytes(bytes),
    sleep: () => Promise.resolve(),
    resolve: async (reference) => {
      const value = env[reference.slice('env:'.length)];
      if (value === undefined) throw new KeyturnError('REFERENCE', 'it leads to nothing', { hint: 'set it' });
      return value;
    },
    folder: '/',
    home: '/',
  };
}
