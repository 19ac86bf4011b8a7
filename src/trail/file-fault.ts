import { type ErrorCode, KeyturnError, toKeyturnError } from '../core/errors.ts';

interface Fault {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

const RIGHTS: Fault = {
  code: 'DENIED',
  what: 'permission denied',
  hint: 'give this user the right to the file, or let the sink name another',
};
const ROOM: Fault = {
  code: 'FULL',
  what: 'no room left on the disk',
  hint: 'free some room, then run again; what is missing is written then',
};

/** Codes of the operating system (`man 3 errno`); what is not here counts as a disk that gives no answer. */
const FAULTS: Readonly<Record<string, Fault>> = {
  EACCES: RIGHTS,
  EPERM: RIGHTS,
  EROFS: RIGHTS,
  ENOSPC: ROOM,
  EDQUOT: ROOM,
  EFBIG: ROOM,
  ELOOP: { code: 'CONFIG', what: 'it is a symbolic link', hint: 'let the sink name the real file' },
  ENOENT: { code: 'CONFIG', what: 'its folder does not exist', hint: 'make the folder, or correct the path' },
  ENOTDIR: { code: 'CONFIG', what: 'a file lies where its folder should be', hint: 'correct the path' },
  EISDIR: { code: 'CONFIG', what: 'it is a folder', hint: 'let the sink name a file' },
  // What opening a socket, or a pipe that nobody reads, answers.
  ENXIO: { code: 'CONFIG', what: 'it is not a regular file', hint: 'let the sink name a file' },
  ENAMETOOLONG: { code: 'CONFIG', what: 'the name is too long', hint: 'use a shorter path' },
};

const NO_ANSWER: Fault = {
  code: 'UNREACHABLE',
  what: 'the disk failed or gave no answer',
  hint: 'check the disk or the mount, then run again',
};

/** The code of an error of Node, such as ENOENT; null of anything else. */
export function systemCode(caught: unknown): string | null {
  if (!(caught instanceof Error) || caught instanceof KeyturnError) return null;
  const code: unknown = (caught as NodeJS.ErrnoException).code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : null;
}

/** What went wrong with a file of the trail, as an error of ours. */
export function fileFault(caught: unknown, doing: string): KeyturnError {
  const code = systemCode(caught);
  if (code === null) return toKeyturnError(caught, doing);
  const fault = FAULTS[code] ?? NO_ANSWER;
  return new KeyturnError(fault.code, `${doing}: ${fault.what} (${code})`, { hint: fault.hint });
}
