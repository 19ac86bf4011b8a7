import { type KeyturnError, toKeyturnError } from '../core/errors.ts';
import { type Read, readArgv } from './argv.ts';
import { type CommandSpec, flag, type Options, optionOf } from './command.ts';
import type { Flags } from './context.ts';
import { allCommands } from './specs/groups.ts';

/** A command line as it was understood, or why it was not. */
export interface Request {
  /** What the output calls the command; `keyturn` where none was understood. */
  readonly command: string;
  readonly flags: Flags;
  /** The exit code of every failure that is keyturn's own; absent: the error's. */
  readonly failsWith?: number;
  readonly asked: Read | KeyturnError;
}

/** Reads a command line; `print` is a text that was asked for, as the help. */
export async function readRequest(
  argv: readonly string[],
  version: string,
): Promise<Request | { readonly print: string }> {
  try {
    const parsed = readArgv(argv) ?? (await import('./program.ts')).parseCommandLine(argv, version);
    if ('print' in parsed) return parsed;
    const { spec, invocation } = parsed;
    return { ...about(spec), flags: flagsOf(invocation.options), asked: parsed };
  } catch (caught) {
    const spec = specIn(argv);
    return {
      ...about(spec),
      flags: flagsIn(argv, spec?.json !== false),
      asked: toKeyturnError(caught, 'read the command line'),
    };
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
function flagsIn(argv: readonly string[], json: boolean): Flags {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const has = (name: string): boolean => own.includes(name);
  return { json: json && has('--json'), quiet: has('--quiet'), verbose: has('--verbose'), input: false };
}

function specIn(argv: readonly string[]): CommandSpec | null {
  const word = argv.find((one) => allCommands().some((spec) => spec.name === one));
  return allCommands().find((spec) => spec.name === word) ?? null;
}

function about(spec: CommandSpec | null): Pick<Request, 'command' | 'failsWith'> {
  const failsWith = spec?.failsWith === undefined ? {} : { failsWith: spec.failsWith };
  return { command: spec?.name ?? 'keyturn', ...failsWith };
}
