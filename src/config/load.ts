import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod/mini';
import { KeyturnError } from '../core/errors.ts';
import { openNamed } from './catalogue.ts';
import type { Catalogue, Config } from './config.ts';
import { parseSource, readSource } from './parse.ts';
import { pluginsSchema } from './schema.ts';

const MAX_BYTES = 1024 * 1024;

/** Why a package that the configuration names brings nothing. */
export interface PluginFault {
  /** Its place under `plugins`. */
  readonly at: number;
  readonly reason: string;
  readonly remedy: string;
}

/** Loads the packages that a configuration names, and gives the catalogue with what they bring. */
export type LoadPlugins = (
  names: readonly string[],
  folder: string,
) => Promise<{ readonly catalogue: Catalogue; readonly faults: readonly PluginFault[] }>;

/** Reads and checks a configuration file. `file` is an absolute path. Throws CONFIG. */
export async function loadConfig(file: string, catalogue: Catalogue, plugins?: LoadPlugins): Promise<Config> {
  return readConfig(readText(file), file, catalogue, plugins);
}

/** As `parseConfig`, with the kinds loaded that the text names. */
export async function readConfig(
  text: string,
  file: string,
  catalogue: Catalogue,
  plugins?: LoadPlugins,
): Promise<Config> {
  const source = readSource(text, file);
  const names = pluginNames(source.root.value);
  if (names === null || names.length === 0 || plugins === undefined) {
    const known = await openNamed(catalogue, source.root.value);
    return parseSource(source, { ...known, partial: names === null });
  }
  const brought = await plugins(names, dirname(file));
  for (const { at, reason, remedy } of brought.faults) source.mistakes.add(['plugins', at], reason, remedy);
  const known = await openNamed(brought.catalogue, source.root.value);
  return parseSource(source, { ...known, partial: brought.faults.length > 0 });
}

/** The names under `plugins`; null where they are not what they must be, which its schema says. */
function pluginNames(root: unknown): readonly string[] | null {
  const read = z.safeParse(z.object({ plugins: z.optional(pluginsSchema) }), root);
  return read.success ? (read.data.plugins ?? []) : null;
}

function readText(file: string): string {
  const bytes = readBytes(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (caught) {
    if (caught instanceof TypeError) throw refused(`${file} is not UTF-8 text`, 'save it as UTF-8');
    throw caught;
  }
}

function readBytes(file: string): Uint8Array {
  let handle: number | null = null;
  try {
    // Without O_NONBLOCK a pipe with no writer would hang here.
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(handle);
    if (stat.isDirectory()) throw refused(`${file} is a directory`, 'name the file in it');
    if (!stat.isFile()) throw refused(`${file} is no regular file`, 'name a file with --config');
    if (stat.size > MAX_BYTES)
      throw refused(`${file} is larger than 1 MiB`, 'name a configuration of keyturn');
    return readFileSync(handle);
  } catch (caught) {
    throw caught instanceof KeyturnError ? caught : unreadable(file, caught);
  } finally {
    if (handle !== null) closeSync(handle);
  }
}

function unreadable(file: string, caught: unknown): KeyturnError {
  const code = (caught as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return refused(`${file} does not exist`, 'name another with --config, or run keyturn init');
  }
  if (code === 'EACCES') return refused(`${file} may not be read`, 'grant this user the right to read it');
  return refused(`${file} cannot be read (${code ?? 'unknown fault'})`, 'check the disk and the path');
}

function refused(message: string, hint: string): KeyturnError {
  return new KeyturnError('CONFIG', message, { hint });
}
