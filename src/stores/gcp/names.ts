import { KeyturnError } from '../../core/errors.ts';
import type { GcpSettings } from './settings.ts';

const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/;
const OWN = /--staged$|--ledger--/;
const LONGEST = 255;
const MARK = /^[a-z0-9.-]{1,64}$/;

/** The secrets of one location. All of them are secrets of the same project and region. */
export interface Place {
  /** What consumers read. */
  readonly main: string;
  /** Where values wait that consumers must not see. */
  readonly staged: string;
}

/** `projects/P`, or `projects/P/locations/L` for regional secrets. */
export function parentOf({ project, location }: GcpSettings): string {
  return location === undefined ? `projects/${project}` : `projects/${project}/locations/${location}`;
}

/** Throws CONFIG for a location that cannot be the name of a secret. */
export function placeOf(location: string): Place {
  const fault = locationFault(location);
  if (fault !== null) {
    throw new KeyturnError('CONFIG', `location ${JSON.stringify(location)}: ${fault}`, {
      hint: 'use the name of a secret, such as prod-whatsapp-token',
      unsent: true,
    });
  }
  return { main: location, staged: `${location}--staged` };
}

/** Why a text cannot be a location here; null when it can. */
export function locationFault(location: string): string | null {
  if (!SECRET_ID.test(location)) return 'only letters, digits, dash and underscore can name a secret';
  if (OWN.test(location)) return 'names like this are for what keyturn keeps beside a secret';
  if (`${location}--staged`.length > LONGEST) return 'is too long to keep anything beside it';
  return null;
}

/**
 * The secret of one ledger. Credentials have small letters only, and dots, which a secret's name cannot have: these are
 * written in capitals, so that no two credentials share a ledger.
 */
export function ledgerSecret({ location, credential }: { location: string; credential: string }): string {
  const { main } = placeOf(location);
  const name = `${main}--ledger--${credential.replaceAll('.', 'DOT')}`;
  if (SECRET_ID.test(name)) return name;
  throw new KeyturnError(
    'CONFIG',
    `the ledger of ${credential} at ${location} would have a name that is too long`,
    {
      hint: 'use a shorter location, or a shorter name for the credential',
      unsent: true,
    },
  );
}

/** Whether it is one of ours beside another secret. */
export function isBeside(secret: string): boolean {
  return OWN.test(secret);
}

/** Throws BAD_VALUE for what cannot be a mark. */
export function checkMark(mark: string): void {
  if (MARK.test(mark)) return;
  throw new KeyturnError('BAD_VALUE', `${JSON.stringify(mark)} cannot be a mark`, {
    hint: 'use 1 to 64 of a-z, 0-9, dot and dash',
    unsent: true,
  });
}
