import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KeyturnError } from '../core/errors.ts';
import { REFERENCE } from '../core/setting.ts';
import { quoted } from './wording.ts';

const MAX_BYTES = 64 * 1024;
/** Characters that no name of a file has in earnest, and that would act on the screen of whoever reads the error. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Where references lead. */
export interface ReferenceContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of the configuration. */
  readonly folder: string;
  readonly home: string;
  /** The current value of a credential of one part. Throws REFERENCE where there is none. */
  readonly readCredential: (name: string) => Promise<string>;
}

/**
 * The secret behind `env:NAME`, `file:PATH` or `store:CREDENTIAL`. Read anew at each call.
 * Throws REFERENCE where it is missing, empty, or a file that others can read. No error holds the secret.
 */
export async function resolveReference(reference: string, context: ReferenceContext): Promise<string> {
  if (!REFERENCE.test(reference) || UNPRINTABLE.test(reference)) {
    throw failed('this is no reference', 'write env:NAME, file:PATH or store:CREDENTIAL');
  }
  const target = reference.slice(reference.indexOf(':') + 1);
  if (reference.startsWith('env:')) return fromEnvironment(target, context.env);
  if (reference.startsWith('file:')) return fromFile(resolvePath(target, context));
  const value = await context.readCredential(target);
  if (value === '') throw failed(`the credential ${quoted(target)} is empty in the store`, 'rotate it first');
  return value;
}

/** An absolute path: `~` is the home folder, other relative paths begin at the configuration's folder. */
export function resolvePath(
  path: string,
  { folder, home }: { readonly folder: string; readonly home: string },
): string {
  if (path === '~') return home;
  return path.startsWith('~/') ? join(home, path.slice(2)) : resolve(folder, path);
}

function fromEnvironment(name: string, env: ReferenceContext['env']): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined) throw failed(`the variable ${quoted(name)} is not set`, 'set it for this command');
  if (value === '') throw failed(`the variable ${quoted(name)} is empty`, 'set it for this command');
  return value;
}

function fromFile(path: string): string {
  const text = decode(readPrivate(path), path);
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw failed(`${path} is empty`, 'write the secret into it');
  return value;
}

function readPrivate(path: string): Uint8Array {
  let handle: number | null = null;
  try {
    // Without O_NONBLOCK a pipe with no writer would hang here.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw failed(`${path} is no regular file`, 'name a file that holds the secret');
    if ((stat.mode & 0o077) !== 0) {
      throw failed(`${path} can be read or written by other users`, `run chmod 600 ${path}`);
    }
    if (stat.size > MAX_BYTES)
      throw failed(`${path} is larger than 64 KiB`, 'name a file that holds the secret');
    return readFileSync(handle);
  } catch (caught) {
    throw caught instanceof KeyturnError ? caught : unreadable(path, caught);
  } finally {
    if (handle !== null) closeSync(handle);
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (caught) {
    if (caught instanceof TypeError) throw failed(`${path} is not UTF-8 text`, 'write the secret as text');
    throw caught;
  }
}

function unreadable(path: string, caught: unknown): KeyturnError {
  const code = (caught as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return failed(`${path} does not exist`, 'write the secret into it');
  if (code === 'EACCES') return failed(`${path} may not be read`, `run chmod 600 ${path} as its owner`);
  return failed(`${path} cannot be read (${code ?? 'unknown fault'})`, 'check the disk and the path');
}

function failed(message: string, hint: string): KeyturnError {
  return new KeyturnError('REFERENCE', message, { hint });
}
