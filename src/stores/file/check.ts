import { dirname, join, relative, sep } from 'node:path';
import { toKeyturnError } from '../../core/errors.ts';
import type { SecretStore } from '../../core/store.ts';
import type { DiskEntry } from './disk.ts';
import { guarded } from './faults.ts';
import { listLocations } from './locations.ts';
import { valuePlace } from './places.ts';
import { readFileAt, type Shelf } from './shelf.ts';

type Finding = Awaited<ReturnType<NonNullable<SecretStore['check']>>>[number];

const OTHERS_WRITE = 0o022;
const OTHERS_READ = 0o055;

/** Everything that can be told without writing. What merely deserves to be known is `ok`, with a hint. */
export async function checkStore(
  shelf: Shelf,
  identity: string,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const folder = await findingOf('folder', 'open the store', signal, async () => {
    const root = await shelf.tree.find([]);
    const entry = root === null ? null : await shelf.disk.look(root, 'follow');
    findings.push(...(entry === null ? [absent(shelf.tree.root)] : privacy(shelf.tree.root, entry)));
    const tree = await gitWorkTree(shelf);
    if (tree !== null && !(await isIgnored(shelf, tree))) findings.push(insideGit(shelf.tree.root, tree));
  });
  if (folder.length > 0) return folder;
  return [...findings, ...(await readability(shelf, identity, signal))];
}

function absent(path: string): Finding {
  return {
    name: 'folder',
    ok: true,
    message: `${path} does not exist yet`,
    hint: 'the first write makes it; if it should be there, check `path` and that the volume is mounted',
  };
}

function privacy(path: string, entry: DiskEntry): Finding[] {
  if ((entry.mode & OTHERS_WRITE) !== 0) {
    return [
      {
        name: 'folder',
        ok: false,
        message: `${path} can be written by others than its owner, who could replace values`,
        hint: `run chmod go-w ${path}`,
      },
    ];
  }
  if ((entry.mode & OTHERS_READ) === 0) return [];
  return [
    {
      name: 'folder',
      ok: true,
      message: `${path} can be read by others than its owner; the values in it are encrypted`,
      hint: `run chmod 700 ${path}, unless other users read values from it`,
    },
  ];
}

function insideGit(path: string, tree: string): Finding {
  return {
    name: 'git',
    ok: true,
    message: `${path} is inside the git work tree ${tree}`,
    hint: 'add it to .gitignore: whoever gets the identity can read every value that was ever committed',
  };
}

async function gitWorkTree(shelf: Shelf): Promise<string | null> {
  for (let folder = shelf.tree.root; ; folder = dirname(folder)) {
    if ((await shelf.disk.look(join(folder, '.git'), 'show')) !== null) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/**
 * Whether a line of a .gitignore between the work tree and the folder names it, or a folder that it lies in. Patterns
 * are not understood, and where one takes something back nothing is believed: a warning too much does no harm.
 */
async function isIgnored(shelf: Shelf, tree: string): Promise<boolean> {
  const { root } = shelf.tree;
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    const text = (await shelf.disk.read(join(folder, '.gitignore')))?.bytes.toString('utf8') ?? '';
    const lines = text.split('\n').map((line) => line.trim());
    if (lines.some((line) => line.startsWith('!'))) return false;
    const steps = relative(folder, root).split(sep);
    const inside = steps.map((_, at) => steps.slice(0, at + 1).join('/'));
    const named = (line: string): boolean => {
      const name = line.replace(/^\.?\/|\/$/g, '').replace(/^\//, '');
      return inside.includes(name) || (!line.startsWith('/') && steps.includes(name));
    };
    if (lines.some(named)) return true;
    if (folder === tree || folder === dirname(folder)) return false;
  }
}

/** Whether the identity opens what consumers read. */
async function readability(shelf: Shelf, identity: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const fault = await findingOf('identity', `use ${identity}`, signal, () => shelf.envelope.ready());
  if (fault.length > 0) return fault;
  const findings: Finding[] = [];
  for (const location of await listLocations(shelf)) {
    const read = async () => {
      const { folder, file } = valuePlace(location);
      const found = await readFileAt(shelf, folder, file);
      if (found !== null) await shelf.envelope.open(found.bytes, location);
    };
    findings.push(...(await findingOf(location, `read ${location}`, signal, read)));
  }
  return findings;
}

/** A failure of this part, as a finding. */
async function findingOf(
  name: string,
  doing: string,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<readonly Finding[]> {
  try {
    await guarded(doing, signal, work);
    return [];
  } catch (caught) {
    const { message, hint, code } = toKeyturnError(caught, doing);
    if (code === 'INTERRUPTED') throw caught;
    return [{ name, ok: false, message, hint }];
  }
}
