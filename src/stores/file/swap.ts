import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { KeyturnError } from '../../core/errors.ts';
import type { Version } from '../../core/store.ts';
import { type Disk, type DiskEntry, errorCode } from './disk.ts';
import { type Draft, dropDraft, isOurs, makeDraft } from './drafts.ts';

const VERSION_HEX_DIGITS = 32;
/** Each round means that another process got ahead of us; so many at once do not exist. */
const MAX_ROUNDS = 1000;

/** The version of a file: the beginning of SHA-256 over its encrypted bytes, of which no two encryptions are alike. */
export function versionOf(bytes: Uint8Array): Version {
  return createHash('sha256').update(bytes).digest('hex').slice(0, VERSION_HEX_DIGITS);
}

/** A file that is replaced by compare-and-set, and the places beside it that this needs. */
export interface Cell {
  /** Its folder exists. */
  readonly target: string;
  /** A folder that holds at most one file: what is about to become the target. It need not exist. */
  readonly next: string;
  /** An existing folder on the same file system. */
  readonly drafts: string;
}

export interface Replacement {
  readonly bytes: Uint8Array;
  /** The version that the target must have; null: it must not exist. */
  readonly base: Version | null;
  readonly nonce: string;
  /** What the target is to people, for messages. */
  readonly name: string;
}

/**
 * Makes these bytes the target if it still is `base`; otherwise CONFLICT, and nothing is changed. There is no lock:
 * nothing waits, and what a dead process leaves behind stops nobody.
 *
 * 1. Write the bytes as a draft: a folder that holds one file, whose name was never used before.
 * 2. Claim: rename the draft folder to `next`. The system allows it only while `next` is missing or empty.
 *    If it is not, and the target still is `base`, remove the file in it (its owner loses) and try again.
 * 3. Compare: the target is `base`, or take the file out of `next` again and give up.
 * 4. Rename the file from `next` to the target. It is gone: someone removed it, and we lose.
 *
 * Why at most one wins from one base: suppose that the target changed between 3 and 4 of process P by 4 of process R.
 * Then at that moment the files of both were in `next`, which holds one at a time; so P's was gone, and its step 4
 * fails. Only the owner ever moves a file to the target, so each knows exactly whether it won. A process that slept
 * between 3 and 4, for however long, finds its file gone if anyone else went on without it.
 * Why one does win: a file is only removed by a process that goes on to claim and has just seen `base` in the target;
 * the last one to claim is removed by nobody.
 *
 * A person who writes the target by other means is noticed until step 3, not between 3 and 4.
 */
export async function replace(disk: Disk, cell: Cell, wanted: Replacement): Promise<void> {
  const standing = await disk.read(cell.target);
  if (!isBase(standing, wanted.base)) throw moved(wanted.name);
  const { drafts } = cell;
  const { bytes, nonce } = wanted;
  const draft = await makeDraft(disk, { drafts, nonce, bytes, like: standing });
  try {
    await claim(disk, cell, wanted, draft);
  } catch (caught) {
    await dropDraft(disk, draft);
    throw caught;
  }
  const claimed: Draft = { ...draft, folder: cell.next, path: join(cell.next, draft.name) };
  try {
    await finish(disk, cell, wanted, claimed);
  } catch (caught) {
    await dropDraft(disk, claimed);
    throw caught;
  }
  await settle(disk, cell, wanted, claimed);
}

/** Step 2. */
async function claim(disk: Disk, cell: Cell, wanted: Replacement, draft: Draft): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    try {
      await disk.rename(draft.folder, cell.next);
      return;
    } catch (caught) {
      const code = errorCode(caught);
      // Swept away as abandoned: this process slept for an hour.
      if (code === 'ENOENT') throw moved(wanted.name);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw caught;
    }
    const others = await disk.list(cell.next);
    const stranger = others.find((name) => !isOurs(name));
    if (stranger !== undefined) throw strangerIn(cell.next, stranger);
    // Looked at after the list: a file that was claimed on a newer base is never in it.
    if (!isBase(await disk.read(cell.target), wanted.base)) throw moved(wanted.name);
    for (const name of others) await disk.unlink(join(cell.next, name));
  }
  throw moved(wanted.name);
}

/** Steps 3 and 4. */
async function finish(disk: Disk, cell: Cell, wanted: Replacement, claimed: Draft): Promise<void> {
  if (!isBase(await disk.read(cell.target), wanted.base)) throw moved(wanted.name);
  try {
    // A link, unlike a rename, never replaces a file that somebody else has put there in between.
    if (wanted.base === null) await disk.link(claimed.path, cell.target);
    else await disk.rename(claimed.path, cell.target);
  } catch (caught) {
    const code = errorCode(caught);
    if (code !== 'ENOENT' && code !== 'EEXIST') throw caught;
    // A network file system may repeat a request that it has done already, and report the second answer.
    if (isBase(await disk.read(cell.target), versionOf(wanted.bytes))) return;
    throw moved(wanted.name);
  }
}

/** The change is made and seen. A failure from here on leaves open whether it outlives a power failure. */
async function settle(disk: Disk, cell: Cell, wanted: Replacement, claimed: Draft): Promise<void> {
  try {
    if (wanted.base === null) await disk.unlink(claimed.path);
    await disk.flushFolder(dirname(cell.target));
  } catch (caught) {
    const code = errorCode(caught);
    if (code === null) throw caught;
    throw new KeyturnError(
      'UNREACHABLE',
      `${wanted.name} was changed, but the disk does not confirm that the change will last (${code})`,
      { hint: 'check the disk, then run again' },
    );
  }
}

function isBase(found: (DiskEntry & { readonly bytes: Uint8Array }) | null, base: Version | null): boolean {
  return (found === null ? null : versionOf(found.bytes)) === base;
}

function moved(name: string): KeyturnError {
  return new KeyturnError('CONFLICT', `${name} was changed by someone else`, {
    hint: 'read it again, and decide anew; keyturn status shows what is there now',
  });
}

function strangerIn(folder: string, name: string): KeyturnError {
  return new KeyturnError('PERSON', `${folder} holds a file that is not keyturn's: ${JSON.stringify(name)}`, {
    hint: 'move that file out of the folder, then run again',
  });
}
