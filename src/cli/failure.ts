import { KeyturnError, toKeyturnError } from '../core/errors.ts';
import type { Report } from './command.ts';

/**
 * The report of a command that was ended by what it threw. Of a defect nothing but its kind is told, because its text
 * could hold anything; with `verbose` the places in the code as well.
 */
export function failureOf(
  caught: unknown,
  command: string,
  { verbose, bugs }: { readonly verbose: boolean; readonly bugs: string },
): Report {
  const error = toKeyturnError(caught, command);
  if (error.code !== 'BUG') return { data: null, blocks: [], errors: [error], exitCode: error.exitCode };
  const frames = verbose ? framesOf(caught) : '';
  const told = new KeyturnError('BUG', `${error.message}${frames}`, {
    ...error.detail,
    hint: `report this defect at ${bugs}, with the command line, its output at --verbose, the versions that keyturn --version and node --version print, and the operating system; leave out the values of secrets`,
  });
  return { data: null, blocks: [], errors: [told], exitCode: told.exitCode };
}

function framesOf(caught: unknown): string {
  const stack = caught instanceof Error ? (caught.stack ?? '') : '';
  const frames = stack.split('\n').filter((frame) => /^ {4}at /.test(frame));
  return frames.length === 0 ? '' : `\n${frames.join('\n')}`;
}
