import { join } from 'node:path';
import { locationFault, SUFFIX } from './places.ts';
import type { Shelf } from './shelf.ts';

/**
 * Every location that consumers could read. A symbolic link in the place of a value is listed, since somebody may
 * read it (reading it here tells what is wrong); one in the place of a folder is not followed.
 */
export async function listLocations(shelf: Shelf): Promise<readonly string[]> {
  const found: string[] = [];
  const visit = async (folder: string, prefix: string): Promise<void> => {
    for (const name of await shelf.disk.list(folder)) {
      if (name.startsWith('.')) continue;
      const path = join(folder, name);
      const type = (await shelf.disk.look(path, 'show'))?.type;
      if (type === 'folder') await visit(path, `${prefix}${name}/`);
      else if (type !== undefined && name.endsWith(SUFFIX))
        found.push(`${prefix}${name.slice(0, -SUFFIX.length)}`);
    }
  };
  const root = await shelf.tree.find([]);
  if (root !== null) await visit(root, '');
  return found.filter((location) => locationFault(location) === null).sort();
}
