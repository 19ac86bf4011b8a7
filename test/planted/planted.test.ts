import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { INVARIANTS } from './bug.ts';
import { BUGS } from './bugs.ts';
import { choose } from './choice.ts';
import { withBug } from './patch.ts';
import { RECORDED } from './recorded.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const protocol = readFileSync(join(root, 'docs/protocol.md'), 'utf8');
const RULES = [...protocol.matchAll(/^\*\*(\d+)\. /gm)].map(([, number]) => Number(number));

describe('the planted bugs', () => {
  it.each(BUGS.map((bug) => [bug.name, bug] as const))('%s: its place is in the code', (_, bug) => {
    const text = readFileSync(join(root, bug.file), 'utf8');
    expect(withBug(bug, text)).not.toBe(text);
  });

  it('are at least forty, with names of their own', () => {
    expect(BUGS.length).toBeGreaterThanOrEqual(40);
    expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  });

  it.each(INVARIANTS)('break %s in three ways or more', (invariant) => {
    expect(BUGS.filter(({ breaks }) => breaks === invariant).length).toBeGreaterThanOrEqual(3);
  });

  it('know the rules by their numbers', () => {
    expect(RULES.length).toBeGreaterThan(0);
    expect(RULES).toEqual(RULES.map((_, index) => index + 1));
  });

  it.each(RULES)('offend rule %i', (rule) => {
    expect(BUGS.some((bug) => bug.rule === rule)).toBe(true);
  });

  it('were all found when they were recorded', () => {
    expect(Object.keys(RECORDED)).toEqual(BUGS.map(({ name }) => name));
    expect(Object.entries(RECORDED).filter(([, { schedules }]) => schedules === 0)).toEqual([]);
  });
});

describe('a bug whose place is gone', () => {
  const bug = { ...BUGS[0], name: 'one', file: 'a.ts', find: 'x', replace: 'y' } as (typeof BUGS)[0];
  it.each([
    ['z', /"one" is found 0 times in a\.ts/],
    ['x x', /"one" is found 2 times in a\.ts/],
  ])('is said, in %j', (text, message) => {
    expect(() => withBug(bug, text)).toThrow(message);
  });
});

describe('the run', () => {
  it.each([
    [['--only'], "Option '--only <value>' argument missing; there are --only, --most, --record, --verify"],
    [['--only', 'xyz'], "no planted bug fits --only 'xyz'"],
    [['--only', '['], '--only is a regular expression'],
    [['--most', 'x'], "--most is a whole number from 1 on, not 'x'"],
    [['--onyl', 'x'], "Unknown option '--onyl'; there are --only, --most, --record, --verify"],
    [['xyz'], "Unexpected argument 'xyz'"],
  ])('refuses %j', (args, says) => {
    expect(() => choose(args)).toThrow(says);
  });

  it('tries all of them where nothing is asked for', () => {
    expect(choose([])).toEqual({ bugs: BUGS, most: 20_000, record: false, verify: false });
  });
});
