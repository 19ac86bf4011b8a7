import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BEAT_MS = 1_000;
const SILENT_MS = 120_000;

/**
 * Runs `work` while no other process does, with a folder as the lock. A lock is taken over when its owner is gone, with
 * the children that the owner named, or was silent for two minutes of waiting (another process may have been given its
 * number). Nobody ever has to remove one by hand.
 *
 * Taking, taking over and letting go are renames of a folder that is not empty, so exactly one of many processes wins:
 * a lock that ended lies under its owner's name, and whoever is late in moving it away finds that name in use.
 *
 * @template T
 * @param {string} folder where the lock lies; made when it does not exist
 * @param {(owner: string) => void} onWait called once when somebody else holds the lock
 * @param {(holds: (child: number) => Promise<void>) => Promise<T>} work tells `holds` which process also must end first
 * @returns {Promise<T>}
 */
export async function alone(folder, onWait, work) {
  const lock = join(folder, 'lock');
  const owner = `${process.pid}-${process.hrtime.bigint()}`;
  const mine = join(folder, `new-${owner}`);
  await mkdir(mine, { recursive: true });
  await writeFile(join(mine, 'owner'), owner);
  await take(folder, mine, lock, onWait);
  // A beat that fails only makes the lock look silent.
  const beat = setInterval(() => touch(lock).catch(() => undefined), BEAT_MS);
  try {
    await sweep(folder);
    return await work((child) => writeFile(join(lock, 'child'), String(child)));
  } finally {
    clearInterval(beat);
    await moved(lock, join(folder, `old-${owner}`));
  }
}

/**
 * @param {string} folder
 * @param {string} mine
 * @param {string} lock
 * @param {(owner: string) => void} onWait
 */
async function take(folder, mine, lock, onWait) {
  let beat = '';
  let since = performance.now();
  let told = false;
  for (;;) {
    await touch(mine);
    if (await moved(mine, lock)) return;
    const other = await holder(lock);
    if (other === null) continue;
    if (other.beat !== beat) {
      beat = other.beat;
      since = performance.now();
    }
    if (!other.running || performance.now() - since > SILENT_MS) {
      await moved(lock, join(folder, `old-${other.name}`));
      continue;
    }
    if (!told) onWait(other.name);
    told = true;
    await sleep(100);
  }
}

/** @param {string} path */
async function touch(path) {
  const now = new Date();
  await utimes(path, now, now);
}

/**
 * @param {string} from
 * @param {string} to
 * @returns {Promise<boolean>} false when `to` is in use or `from` has gone
 */
async function moved(from, to) {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EPERM'].includes(codeOf(error))) return false;
    throw error;
  }
}

/**
 * @param {string} lock
 * @returns {Promise<{ name: string, beat: string, running: boolean } | null>} null when it has just been let go
 */
async function holder(lock) {
  try {
    const name = await readFile(join(lock, 'owner'), 'utf8');
    const child = await readFile(join(lock, 'child'), 'utf8').catch(() => '');
    const { mtimeMs } = await stat(lock);
    return { name, beat: `${name} ${mtimeMs}`, running: running(name) || (child !== '' && running(child)) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** @param {string} name begins with a process id */
function running(name) {
  try {
    process.kill(Number.parseInt(name, 10), 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/**
 * Removes locks that ended. After an hour no process is still about to move the same one away.
 * @param {string} folder
 */
async function sweep(folder) {
  for (const name of await readdir(folder)) {
    if (name === 'lock') continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > 3_600_000)
      await rm(path, { recursive: true, force: true });
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
