import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { KeyturnError } from '../core/errors.ts';

/**
 * The absolute path of a report that is to be written, found right before anything is done; null: none is asked for.
 * Throws USAGE for another ending than .md and .json, and for a place that cannot be written.
 */
export function reportPath(given: string | undefined, cwd: string): string | null {
  if (given === undefined) return null;
  if (!/\.(md|json)$/.test(given)) {
    throw refused(
      'the report has neither the ending .md nor .json',
      'name it as incident.md or incident.json',
    );
  }
  const path = resolve(cwd, given);
  try {
    accessSync(dirname(path), constants.W_OK);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
      throw refused(`${path} is a folder`, 'name a file');
  } catch (caught) {
    if (caught instanceof KeyturnError) throw caught;
    throw refused(
      `the report cannot be written into ${dirname(path)}`,
      'name a folder that exists and can be written',
    );
  }
  return path;
}

function refused(message: string, hint: string): KeyturnError {
  return new KeyturnError('USAGE', message, { hint });
}
