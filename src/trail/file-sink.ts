import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeyturnError } from '../core/errors.ts';
import type { TrailEntry, TrailSink } from '../core/trail.ts';
import { fileFault, systemCode } from './file-fault.ts';
import { linesBackward } from './lines.ts';

const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const OWNER_ONLY = 0o600;
const NEWLINE = 0x0a;

/**
 * Appends entries to a file, one line of JSON each, and returns when they are on the disk. Entries that it holds
 * already are not written twice. After a line that was cut it begins a new one.
 */
export function openFileSink(path: string): TrailSink['take'] {
  return async (entries, signal) => {
    const [first] = entries;
    if (first === undefined) return;
    if (signal.aborted) throw interrupted(path);
    try {
      const { handle, made } = await openToAppend(path);
      try {
        await append(handle, entries, first);
        if (made) await flushFolder(dirname(path));
      } finally {
        await handle.close();
      }
    } catch (caught) {
      throw fileFault(caught, `append to ${path}`);
    }
  };
}

async function append(handle: FileHandle, entries: readonly TrailEntry[], first: TrailEntry): Promise<void> {
  const { size } = await handle.stat();
  const held = await heldHashes(handle, size, first);
  const lines = entries
    .filter((entry) => held.get(entry.n) !== entry.hash)
    .map((entry) => `${JSON.stringify(entry)}\n`);
  if (lines.length > 0) {
    const start = size === 0 || (await lastByte(handle, size)) === NEWLINE ? '' : '\n';
    // One write, so that two processes that append at once do not mix their lines.
    await handle.appendFile(start + lines.join(''));
  }
  await handle.sync();
}

/** Number -> hash of this credential's entries in the file, from the number of `first` on. */
async function heldHashes(
  handle: FileHandle,
  size: number,
  first: TrailEntry,
): Promise<ReadonlyMap<number, string>> {
  const held = new Map<number, string>();
  const mark = JSON.stringify(first.credential);
  for await (const line of linesBackward(handle, size)) {
    if (!line.includes(mark)) continue;
    const entry = entryOf(line);
    if (entry?.credential !== first.credential) continue;
    // Entries of one credential are in order: what is older than this one is not among those to write.
    if (entry.n < first.n) break;
    if (!held.has(entry.n)) held.set(entry.n, entry.hash);
  }
  return held;
}

function entryOf(line: string): TrailEntry | null {
  try {
    return JSON.parse(line) as TrailEntry;
  } catch (caught) {
    if (caught instanceof SyntaxError) return null;
    throw caught;
  }
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0];
}

async function openToAppend(path: string): Promise<{ readonly handle: FileHandle; readonly made: boolean }> {
  for (;;) {
    try {
      const handle = await open(path, APPEND);
      await refuseOddFile(handle, path);
      return { handle, made: false };
    } catch (caught) {
      if (systemCode(caught) !== 'ENOENT') throw caught;
    }
    try {
      return {
        handle: await open(path, APPEND | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY),
        made: true,
      };
    } catch (caught) {
      // Somebody else made it in between.
      if (systemCode(caught) !== 'EEXIST') throw caught;
    }
  }
}

async function refuseOddFile(handle: FileHandle, path: string): Promise<void> {
  if ((await handle.stat()).isFile()) return;
  await handle.close();
  throw new KeyturnError('CONFIG', `${path} is not a regular file`, {
    hint: 'let the sink name a file of its own',
    unsent: true,
  });
}

async function flushFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function interrupted(path: string): KeyturnError {
  return new KeyturnError('INTERRUPTED', `append to ${path}: interrupted`, {
    hint: 'run again to resume',
    unsent: true,
  });
}
