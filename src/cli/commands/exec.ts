import type { Config, ConfiguredCredential } from '../../config/config.ts';
import { execVariables, referencedVariables } from '../../config/needs.ts';
import { selectCredentials } from '../../config/select.ts';
import { KeyturnError } from '../../core/errors.ts';
import { selectionOf } from '../change.ts';
import { NOT_FOUND, runChild } from '../child.ts';
import { flag, optionsOf, type Perform, type Report } from '../command.ts';
import type { Context } from '../context.ts';
import { currentParts } from '../current-parts.ts';
import { maskCommands } from '../mask.ts';
import { writeOut } from '../write.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export const perform: Perform = async ({ words, rest, options }, context) => {
  const [command, ...args] = rest ?? [];
  if (command === undefined || command === '') {
    throw new KeyturnError('USAGE', 'no command is given', {
      hint: 'write it after two dashes: keyturn exec wa-prod -- node send.js',
    });
  }
  const config = await context.config();
  const chosen = selectCredentials(config, selectionOf({ words, options }), 'required');
  try {
    const values = await readValues(chosen, context);
    if (flag(options, 'mask')) writeOut(maskCommands(Object.values(values), context.env));
    const env = childEnvironment(config, context.env, optionsOf(options, 'keepEnv'), values);
    const { exitCode, failure } = await runChild(command, args, env);
    return failure === null ? { data: null, blocks: [], exitCode } : notStarted(command, failure, exitCode);
  } catch (caught) {
    // Ended by a signal before there was a child: that is not keyturn's own failure.
    if (!(caught instanceof KeyturnError) || caught.code !== 'INTERRUPTED') throw caught;
    return { data: null, blocks: [], exitCode: caught.exitCode, errors: [caught] };
  }
};

/** What the child gets, by variable. Read once; a rotation that comes later does not reach it. */
async function readValues(
  chosen: readonly ConfiguredCredential[],
  context: Context,
): Promise<Readonly<Record<string, string>>> {
  const wanted = execVariables(chosen);
  await context.requireReferences(chosen, 'read');
  const values: Record<string, string> = {};
  for (const credential of chosen) {
    const parts = await currentParts(credential, context);
    for (const { variable, credential: name, field } of wanted) {
      if (name === credential.name) values[variable] = partOf(parts, field, credential);
    }
  }
  return values;
}

function partOf(parts: ReadonlyMap<string, string>, field: string, { name }: ConfiguredCredential): string {
  const value = parts.get(field);
  if (value !== undefined && !value.includes('\0')) return value;
  const what =
    value === undefined ? 'is missing in the store' : 'holds a character that no variable can hold';
  throw new KeyturnError('UNREADABLE', `the field ${field} of ${name} ${what}`, {
    hint: `look at the value in the store, or run keyturn rotate ${name}`,
    credential: name,
  });
}

/** Our own environment without what references name, and with the keys. */
function childEnvironment(
  config: Config,
  env: Environment,
  kept: readonly string[],
  values: Readonly<Record<string, string>>,
): Environment {
  const taken = new Set(referencedVariables(config).filter((name) => !kept.includes(name)));
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !taken.has(name))), ...values };
}

function notStarted(command: string, failure: string, exitCode: number): Report {
  const what = exitCode === NOT_FOUND ? 'is not found' : `cannot be executed (${failure})`;
  const error = new KeyturnError('USAGE', `the command ${JSON.stringify(command)} ${what}`, {
    hint: 'check its name and PATH, and that it may be executed',
  });
  return { data: null, blocks: [], exitCode, errors: [error] };
}
