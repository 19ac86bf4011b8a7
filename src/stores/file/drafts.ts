import { join } from 'node:path';
import { type Disk, type DiskEntry, errorCode } from './disk.ts';
import { SUFFIX } from './places.ts';

/** A draft that is older than this belongs to a process that died, or that will find it gone and change nothing. */
const ABANDONED_MS = 60 * 60 * 1000;
const NONCE = /^[0-9a-f]{32}$/;
const OWN_FILE = /^[0-9a-f]{32}\.age$/;

export interface Draft {
  /** A folder that holds the file and nothing else. */
  readonly folder: string;
  /** The name of the file: unique for ever, so that whoever removes or moves it means this draft and no other. */
  readonly name: string;
  readonly path: string;
}

/** Whether a name is one that only this store gives. No other file is ever removed from its working folders. */
export function isOurs(name: string): boolean {
  return OWN_FILE.test(name);
}

/** Writes bytes to a new file where nobody looks, flushed. `nonce`: 32 hex digits that were never used before. */
export async function makeDraft(
  disk: Disk,
  of: {
    readonly drafts: string;
    readonly nonce: string;
    readonly bytes: Uint8Array;
    readonly like: DiskEntry | null;
  },
): Promise<Draft> {
  const folder = join(of.drafts, of.nonce);
  const name = `${of.nonce}${SUFFIX}`;
  const draft = { folder, name, path: join(folder, name) };
  await disk.makeFolder(folder);
  try {
    await disk.create(draft.path, of.bytes, of.like);
    await sweep(disk, of.drafts, draft);
  } catch (caught) {
    await dropDraft(disk, draft);
    throw caught;
  }
  return draft;
}

/** Removes a draft. What cannot be removed now is swept away later, so failing to is no failure. */
export async function dropDraft(disk: Disk, draft: Draft): Promise<void> {
  try {
    await disk.unlink(draft.path);
    await disk.removeFolder(draft.folder);
  } catch (caught) {
    if (errorCode(caught) === null) throw caught;
  }
}

/** Removes what processes that died left behind. Ages are told by the clock that stamps the files, ours and theirs. */
async function sweep(disk: Disk, drafts: string, own: Draft): Promise<void> {
  const now = (await disk.look(own.folder, 'show'))?.modifiedMs;
  if (now === undefined) return;
  for (const name of await disk.list(drafts)) {
    const folder = join(drafts, name);
    if (!NONCE.test(name) || folder === own.folder) continue;
    const entry = await disk.look(folder, 'show');
    if (entry?.type !== 'folder' || now - entry.modifiedMs < ABANDONED_MS) continue;
    for (const file of await disk.list(folder)) {
      if (isOurs(file)) await disk.unlink(join(folder, file));
    }
    await disk.removeFolder(folder);
  }
}
