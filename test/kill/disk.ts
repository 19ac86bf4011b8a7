import { execFile } from 'node:child_process';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOMY = '4m';
const run = promisify(execFile);

/** A small file system of its own, to make full or read-only. */
export interface Disk {
  /** From now on there is no room for one more block. */
  readonly fill: () => Promise<void>;
  readonly makeReadOnly: () => Promise<void>;
  /** There is room again, and it can be written. */
  readonly restore: () => Promise<void>;
  readonly unmount: () => Promise<void>;
}

/** Mounts an empty one at an existing folder. Only root may. */
export async function mountDisk(path: string): Promise<Disk> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${ROOMY},mode=0700`, 'tmpfs', path]);
  const remount = async (options: string): Promise<void> => {
    await run('mount', ['-o', `remount,${options}`, path]);
  };
  return {
    fill: async () => {
      const { bsize, blocks, bfree } = await statfs(path);
      // Nothing is no limit at all.
      await remount(`size=${Math.max(1, blocks - bfree) * bsize}`);
    },
    makeReadOnly: () => remount('ro'),
    restore: () => remount(`rw,size=${ROOMY}`),
    unmount: async () => {
      await run('umount', ['-l', path]);
    },
  };
}

/** Whether this user may mount on this machine. */
export async function canMount(): Promise<boolean> {
  const path = await mkdtemp(join(tmpdir(), 'keyturn-mount-'));
  try {
    await (await mountDisk(path)).unmount();
    return true;
  } catch {
    return false;
  } finally {
    await rm(path, { recursive: true });
  }
}
