import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { hash } from '../simulation/random.ts';
import { told } from './engine.ts';
import { main } from './long.ts';
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

describe('the long run', () => {
  it.each([
    [['xyz'], "there is no target 'xyz'; there are "],
    [['0'], "the number of inputs is a whole number from 1 on, not '0'"],
    [['1e3'], "the number of inputs is a whole number from 1 on, not '1e3'"],
    [['1000', 'duration'], "'duration' is too much: a run has [INPUTS], or TARGET [SEED [PATH]]"],
    [['duration', 'abc'], "a seed is a whole number from -2147483648 on, not 'abc'"],
    [['duration', '1', 'abc'], "a path is a whole number from 0 on, not 'abc'"],
  ])('refuses %j', async (args, says) => {
    const lines: string[] = [];
    expect(await main(args, [], (line) => lines.push(line))).toBe(2);
    expect(lines).toEqual([expect.stringContaining(says)]);
  });
});
