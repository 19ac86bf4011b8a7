import { join } from 'node:path';
import { ownFolder, valuePlace } from './places.ts';
import { removeFileAt, type Shelf } from './shelf.ts';

/** Removes a location with all that belongs to it, and folders that are empty then. Of the absent: nothing. */
export async function removeLocation(shelf: Shelf, location: string): Promise<void> {
  const { disk, tree } = shelf;
  const { folder, file } = valuePlace(location);
  await removeFileAt(shelf, folder, file);
  const own = await tree.find(ownFolder(location));
  if (own !== null) await removeTree(shelf, own);
  for (let depth = folder.length; depth > 0; depth -= 1) {
    const path = await tree.find(folder.slice(0, depth));
    if (path !== null && !(await disk.removeFolder(path))) return;
  }
}

/** Never follows a symbolic link: that one goes, what it leads to stays. */
async function removeTree(shelf: Shelf, path: string): Promise<void> {
  const { disk } = shelf;
  for (const name of await disk.list(path)) {
    const inner = join(path, name);
    if ((await disk.look(inner, 'show'))?.type === 'folder') await removeTree(shelf, inner);
    else await disk.unlink(inner);
  }
  await disk.removeFolder(path);
}
