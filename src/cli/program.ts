import { Command, CommanderError, Help, Option } from 'commander';
import { quoted } from '../config/wording.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Read } from './argv.ts';
import type { CommandSpec, OptionSpec } from './command.ts';
import { GROUPS } from './specs/groups.ts';
import { EVERYWHERE, JSON_OUTPUT } from './specs/options.ts';

const HELP_WIDTH = 80;
const SUGGESTION = /\n\(Did you mean (?:one of )?(.*)\?\)$/;

/** Reads a command line: a command, or a text to print. Throws USAGE for one that is not understood; the nearest word is in the hint. */
export function parseCommandLine(
  argv: readonly string[],
  version: string,
): Read | { readonly print: string } {
  let printed = '';
  let found: Read | null = null;
  const program = createProgram(version, (spec, words, options) => {
    const rest = spec.takesRest === true ? afterDashes(argv) : null;
    const own = rest === null ? words : words.slice(0, words.length - rest.length);
    found = { spec, invocation: { command: spec.name, words: own, rest, options } };
  });
  const print = (text: string): void => {
    printed += text;
  };
  eachCommand(program, (command) => {
    command.configureOutput({
      writeOut: print,
      writeErr: () => undefined,
      getOutHelpWidth: () => HELP_WIDTH,
    });
  });
  if (argv.length === 0) throw noCommand();
  try {
    program.parse([...argv], { from: 'user' });
  } catch (caught) {
    if (!(caught instanceof CommanderError)) throw caught;
    if (caught.exitCode === 0) return { print: printed };
    // The help of a word that is no command: what is wrong with that word is said as it is without `help`.
    const help = argv.indexOf('help');
    if (caught.code === 'commander.help' && help >= 0) return parseCommandLine(argv.slice(help + 1), version);
    if (caught.code === 'commander.help') throw noCommand();
    throw fromCommander(caught);
  }
  if (found === null) throw noCommand();
  refuseJson(found);
  return found;
}

/** Before the command it would pass unseen. */
function refuseJson({ spec, invocation }: Read): void {
  if (spec.json || invocation.options.json !== true) return;
  throw usage(`${spec.name} has no JSON output`, 'leave --json out');
}

type Act = (spec: CommandSpec, words: readonly string[], options: Readonly<Record<string, unknown>>) => void;

/** The command tree; `act` hears which command was given. */
export function createProgram(version: string, act: Act): Command {
  const program = new Command('keyturn')
    .description('Rotates credentials without downtime.')
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpCommand(helpCommand())
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .enablePositionalOptions()
    .exitOverride();
  addOptions(program, [...EVERYWHERE, JSON_OUTPUT], true);
  const made = new Map<string, Command>();
  for (const { heading, commands } of GROUPS) {
    for (const spec of commands) {
      const names = spec.name.split(' ');
      const own = names.at(-1) ?? spec.name;
      const above = names.slice(0, -1).join(' ');
      const parent = above === '' ? program : (made.get(above) ?? addGroup(program, above, heading, made));
      const command = parent.command(own).helpGroup(heading);
      made.set(spec.name, command);
      describeCommand(command, spec);
      command.action(() => act(spec, command.args, givenOptions(command)));
    }
  }
  return program;
}

/** What the commands below a word do, each with its name. */
function summaryOfGroup(name: string): string {
  const below = GROUPS.flatMap(({ commands }) => commands).filter((spec) => spec.name.startsWith(`${name} `));
  return below.map((spec) => `${spec.name.slice(name.length + 1)}: ${spec.summary}`).join('; ');
}

/** A word that is no command by itself, only the beginning of others. */
function addGroup(program: Command, name: string, heading: string, made: Map<string, Command>): Command {
  const command = program.command(name).helpGroup(heading).summary(summaryOfGroup(name));
  command.helpOption('-h, --help', 'print this help').exitOverride();
  command.action(() => {
    throw usage(`${name} is no command by itself`, `run keyturn ${name} --help`);
  });
  made.set(name, command);
  return command;
}

function helpCommand(): Command {
  return new Command('help')
    .argument('[command]')
    .description('print the help of a command')
    .helpGroup('Use:')
    .helpOption(false);
}

function describeCommand(command: Command, spec: CommandSpec): void {
  command.summary(spec.summary).description(descriptionOf(spec));
  command.helpOption('-h, --help', 'print this help').exitOverride().allowExcessArguments(false);
  for (const { name, description } of spec.words ?? []) command.argument(name, description);
  if (spec.takesRest === true) command.usage('[options] [select...] -- command [words...]');
  addOptions(command, [...spec.options, ...EVERYWHERE, ...(spec.json ? [JSON_OUTPUT] : [])], false);
  command.addHelpText('after', () => examplesOf(spec));
  if (spec.takesRest === true) command.allowExcessArguments(true);
}

function descriptionOf(spec: CommandSpec): string {
  const summary = `${spec.summary.charAt(0).toUpperCase()}${spec.summary.slice(1)}`;
  const ended = /[.?]$/.test(summary) ? summary : `${summary}.`;
  return spec.description === undefined ? ended : `${ended} ${spec.description}`;
}

function addOptions(command: Command, options: readonly OptionSpec[], hidden: boolean): void {
  for (const { flags, description, choices, repeats, hidden: unseen } of options) {
    const option = new Option(flags, description);
    if (choices !== undefined) option.choices(choices);
    if (repeats === true) {
      option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
    }
    // Defaults are not commander's, so that an option before the command is not overwritten by one after it.
    command.addOption(hidden || unseen === true ? option.hideHelp() : option);
  }
}

/** What was given before the command counts as if it stood after it. */
function givenOptions(command: Command): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {};
  for (let at: Command | null = command; at !== null; at = at.parent) {
    for (const [name, value] of Object.entries(at.opts())) {
      if (at.getOptionValueSource(name) === 'cli') options[name] ??= value;
    }
  }
  return options;
}

function examplesOf(spec: CommandSpec): string {
  const lines = spec.examples.map(([line, does]) => `  keyturn ${line}\n      ${does}`);
  return `\nExamples:\n${lines.join('\n')}`;
}

function eachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) eachCommand(child, visit);
}

/** The help of one command as its page in the documentation has it. */
export function helpOf(program: Command, name: string): string {
  const command = name
    .split(' ')
    .reduce((at, word) => at.commands.find((one) => one.name() === word) ?? at, program);
  const help = new Help();
  help.helpWidth = HELP_WIDTH;
  return help.formatHelp(command, help);
}

function afterDashes(argv: readonly string[]): readonly string[] | null {
  const at = argv.indexOf('--');
  return at < 0 ? null : argv.slice(at + 1);
}

const VALUED = /^error: unknown option '(--[a-z-]+)=/;
const UNKNOWN = /^unknown (command|option) '([\s\S]*)'$/;
const INVALID = /^(option|command-argument value) '([\s\S]*)' is invalid for argument '([^']*)'\. ([^']*)$/;
const INVALID_OPTION = /^option '([^']*)' argument '([\s\S]*)' is invalid\. ([^']*)$/;

/** What commander says of a word that it did not understand; one that could be a secret is left out. */
function fromCommander(error: CommanderError): KeyturnError {
  const near = SUGGESTION.exec(error.message)?.[1];
  if (near !== undefined && near === VALUED.exec(error.message)?.[1]) {
    return usage(`${near} takes no value`, 'leave out the equals sign and what follows it');
  }
  const message = error.message
    .replace(SUGGESTION, '')
    .replace(/^error: /, '')
    .replace(/[.\n]+$/, '')
    .replace(UNKNOWN, (_, what: string, word: string) => `unknown ${what} ${shown(word)}`)
    .replace(
      INVALID,
      (_, _what, word: string, name: string, rest: string) => `${shown(word)} is no ${name}; ${rest}`,
    )
    .replace(
      INVALID_OPTION,
      (_, flags: string, word: string, rest: string) => `${shown(word)} is no value of ${flags}; ${rest}`,
    );
  return usage(
    message,
    near === undefined ? 'run keyturn --help, or keyturn help COMMAND' : `did you mean ${near}?`,
  );
}

/** The name of an option without its value, or a word that can be no secret. */
function shown(word: string): string {
  const name = /^--?[a-z][a-z-]{0,30}(?==|$)/.exec(word)?.[0];
  return name ?? quoted(word);
}

function noCommand(): KeyturnError {
  return usage('no command is given', 'run keyturn --help to see them');
}

function usage(message: string, hint: string): KeyturnError {
  return new KeyturnError('USAGE', message, { hint });
}
