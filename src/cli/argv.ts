import type { CommandSpec, Invocation, OptionSpec } from './command.ts';
import { allCommands } from './specs/groups.ts';
import { EVERYWHERE, JSON_OUTPUT } from './specs/options.ts';

/** A command with what stood on its line. */
export interface Read {
  readonly spec: CommandSpec;
  readonly invocation: Invocation;
}

/**
 * Reads a command line of the plain kind: the command first, then known options and as many words as it takes. Null for
 * every other, right or wrong: commander reads those, says what is wrong with them, and prints help. What this gives is
 * what commander would give; it costs a process a tenth of its start to load commander.
 */
export function readArgv(argv: readonly string[]): Read | null {
  const found = commandAt(argv);
  if (found === null) return null;
  const { spec, from } = found;
  const known = optionsOf(spec);
  const options: Record<string, unknown> = {};
  const words: string[] = [];
  let at = from;
  for (; at < argv.length && argv[at] !== '--'; at += 1) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-')) {
      words.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const option = known.get(equals < 0 ? word : word.slice(0, equals));
    if (option === undefined) return null;
    if (!option.takesValue) {
      if (equals >= 0) return null;
      options[option.name] = option.value;
      continue;
    }
    if (equals < 0) at += 1;
    const value = equals < 0 ? argv[at] : word.slice(equals + 1);
    if (value === undefined || value.startsWith('-') || option.spec.choices?.includes(value) === false)
      return null;
    const before = options[option.name];
    options[option.name] =
      option.spec.repeats !== true ? value : [...(Array.isArray(before) ? before : []), value];
  }
  const rest = at < argv.length ? argv.slice(at + 1) : null;
  if (rest !== null && spec.takesRest !== true) return null;
  if (!fits(spec, words)) return null;
  return { spec, invocation: { command: spec.name, words, rest, options } };
}

function commandAt(argv: readonly string[]): { readonly spec: CommandSpec; readonly from: number } | null {
  const [first, second] = argv;
  const below = allCommands().filter((spec) => spec.name.startsWith(`${first} `));
  const inner = below.find((spec) => spec.name === `${first} ${second}`);
  if (inner !== undefined) return { spec: inner, from: 2 };
  const spec = allCommands().find((one) => one.name === first);
  // A later word could be the command below it.
  const unsure = below.some(({ name }) => argv.includes(name.slice(name.indexOf(' ') + 1)));
  return spec === undefined || unsure ? null : { spec, from: 1 };
}

interface Known {
  readonly spec: OptionSpec;
  /** As commander calls it: `--dry-run` is `dryRun`, `--no-input` is `input`. */
  readonly name: string;
  readonly takesValue: boolean;
  /** What it means where it takes none. */
  readonly value: boolean;
}

function optionsOf(spec: CommandSpec): ReadonlyMap<string, Known> {
  const all = [...spec.options, ...EVERYWHERE, ...(spec.json ? [JSON_OUTPUT] : [])];
  return new Map(
    all.map((one) => {
      const [flag = '', argument] = one.flags.split(' ');
      const negated = flag.startsWith('--no-');
      const name = flag
        .slice(negated ? '--no-'.length : 2)
        .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
      return [flag, { spec: one, name, takesValue: argument !== undefined, value: !negated }];
    }),
  );
}

function fits({ words: wanted = [] }: CommandSpec, words: readonly string[]): boolean {
  const least = wanted.filter(({ name }) => name.startsWith('<')).length;
  const many = wanted.some(({ name }) => name.includes('...'));
  return words.length >= least && (many || words.length <= wanted.length);
}
