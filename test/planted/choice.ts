import { optionsIn, UsageError, wholeNumber } from '../arguments.ts';
import type { Bug } from './bug.ts';
import { BUGS } from './bugs.ts';

/** Within so many schedules every bug has to be found. */
const MOST = 20_000;

const OPTIONS = {
  /** Only bugs whose name and file this fits, a regular expression. */
  only: { type: 'string', default: '' },
  most: { type: 'string', default: String(MOST) },
  /** Writes down what is found. */
  record: { type: 'boolean', default: false },
  /** Tries types and unit tests, in place of the simulation. */
  verify: { type: 'boolean', default: false },
} as const;

export interface Choice {
  readonly bugs: readonly Bug[];
  /** How many schedules a bug may take. */
  readonly most: number;
  readonly record: boolean;
  readonly verify: boolean;
}

/** What was typed, where it is something that can be done. */
export function choose(args: readonly string[]): Choice {
  const { only, most, record, verify } = optionsIn(args, OPTIONS);
  const fits = patternOf(only);
  const bugs = BUGS.filter(({ name, file }) => fits.test(`${name} ${file}`));
  if (bugs.length === 0) {
    throw new UsageError(`no planted bug fits --only '${only}'; docs/planted-bugs.md has the names of all`);
  }
  return { bugs, most: wholeNumber('--most', most), record, verify };
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new UsageError(`--only is a regular expression: ${(error as Error).message}`);
  }
}
