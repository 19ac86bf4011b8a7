import { dirname, join } from 'node:path';
import { KeyturnError } from '../../core/errors.ts';
import { type Disk, type DiskEntry, errorCode } from './disk.ts';
import { symlinkFault } from './faults.ts';
import type { Steps } from './places.ts';

/**
 * The folders of one store. Every step below the root must be a real folder: a symlink there is refused, because what
 * it leads to may be anyone's. (The root itself may be one; it is what the configuration names.)
 */
export interface Tree {
  readonly root: string;
  /** The path of a folder, or null when it does not exist. */
  find(steps: Steps): Promise<string | null>;
  /** The path of a folder, which is made where it is missing, and will survive a power failure. */
  make(steps: Steps): Promise<string>;
}

export function treeAt(disk: Disk, root: string): Tree {
  const find = async (steps: Steps): Promise<string | null> => {
    let path = root;
    if (!isFolder(await disk.look(path, 'follow'), path)) return null;
    for (const step of steps) {
      path = join(path, step);
      if (!isFolder(await disk.look(path, 'show'), path)) return null;
    }
    return path;
  };

  const makeOne = async (path: string): Promise<void> => {
    try {
      await disk.makeFolder(path);
    } catch (caught) {
      if (errorCode(caught) !== 'EEXIST') throw caught;
    }
    await disk.flushFolder(dirname(path));
  };

  const makeRoot = async (path: string): Promise<void> => {
    if (isFolder(await disk.look(path, 'follow'), path)) return;
    await makeRoot(dirname(path));
    await makeOne(path);
  };

  const make = async (steps: Steps): Promise<string> => {
    await makeRoot(root);
    let path = root;
    for (const step of steps) {
      path = join(path, step);
      if (isFolder(await disk.look(path, 'show'), path)) continue;
      await makeOne(path);
      isFolder(await disk.look(path, 'show'), path);
    }
    return path;
  };

  return { root, find, make };
}

/** False when there is nothing; throws when there is something else. */
function isFolder(entry: DiskEntry | null, path: string): boolean {
  if (entry === null) return false;
  if (entry.type === 'folder') return true;
  if (entry.type === 'symlink') throw symlinkFault(path);
  throw new KeyturnError('CONFIG', `${path} is not a folder`, {
    hint: 'move that file away, or let `path` name another folder',
  });
}
