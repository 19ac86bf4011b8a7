import { createHash } from 'node:crypto';
import { KeyturnError } from '../../core/errors.ts';
import type { LedgerAddress } from '../../core/store.ts';

export const CURRENT = 'AWSCURRENT';

/** Labels of ours begin so; the others belong to AWS or to somebody else. */
const OWN = 'ROT-';
/** On the version of a ledger that is about to become the newest. */
export const NEXT = `${OWN}NEXT`;

const MARK = /^[a-z0-9.-]{1,64}$/;
const NAME = /^[A-Za-z0-9/_+=.@-]+$/;
/** AWS allows 512 characters, and the names of our own secrets hold those of others. */
const LONGEST_LOCATION = 300;

export function isOwnLabel(label: string): boolean {
  return label.startsWith(OWN);
}

export function stageLabel(mark: string): string {
  if (MARK.test(mark)) return `${OWN}${mark}`;
  throw new KeyturnError('BAD_VALUE', `${JSON.stringify(mark)} cannot be a mark`, {
    hint: 'use 1 to 64 of a-z, 0-9, dot and dash',
  });
}

/** Marks have no capital letters, so none is taken for this. */
export function keptLabel(version: string): string {
  return `${OWN}KEPT-${version}`;
}

export function segmentLabel(name: string): string {
  return `SEG-${plain(name)}`;
}

/** Why a text cannot be a location; null when it can. */
export function locationFault(location: string, prefix: string): string | null {
  if (location === '') return 'is empty';
  if (location.startsWith('arn:')) return 'is an ARN, not a name';
  if (!NAME.test(location)) return 'has a character that AWS does not allow in names';
  if (location.length > LONGEST_LOCATION) return `is longer than ${LONGEST_LOCATION} characters`;
  if (location.startsWith(prefix)) return `begins with ${prefix}, as keyturn's own secrets do`;
  return null;
}

/** The names of the secrets that belong to a location. */
export interface Names {
  /** The secret that consumers read. Throws CONFIG for a location that is not allowed. */
  value(location: string): string;
  /** Holds a first value until it is promoted: the first version of a secret is what consumers read, whatever its label. */
  first(location: string): string;
  ledger(at: LedgerAddress): string;
  trail(at: LedgerAddress): string;
}

export function namesWith(prefix: string): Names {
  return {
    value(location) {
      const why = locationFault(location, prefix);
      if (why === null) return location;
      throw new KeyturnError('CONFIG', `location ${JSON.stringify(location)}: ${why}`, {
        hint: 'use the name of a secret, such as prod/whatsapp/token',
      });
    },
    first: (location) => `${prefix}first/${plain(location)}`,
    ledger: ({ credential, location }) => `${prefix}ledger/${step(credential)}/${plain(location)}`,
    trail: ({ credential, location }) => `${prefix}trail/${step(credential)}/${plain(location)}`,
  };
}

/**
 * A request token, which becomes the id of the version: the same for the same step of the same rotation, whichever
 * process takes it, and another for any other.
 */
export function tokenFor(...of: readonly (string | number)[]): string {
  return asUuid(createHash('sha256').update(JSON.stringify(of)).digest('hex'));
}

/** 32 hex digits as AWS writes the ids of versions. */
export function asUuid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** One step of a name: no slash in it. */
function step(text: string): string {
  return text.includes('/') ? hashed(text) : plain(text);
}

/** A ledger may belong to another store, whose names AWS would not allow: such a name goes by its hash. */
function plain(text: string): string {
  return NAME.test(text) && text.length <= LONGEST_LOCATION && !text.startsWith('=') ? text : hashed(text);
}

function hashed(text: string): string {
  return `=${createHash('sha256').update(text, 'utf16le').digest('hex')}`;
}
