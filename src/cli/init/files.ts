import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KeyturnError } from '../../core/errors.ts';

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_FOLDER = 0o700;
const READABLE = 0o644;

/** Where the identity for a configuration lies: in the home folder, apart from the files that it opens. */
export function identityPath(
  configFile: string,
  home: string,
): { readonly path: string; readonly written: string } {
  const folder = dirname(configFile);
  const name =
    basename(folder)
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .slice(0, 40) || 'root';
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 8);
  const below = `.config/keyturn/${name}-${digest}.identity`;
  return { path: join(home, below), written: `~/${below}` };
}

/**
 * Writes a new identity, or keeps the one that is there: what it has encrypted would be lost with it.
 * Gives its recipient.
 */
export async function placeIdentity(
  path: string,
  make: () => Promise<{ readonly identity: string; readonly recipient: string }>,
  recipientOf: (identity: string) => Promise<string>,
): Promise<{ readonly recipient: string; readonly made: boolean }> {
  const held = await readIfThere(path);
  if (held !== null) {
    const identity = held.split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-'));
    if (identity === undefined) {
      throw new KeyturnError('CONFIG', `${path} is there and holds no age identity`, {
        hint: 'look at it, and move it away if nothing needs it; nothing was written',
      });
    }
    return { recipient: await recipientOf(identity.trim()), made: false };
  }
  const { identity, recipient } = await make();
  await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_FOLDER });
  await writeNew(path, `# public key: ${recipient}\n${identity}\n`, OWNER_ONLY_FILE);
  return { recipient, made: true };
}

/** Throws USAGE where there is a file already and `force` is not given. */
export async function placeConfig(path: string, text: string, force: boolean): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (!force) return writeNew(path, text, READABLE);
  const draft = `${path}.new`;
  const handle = await open(draft, 'w', READABLE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
}

export async function refuseExisting(path: string): Promise<void> {
  if ((await readIfThere(path)) !== null) throw existing(path);
}

/** Adds lines that are not there yet. */
export async function ignore(folder: string, lines: readonly string[]): Promise<readonly string[]> {
  const path = join(folder, '.gitignore');
  const held = (await readIfThere(path)) ?? '';
  const known = new Set(held.split('\n').map((line) => line.trim()));
  const fresh = lines.filter((line) => !known.has(line));
  if (fresh.length === 0) return [];
  const start = held === '' || held.endsWith('\n') ? '' : '\n';
  const handle = await open(path, 'a', READABLE);
  try {
    await handle.appendFile(`${start}${fresh.join('\n')}\n`);
  } finally {
    await handle.close();
  }
  return fresh;
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, 'wx', mode);
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'EEXIST') throw existing(path);
    throw caught;
  }
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw caught;
  }
}

function existing(path: string): KeyturnError {
  return new KeyturnError('USAGE', `${path} is there already`, {
    hint: 'say --force to overwrite it; the identity and the store are kept either way',
  });
}
