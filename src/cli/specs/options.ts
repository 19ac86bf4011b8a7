import type { OptionSpec } from '../command.ts';

/** What every command takes; `--json` only those that have such output. */
export const EVERYWHERE: readonly OptionSpec[] = [
  { flags: '--config <file>', description: 'the configuration to use' },
  { flags: '--quiet', description: 'print results and errors only' },
  { flags: '--verbose', description: 'print more of what happens' },
  { flags: '--no-input', description: 'never ask; fail where an answer would be needed' },
];

export const JSON_OUTPUT: OptionSpec = { flags: '--json', description: 'print one JSON document' };

/** Those that change something. */
export const CHANGES: readonly OptionSpec[] = [
  { flags: '--dry-run', description: 'say what would be done, and write nothing anywhere' },
  { flags: '--reason <text>', description: 'why, for the audit trail' },
  { flags: '--take-lease', description: 'take the lease from a run that is gone' },
];

/** Those that destroy something ask first. */
export const DESTROYS: readonly OptionSpec[] = [
  { flags: '--yes', description: 'do it without being asked for the name' },
];

/** Those that work on a selection of credentials. */
export const SELECTS: readonly OptionSpec[] = [
  { flags: '--tag <key=value>', description: 'only credentials with this tag', repeats: true },
  { flags: '--issuer <name>', description: 'only credentials of this issuer', repeats: true },
  { flags: '--all', description: 'every credential' },
];

export const STDIN: OptionSpec = { flags: '--stdin', description: 'read the key from standard input' };

export const SELECTION = {
  name: '[select...]',
  description: "names of credentials, or patterns such as 'wa-*'",
};
export const NAME = { name: '<name>', description: 'name of one credential' };
