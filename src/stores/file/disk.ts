import {
  close,
  constants,
  fstat,
  lstat,
  open as openFile,
  readdir,
  readFile,
  type Stats,
  stat,
} from 'node:fs';
import { link, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import { KeyturnError } from '../../core/errors.ts';

/** Far above every value and document; a larger file is not one of ours. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_FOLDER = 0o700;
const PERMISSIONS = 0o777;

// What only reads does without `node:fs/promises`, which takes a millisecond to load: `status` and `exec` read only.
function reading<T>(begin: (done: (fault: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    begin((fault, value) => (fault === null || fault === undefined ? resolve(value) : reject(fault)));
  });
}

export interface DiskEntry {
  readonly type: 'file' | 'folder' | 'symlink' | 'other';
  /** Permission bits, owner and group. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedMs: number;
}

export interface DiskFile extends DiskEntry {
  readonly bytes: Buffer;
}

/**
 * All that the store does with a file system, in steps that each either happen or do not.
 * Failures are Node's own errors, with their codes; the boundary of the store translates them.
 */
export interface Disk {
  /** A regular file as a whole; null when there is nothing. Never follows a symlink in the last step of the path. */
  read(path: string): Promise<DiskFile | null>;
  /** What lies at a path; null when there is nothing. */
  look(path: string, symlinks: 'follow' | 'show'): Promise<DiskEntry | null>;
  /** A new file, flushed to the disk. EEXIST when there is one. With `like`, it gets that one's owner and mode. */
  create(path: string, bytes: Uint8Array, like: DiskEntry | null): Promise<void>;
  /** Names in a folder; none when there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  makeFolder(path: string): Promise<void>;
  /** False when it does not exist or is not empty. */
  removeFolder(path: string): Promise<boolean>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** False when there is nothing. */
  unlink(path: string): Promise<boolean>;
  /** Flushes the names in a folder to the disk. */
  flushFolder(path: string): Promise<void>;
}

/** The code of a Node error, such as ENOENT; null of anything else. */
export function errorCode(caught: unknown): string | null {
  if (!(caught instanceof Error) || caught instanceof KeyturnError) return null;
  const code: unknown = (caught as NodeJS.ErrnoException).code;
  return typeof code === 'string' ? code : null;
}

/** The answer of `work`, or `instead` when it fails with one of these codes. */
async function unless<T>(codes: readonly string[], instead: T, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (caught) {
    if (codes.includes(errorCode(caught) ?? '')) return instead;
    throw caught;
  }
}

export const disk: Disk = {
  read: (path) => unless(['ENOENT'], null, readWhole(path)),
  look: (path, symlinks) =>
    unless(
      ['ENOENT'],
      null,
      reading<Stats>((done) => (symlinks === 'follow' ? stat : lstat)(path, done)).then(toEntry),
    ),
  create: writeNew,
  list: (path) =>
    unless(
      ['ENOENT'],
      [],
      reading<string[]>((done) => readdir(path, done)),
    ),
  makeFolder: (path) => mkdir(path, { mode: OWNER_ONLY_FOLDER }).then(() => undefined),
  removeFolder: (path) =>
    unless(
      ['ENOENT', 'ENOTEMPTY', 'EEXIST'],
      false,
      rmdir(path).then(() => true),
    ),
  link: (from, to) => link(from, to),
  rename: (from, to) => rename(from, to),
  unlink: (path) =>
    unless(
      ['ENOENT'],
      false,
      unlink(path).then(() => true),
    ),
  flushFolder: flush,
};

async function readWhole(path: string): Promise<DiskFile> {
  // Without O_NONBLOCK, a named pipe in the place of the file would keep us waiting for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const descriptor = await reading<number>((done) => openFile(path, flags, done));
  try {
    const stats = await reading<Stats>((done) => fstat(descriptor, done));
    if (!stats.isFile()) throw oddFile('CONFIG', path, 'is not a regular file');
    if (stats.size > MAX_FILE_BYTES) throw oddFile('UNREADABLE', path, 'is too large to be a secret');
    return { ...toEntry(stats), bytes: await reading<Buffer>((done) => readFile(descriptor, done)) };
  } finally {
    await reading<void>((done) => close(descriptor, (fault) => done(fault ?? null)));
  }
}

async function writeNew(path: string, bytes: Uint8Array, like: DiskEntry | null): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(path, flags, OWNER_ONLY_FILE);
  try {
    await handle.writeFile(bytes);
    if (like !== null) {
      const own = await handle.stat();
      if (own.uid !== like.uid || own.gid !== like.gid) await handle.chown(like.uid, like.gid);
      if ((own.mode & PERMISSIONS) !== like.mode) await handle.chmod(like.mode);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function toEntry(stats: Stats): DiskEntry {
  const type = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'folder'
      : stats.isSymbolicLink()
        ? 'symlink'
        : 'other';
  const { uid, gid, mtimeMs } = stats;
  return { type, mode: stats.mode & PERMISSIONS, uid, gid, modifiedMs: mtimeMs };
}

function oddFile(code: 'CONFIG' | 'UNREADABLE', path: string, what: string): KeyturnError {
  return new KeyturnError(code, `${path} ${what}`, {
    hint: 'look at what lies there, and move it out of the store if it is not yours',
  });
}
