import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { hash } from '../simulation/random.ts';
import { told } from './engine.ts';
import { TARGETS } from './targets.ts';

/** The commit, so that each one tries other inputs, and the same one the same. */
function commit(): number {
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' });
  return /^[0-9a-f]{40}/.test(stdout ?? '') ? Number.parseInt(stdout.slice(0, 8), 16) | 0 : 1;
}

describe('what comes from outside', () => {
  it.each(TARGETS.map((target, index) => [target.name, target, index] as const))(
    '%s',
    async (_, target, index) => {
      const failure = await target.run(hash(commit(), index) | 0, target.few);
      expect(failure === null ? null : told(failure)).toBeNull();
    },
    120_000,
  );
});
