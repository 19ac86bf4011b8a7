import { dirname, join } from 'node:path';
import { type Disk, errorCode } from './disk.ts';
import { dropDraft, makeDraft } from './drafts.ts';
import type { Envelope } from './envelope.ts';
import type { Steps } from './places.ts';
import { type Cell, replace } from './swap.ts';
import type { Tree } from './tree.ts';

/** What the values and the ledgers of one store share. */
export interface Shelf {
  readonly disk: Disk;
  readonly tree: Tree;
  readonly envelope: Envelope;
  /** 32 hex digits that were never used before. */
  readonly nonce: () => string;
}

const NEXT = 'next';
const DRAFTS = 'drafts';

/**
 * Puts a file where none has been, as a whole or not at all. False when there is one already, which is left alone.
 * `own` is the working folder of what the file belongs to.
 */
export async function placeOnce(
  shelf: Shelf,
  of: { readonly own: Steps; readonly folder: Steps; readonly file: string; readonly bytes: Uint8Array },
): Promise<boolean> {
  const folder = await shelf.tree.make(of.folder);
  const drafts = await shelf.tree.make([...of.own, DRAFTS]);
  const { disk } = shelf;
  const draft = await makeDraft(disk, { drafts, nonce: shelf.nonce(), bytes: of.bytes, like: null });
  let placed = true;
  try {
    await disk.link(draft.path, join(folder, of.file));
  } catch (caught) {
    if (errorCode(caught) !== 'EEXIST') throw caught;
    placed = false;
  } finally {
    await dropDraft(disk, draft);
  }
  // Also where somebody else placed it: they may have died before they got here.
  await disk.flushFolder(folder);
  return placed;
}

/** Replaces a file by compare-and-set; see `replace`. */
export async function placeNext(
  shelf: Shelf,
  of: {
    readonly own: Steps;
    readonly folder: Steps;
    readonly file: string;
    readonly bytes: Uint8Array;
    readonly base: string | null;
    readonly name: string;
  },
): Promise<void> {
  const folder = await shelf.tree.make(of.folder);
  const drafts = await shelf.tree.make([...of.own, DRAFTS]);
  const cell: Cell = { target: join(folder, of.file), next: join(dirname(drafts), NEXT), drafts };
  await replace(shelf.disk, cell, { bytes: of.bytes, base: of.base, nonce: shelf.nonce(), name: of.name });
}

/** The bytes of a file below the root; null when it or its folder does not exist. */
export async function readFileAt(
  shelf: Shelf,
  folder: Steps,
  file: string,
): Promise<{ readonly bytes: Buffer; readonly modifiedMs: number } | null> {
  const path = await shelf.tree.find(folder);
  return path === null ? null : await shelf.disk.read(join(path, file));
}

/** Removes a file. Of the absent: nothing. */
export async function removeFileAt(shelf: Shelf, folder: Steps, file: string): Promise<void> {
  const path = await shelf.tree.find(folder);
  if (path === null) return;
  if (await shelf.disk.unlink(join(path, file))) await shelf.disk.flushFolder(path);
}
