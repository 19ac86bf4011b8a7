import { type ErrorCode, KeyturnError, toKeyturnError } from '../../core/errors.ts';
import { storeCall } from '../../core/store-call.ts';
import { errorCode } from './disk.ts';

interface Fault {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

const RIGHTS: Fault = {
  code: 'DENIED',
  what: 'permission denied',
  hint: 'run keyturn as the user who owns the store, or give this user the right to it',
};
const ROOM: Fault = {
  code: 'FULL',
  what: 'no room left on the disk',
  hint: 'free some room or raise the quota, then run again; nothing was lost',
};
const LINKS: Fault = {
  code: 'UNSUPPORTED',
  what: 'this file system has no hard links',
  hint: 'put the store on a local Linux or macOS file system',
};
const BUSY: Fault = {
  code: 'UNREACHABLE',
  what: 'too many open files',
  hint: 'raise the limit of open files (ulimit -n), or run fewer things at once',
};
const SYMLINK: Fault = {
  code: 'CONFIG',
  what: 'a symbolic link lies where a file or folder of the store should be',
  hint: 'replace the link by what it leads to, or let `path` name the real folder',
};

/** Codes of the operating system (`man 3 errno`); what is not here counts as a disk that gives no answer. */
const FAULTS: Readonly<Record<string, Fault>> = {
  EACCES: RIGHTS,
  EPERM: RIGHTS,
  EROFS: {
    code: 'DENIED',
    what: 'the file system is read-only',
    hint: 'mount it writable, or let `path` name a folder that can be written',
  },
  ENOSPC: ROOM,
  EDQUOT: ROOM,
  EFBIG: ROOM,
  ELOOP: SYMLINK,
  ENOTDIR: {
    code: 'CONFIG',
    what: 'a file lies where a folder of the store should be',
    hint: 'move that file away, or let `path` name another folder',
  },
  EISDIR: {
    code: 'CONFIG',
    what: 'a folder lies where a file of the store should be',
    hint: 'move that folder away, or use another location',
  },
  ENAMETOOLONG: {
    code: 'CONFIG',
    what: 'the name is too long for this file system',
    hint: 'use a shorter location or path',
  },
  EXDEV: {
    code: 'UNSUPPORTED',
    what: 'the store spans several file systems',
    hint: 'keep the whole folder on one file system: no mount point below `path`',
  },
  ENOTSUP: LINKS,
  EOPNOTSUPP: LINKS,
  ENOSYS: LINKS,
  EMLINK: LINKS,
  EMFILE: BUSY,
  ENFILE: BUSY,
};

const NO_ANSWER: Fault = {
  code: 'UNREACHABLE',
  what: 'the disk failed or gave no answer',
  hint: 'check the disk or the mount, then run again',
};

/** Does the work of one call of the store. What comes out of it is a KeyturnError, whatever went wrong inside. */
export function guarded<T>(doing: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return storeCall(doing, signal, work, toFault);
}

export function symlinkFault(path: string): KeyturnError {
  return new KeyturnError(SYMLINK.code, `${path}: ${SYMLINK.what}`, { hint: SYMLINK.hint });
}

function toFault(caught: unknown, doing: string): KeyturnError {
  const code = errorCode(caught);
  if (code === null || !/^E[A-Z0-9]+$/.test(code)) return toKeyturnError(caught, doing);
  const { path, syscall } = caught as NodeJS.ErrnoException;
  const fault = faultOf(code, syscall);
  const where = typeof path === 'string' ? `: ${path}` : '';
  return new KeyturnError(fault.code, `${doing}${where}: ${fault.what} (${code})`, { hint: fault.hint });
}

function faultOf(code: string, syscall: string | undefined): Fault {
  // Linux says EPERM where the file system itself knows no hard links.
  if (code === 'EPERM' && syscall === 'link') return LINKS;
  if (syscall === 'fchown') {
    return {
      code: 'DENIED',
      what: 'the new value cannot be given the owner that the present one has',
      hint: 'run keyturn as the owner of the file, so that those who read it still can',
    };
  }
  return FAULTS[code] ?? NO_ANSWER;
}
