import { createHash } from 'node:crypto';
import { KeyturnError } from '../../core/errors.ts';

/** Steps of a path below the folder of the store. */
export type Steps = readonly string[];

export const OWN_FOLDER = '.keyturn';
export const SUFFIX = '.age';

const MAX_NAME_BYTES = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Where the value lies that consumers read. Throws CONFIG for a location that is not allowed. */
export function valuePlace(location: string): { readonly folder: Steps; readonly file: string } {
  const why = locationFault(location);
  if (why !== null) {
    throw new KeyturnError('CONFIG', `location ${JSON.stringify(location)}: ${why}`, {
      hint: 'use a name such as prod/whatsapp/token',
    });
  }
  const steps = location.split('/');
  return { folder: steps.slice(0, -1), file: `${steps.at(-1)}${SUFFIX}` };
}

/** Why a text cannot be a location; null when it can. */
export function locationFault(location: string): string | null {
  if (location === '') return 'is empty';
  if (CONTROL.test(location)) return 'has a control character';
  if (!isWellFormed(location)) return 'is not valid Unicode';
  if (location.startsWith('/')) return 'begins with a slash';
  const steps = location.split('/');
  if (steps.includes('')) return 'has an empty step';
  if (steps.some((step) => step.startsWith('.'))) return 'has a step that begins with a dot';
  if (steps.some((step) => step.endsWith(SUFFIX)))
    return `has a step that ends in ${SUFFIX}, which the store adds itself`;
  if (Buffer.byteLength(escaped(location)) > MAX_NAME_BYTES) {
    return `is longer than ${MAX_NAME_BYTES} bytes (each slash counts as three)`;
  }
  return null;
}

/** The folder of all that belongs to a location and is not read by consumers. */
export function ownFolder(location: string): Steps {
  return [OWN_FOLDER, nameFor(location)];
}

export function ledgerFolder(location: string, credential: string): Steps {
  return [...ownFolder(location), 'ledgers', nameFor(credential)];
}

/**
 * One step of a path for any text; different texts have different ones. Ledgers may belong to another store, whose
 * names this store would not allow for its own: what cannot be a file name goes by its hash.
 */
export function nameFor(text: string): string {
  const name = escaped(text);
  const plain = isWellFormed(text) && !CONTROL.test(text) && !/^\.|^$/.test(text);
  if (plain && Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  return `%h${createHash('sha256').update(text, 'utf16le').digest('hex')}`;
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('/', '%2F');
}

function isWellFormed(text: string): boolean {
  return Buffer.from(text, 'utf8').toString('utf8') === text;
}
