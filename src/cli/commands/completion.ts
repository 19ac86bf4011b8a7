import { KeyturnError } from '../../core/errors.ts';
import type { Perform } from '../command.ts';
import { completables, completionScript, SHELLS } from '../completion.ts';
import { createProgram } from '../program.ts';

export const perform: Perform = async ({ words: [name] }) => {
  const shell = SHELLS.find((one) => one === name);
  if (shell === undefined) {
    throw new KeyturnError('USAGE', 'keyturn completes for bash, zsh and fish', {
      hint: 'name one of them: keyturn completion bash',
    });
  }
  const program = createProgram('', () => undefined);
  return { data: null, blocks: [{ kind: 'verbatim', text: completionScript(shell, completables(program)) }] };
};
