import { selectCredentials } from '../../config/select.ts';
import { KeyturnError } from '../../core/errors.ts';
import { selectionOf } from '../change.ts';
import { NOT_FOUND, printsChildren, runChild } from '../child.ts';
import { childEnvironment, readValues } from '../child-environment.ts';
import { flag, optionsOf, type Perform, type Report } from '../command.ts';
import { maskCommands } from '../mask.ts';
import { writeOut } from '../write.ts';

export const perform: Perform = async ({ words, rest, options }, context) => {
  const [command, ...args] = rest ?? [];
  if (command === undefined || command === '') {
    throw new KeyturnError('USAGE', 'no command is given', {
      hint: 'write it after two dashes: keyturn exec wa-prod -- node send.js',
    });
  }
  if (printsChildren()) {
    throw new KeyturnError('UNSUPPORTED', 'with this NODE_DEBUG, Node.js prints the values of the command', {
      hint: 'unset NODE_DEBUG, or leave child_process out of it',
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

function notStarted(command: string, failure: string, exitCode: number): Report {
  const what = exitCode === NOT_FOUND ? 'is not found' : `cannot be executed (${failure})`;
  const error = new KeyturnError('USAGE', `the command ${JSON.stringify(command)} ${what}`, {
    hint: 'check its name and PATH, and that it may be executed',
  });
  return { data: null, blocks: [], exitCode, errors: [error] };
}
