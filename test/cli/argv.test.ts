import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Read, readArgv } from '../../src/cli/argv.ts';
import { parseCommandLine } from '../../src/cli/program.ts';
import { allCommands } from '../../src/cli/specs/groups.ts';
import { EVERYWHERE, JSON_OUTPUT } from '../../src/cli/specs/options.ts';

const names = allCommands().map((spec) => spec.name);
const flags = [...allCommands().flatMap((spec) => spec.options), ...EVERYWHERE, JSON_OUTPUT].map(
  ({ flags: text }) => text.split(' ')[0] ?? '',
);

/** What commander says of a line; null: a mistake, or a text to print. */
function byCommander(argv: readonly string[]): Read | null {
  try {
    const parsed = parseCommandLine(argv, '0.0.0');
    return 'print' in parsed ? null : parsed;
  } catch {
    // Every mistake is the same to this comparison.
    return null;
  }
}

const plain = ({ spec, invocation }: Read) => ({ name: spec.name, ...invocation });

describe('the fast reader of command lines', () => {
  it('gives what commander gives, or leaves the line to it', () => {
    const value = fc.constantFrom(
      'wa-prod',
      'wa-*',
      '',
      'a=b',
      '-x',
      '--',
      'verify',
      'high',
      'trail',
      '5m',
      'x y',
    );
    const flag = fc.constantFrom(...flags, '--nonsense', '-h', '-V', '--help');
    const word = fc.oneof(
      value,
      flag,
      fc.tuple(flag, value).map(([name, text]) => `${name}=${text}`),
    );
    const line = fc
      .tuple(fc.constantFrom(...names), fc.array(word, { maxLength: 6 }))
      .map(([name, words]) => [...name.split(' '), ...words]);
    fc.assert(
      fc.property(line, (argv) => {
        const fast = readArgv(argv);
        if (fast === null) return;
        const slow = byCommander(argv);
        expect(slow === null ? null : plain(slow)).toEqual(plain(fast));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['status'],
    ['status wa-prod --json'],
    ['run --timeout 5m --tag a=b --tag=c=d --no-input'],
    ['adopt wa-prod --stdin --issued-at 2026-01-01'],
    ['trail verify --json'],
    ['exec wa-prod -- node --version'],
  ])('reads %s itself', (text) => expect(readArgv(text.split(' '))).not.toBe(null));
});
