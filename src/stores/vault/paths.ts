import { createHash } from 'node:crypto';
import { KeyturnError } from '../../core/errors.ts';

/** Steps of a path in Vault, in clear. */
export type Steps = readonly string[];

const MAX_BYTES = 400;
/** Go's `unicode.IsPrint`: Vault refuses all else. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u;
const PLAIN_STEP = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;
const MARK = /^[a-z0-9][a-z0-9.-]{0,63}$/;

/** A path as it goes into a URL. Nothing in a step can end it, climb out of it or begin a query. */
export function encoded(steps: Steps): string {
  return steps.map((step) => encodeURIComponent(step)).join('/');
}

/** Why a text cannot be a location; null when it can. */
export function locationFault(location: string, ownPath: string): string | null {
  if (location === '') return 'is empty';
  if (Buffer.from(location, 'utf8').toString('utf8') !== location) return 'is not valid Unicode';
  if (!PRINTABLE.test(location)) return 'has a character that Vault does not allow in a path';
  if (location.includes('*')) return 'has a *, which means anything in a policy of Vault';
  const steps = location.split('/');
  if (steps.includes('')) return 'has an empty step, or a slash at its beginning or end';
  if (steps.some((step) => step.startsWith('.'))) return 'has a step that begins with a dot';
  if (steps.includes('+')) return 'has a step +, which means any step in a policy of Vault';
  if (Buffer.byteLength(location) > MAX_BYTES) return `is longer than ${MAX_BYTES} bytes`;
  if (`${location}/`.startsWith(`${ownPath}/`)) return `lies in ${ownPath}, which is keyturn's own`;
  return null;
}

/** What belongs to one location. Steps of our own begin with a dot, which those of locations never do. */
export interface Places {
  /** What consumers read. */
  readonly value: Steps;
  staged(mark: string): Steps;
  kept(version: string): Steps;
}

/** Throws CONFIG for a location that is not allowed, as all that gives a place does. */
export function placesOf(location: string, ownPath: string): Places {
  const own = ownPlace(location, ownPath);
  return {
    value: location.split('/'),
    staged: (mark) => [...own, '.staged', markStep(mark)],
    kept: (version) => [...own, '.kept', version],
  };
}

/** The ledger of a credential. */
export function ledgerPlace(
  at: { readonly location: string; readonly credential: string },
  ownPath: string,
): Steps {
  return [...ownPlace(at.location, ownPath), '.ledger', stepFor(at.credential)];
}

export function segmentPlace(
  at: { readonly location: string; readonly credential: string },
  name: string,
  ownPath: string,
): Steps {
  return [...ownPlace(at.location, ownPath), '.trail', stepFor(at.credential), stepFor(name)];
}

/** Where all that belongs to a location and is not read by consumers lies. */
export function ownPlace(location: string, ownPath: string): Steps {
  const why = locationFault(location, ownPath);
  if (why === null) return [...ownPath.split('/'), ...location.split('/')];
  throw new KeyturnError('CONFIG', `location ${JSON.stringify(location)} ${why}`, {
    hint: 'use a name such as prod/whatsapp/token',
    unsent: true,
  });
}

function stepFor(text: string): string {
  return PLAIN_STEP.test(text) ? text : `~${createHash('sha256').update(text, 'utf16le').digest('hex')}`;
}

function markStep(mark: string): string {
  if (MARK.test(mark)) return mark;
  throw new KeyturnError('BAD_VALUE', `${JSON.stringify(mark)} cannot be a mark`, {
    hint: 'use 1 to 64 of a-z, 0-9, dot and dash, beginning with a letter or a digit',
    unsent: true,
  });
}
