import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrailEntry } from '../../src/core/trail.ts';
import { openFileSink } from '../../src/trail/file-sink.ts';
import { chainOf } from './entries.ts';

const never = new AbortController().signal;

describe('the file sink', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-trail-'));
    path = join(folder, 'trail.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const text = () => readFile(path, 'utf8');
  const lines = async () => (await text()).split('\n').slice(0, -1);
  const asLines = (entries: readonly TrailEntry[]) => entries.map((entry) => JSON.stringify(entry));

  it('writes one line per entry into a file that only its owner can read', async () => {
    const entries = chainOf('wa-prod', 3);
    await openFileSink(path)(entries, never);
    expect(await lines()).toEqual(asLines(entries));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('appends, and writes nothing twice', async () => {
    const entries = chainOf('wa-prod', 6);
    const other = chainOf('wa-staging', 3);
    await openFileSink(path)(entries.slice(0, 2), never);
    await openFileSink(path)(other, never);
    await openFileSink(path)(entries.slice(0, 4), never);
    await openFileSink(path)(entries.slice(1), never);
    await openFileSink(path)(other, never);
    expect(await lines()).toEqual(
      asLines([...entries.slice(0, 2), ...other, ...entries.slice(2, 4), ...entries.slice(4)]),
    );
  });

  it('writes an entry of a known number whose content is another', async () => {
    const first = chainOf('wa-prod', 2);
    const second = chainOf('wa-prod', 2, 'restored');
    await openFileSink(path)(first, never);
    await openFileSink(path)(second, never);
    expect(await lines()).toEqual(asLines([...first, ...second]));
  });

  it('begins a new line after one that was cut, wherever it was cut', async () => {
    const entries = chainOf('wa-prod', 2);
    await openFileSink(path)(entries, never);
    const { size } = await stat(path);
    const last = Buffer.byteLength(JSON.stringify(entries[1])) + 1;
    for (const left of [1, 2, 40, last - 2]) {
      await rm(path);
      await openFileSink(path)(entries, never);
      await truncate(path, size - last + left);
      await openFileSink(path)(entries.slice(1), never);
      expect((await lines()).filter((line) => line === JSON.stringify(entries[1]))).toHaveLength(1);
      expect((await lines()).at(-1)).toBe(JSON.stringify(entries[1]));
    }
    // Only the end of the line is missing: the entry is whole, and is written once more at worst.
    await truncate(path, size - 1).catch(() => undefined);
    await openFileSink(path)(entries.slice(1), never);
    expect((await text()).endsWith('\n')).toBe(true);
  });

  it('finds what it holds far back in a large file', async () => {
    const mine = chainOf('wa-prod', 3);
    const others = chainOf('wa-staging', 2_000, 'ü'.repeat(40));
    await openFileSink(path)(mine, never);
    await openFileSink(path)(others, never);
    const before = (await stat(path)).size;
    expect(before).toBeGreaterThan(256 * 1024);
    await openFileSink(path)(mine, never);
    expect((await stat(path)).size).toBe(before);
  });

  it.each([
    ['a symbolic link', 'CONFIG', async () => symlink(join(folder, 'elsewhere'), path)],
    ['a folder', 'CONFIG', async () => mkdir(path)],
    ['a pipe', 'CONFIG', async () => promisify(execFile)('mkfifo', [path])],
    ['a folder that is missing', 'CONFIG', async () => rm(folder, { recursive: true })],
    [
      'a name that is too long',
      'CONFIG',
      async () => {
        path = join(folder, 'x'.repeat(300));
      },
    ],
  ] as const)('refuses %s', async (_what, code, prepare) => {
    await prepare();
    await expect(openFileSink(path)(chainOf('wa-prod', 1), never)).rejects.toMatchObject({ code });
  });

  it('refuses a link even where it leads to a file of ours', async () => {
    await writeFile(join(folder, 'elsewhere'), '');
    await symlink(join(folder, 'elsewhere'), path);
    await expect(openFileSink(path)(chainOf('wa-prod', 1), never)).rejects.toThrow('symbolic link');
    expect(await readFile(join(folder, 'elsewhere'), 'utf8')).toBe('');
  });

  it('writes nothing once it was given up', async () => {
    await expect(openFileSink(path)(chainOf('wa-prod', 1), AbortSignal.abort())).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    await expect(text()).rejects.toThrow('ENOENT');
  });

  it('keeps the lines of sinks that write at once apart', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(names.map((name) => openFileSink(path)(chainOf(name, 50), never)));
    // A sink that looks while another writes takes its last line for a cut one and begins anew; readers pass blank lines.
    const read = (await lines()).filter((line) => line !== '').map((line) => JSON.parse(line) as TrailEntry);
    for (const name of names) {
      expect(read.filter((entry) => entry.credential === name)).toEqual(chainOf(name, 50));
    }
  });
});
