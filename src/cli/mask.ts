import { KeyturnError } from '../core/errors.ts';

/**
 * What tells the runner of GitHub Actions to hide these values in every log that follows. The runner hides line by
 * line, so that each line of a value is told. Throws USAGE elsewhere: there it would only print them.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions#masking-a-value-in-a-log
 */
export function maskCommands(
  values: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (env.GITHUB_ACTIONS !== 'true') {
    throw new KeyturnError('USAGE', '--mask is for the runner of GitHub Actions, and this is none', {
      hint: 'leave --mask out: elsewhere it would print the keys',
    });
  }
  const lines = values.flatMap((value) => value.split(/\r?\n/)).filter((line) => line.trim() !== '');
  return [...new Set(lines)].map((line) => `::add-mask::${escaped(line)}\n`).join('');
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D');
}
