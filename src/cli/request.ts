import { KeyturnError } from '../core/errors.ts';
import { type CommandSpec, flag, type Invocation, type Options, optionOf } from './command.ts';
import type { Flags } from './context.ts';
import { GROUPS, parseCommandLine } from './program.ts';

/** A command line as it was understood, or why it was not. */
export interface Request {
  /** What the output calls the command; `keyturn` where none was understood. */
  readonly command: string;
  readonly flags: Flags;
  readonly asked: { readonly spec: CommandSpec; readonly invocation: Invocation } | KeyturnError;
}

/** Reads a command line; `print` is a text that was asked for, as the help. */
export function readRequest(argv: readonly string[], version: string): Request | { readonly print: string } {
  try {
    const parsed = parseCommandLine(argv, version);
    if ('print' in parsed) return parsed;
    const { spec, invocation } = parsed;
    return { command: spec.name, flags: flagsOf(invocation.options), asked: parsed };
  } catch (caught) {
    if (!(caught instanceof KeyturnError)) throw caught;
    return { command: commandIn(argv), flags: flagsIn(argv), asked: caught };
  }
}

function flagsOf(options: Options): Flags {
  const config = optionOf(options, 'config');
  return {
    ...(config === undefined ? {} : { config }),
    json: flag(options, 'json'),
    quiet: flag(options, 'quiet'),
    verbose: flag(options, 'verbose'),
    input: options.input !== false,
  };
}

/** What counts on a command line that was not understood. */
function flagsIn(argv: readonly string[]): Flags {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const has = (name: string): boolean => own.includes(name);
  return { json: has('--json'), quiet: has('--quiet'), verbose: has('--verbose'), input: false };
}

function commandIn(argv: readonly string[]): string {
  const names = GROUPS.flatMap(({ commands }) => commands.map((spec) => spec.name));
  return argv.find((word) => names.includes(word)) ?? 'keyturn';
}
