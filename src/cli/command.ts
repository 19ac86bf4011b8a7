import type { KeyturnError } from '../core/errors.ts';
import type { Context } from './context.ts';

/*
 * How a command is made.
 *
 * 1. A `CommandSpec` in src/cli/specs/ says how it is called; program.ts builds the command tree and the help from it.
 * 2. Its `load` imports src/cli/commands/NAME.ts, which exports `perform: Perform`.
 * 3. `perform` reads `invocation` (words and options) through `context` (configuration, stores, issuers, prompts), and
 *    gives a `Report`: what goes to stdout, and how it went. It prints nothing itself, except by `context.say` and
 *    `context.warn` (stderr). Errors that end the command are thrown as KeyturnError; main.ts turns them into a report.
 *
 *     export const perform: Perform = async ({ words, options }, context) => {
 *       const config = await context.config();
 *       …
 *       return { data: { findings }, blocks: [table(['rule', 'key'], rows)] };
 *     };
 */

export type Perform = (invocation: Invocation, context: Context) => Promise<Report>;

/** What stood on the command line. */
export interface Invocation {
  /** The command, as `rotate` or `trail verify`. */
  readonly command: string;
  /** Names and patterns before `--`. */
  readonly words: readonly string[];
  /** What stood after `--`; null where there was no `--`. */
  readonly rest: readonly string[] | null;
  readonly options: Options;
}

/** Options by their camel-cased long name. */
export type Options = Readonly<Record<string, unknown>>;

/** Whether a flag was given. */
export function flag(options: Options, name: string): boolean {
  return options[name] === true;
}

/** The value of an option that takes one; undefined where it was not given. */
export function optionOf(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The values of an option that may be given several times. */
export function optionsOf(options: Options, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.map(String) : [];
}

export type Status = 'ok' | 'waiting' | 'partial' | 'failed' | 'unsafe' | 'findings';

/** What a command found or did. */
export interface Report {
  /** The `data` of the JSON document; its shape for each command is in output-schema.ts. No secret is in it. */
  readonly data: unknown;
  /** What people read on stdout. */
  readonly blocks: readonly Block[];
  /** 0 where it is absent. */
  readonly exitCode?: number;
  /** Where it is absent it follows from the exit code. */
  readonly status?: Status;
  readonly errors?: readonly KeyturnError[];
  /** Commands that a person may want to run now, as `keyturn status wa-prod`. */
  readonly next?: readonly string[];
}

/** A part of what people read. Text of others may hold anything: control characters are shown as `?`. */
export type Block =
  | { readonly kind: 'line'; readonly cells: readonly Cell[] }
  | {
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Cell[])[];
    }
  /** Exact text, as it is to be printed. */
  | { readonly kind: 'verbatim'; readonly text: string };

export type Tone = 'good' | 'bad' | 'warn' | 'faint' | 'strong';
export type Cell = string | { readonly text: string; readonly tone: Tone };

export function line(...cells: readonly Cell[]): Block {
  return { kind: 'line', cells };
}

/** The last column gives way where a terminal is too narrow. */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[]): Block {
  return { kind: 'table', columns, rows };
}

export function toned(text: string, tone: Tone): Cell {
  return { text, tone };
}

export interface OptionSpec {
  /** As commander reads them: `--overlap <duration>`, `--wait`. */
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeats?: true;
  /** Not for people: left out of help, completion and docs. */
  readonly hidden?: true;
}

export interface CommandSpec {
  /** `rotate`; for a command below another one `trail verify`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** More lines for its own help. */
  readonly description?: string;
  /** As commander reads them: `<name>`, `[select...]`. */
  readonly words?: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionSpec[];
  /** Command lines without `keyturn`, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** False for those that have no JSON output. */
  readonly json: boolean;
  /** It takes a command of its own after `--`. */
  readonly takesRest?: true;
  /** The exit code of every failure that is keyturn's own, in place of the error's. */
  readonly failsWith?: number;
  readonly load: () => Promise<{ readonly perform: Perform }>;
}
