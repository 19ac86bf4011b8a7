import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { generateIdentity } from '../../src/stores/file/identity.ts';
import { encryptFor } from './file-store.ts';
import {
  at,
  bench,
  inStore,
  intact,
  location,
  OWN,
  readCurrent,
  refused,
  signal,
  stage,
  TEXT,
  version,
} from './filled-store.ts';

describe('what lies where', () => {
  test('a folder that does not exist is empty, and made by the first write', async () => {
    const store = bench.open({ path: './new/deep/folder' });
    expect(await readCurrent(store)).toBeNull();
    expect(await store.ledgers.load(at, signal)).toBeNull();
    expect(await store.locations(signal)).toEqual([]);
    await stage('r1.1', store);
    expect((await stat(join(bench.folder, 'new/deep/folder'))).mode & 0o777).toBe(0o700);
  });

  test('a file where the folder should be is refused', async () => {
    await writeFile(join(bench.folder, 'a-file'), '');
    const store = bench.open({ path: './a-file' });
    await refused('CONFIG', readCurrent(store), /is not a folder/);
    await refused('CONFIG', stage('r1.1', store), /is not a folder/);
    await refused('CONFIG', bench.open({ path: './a-file/below' }).locations(signal), /folder/);
  });

  test('everything is for its owner only, and nothing is in clear', async () => {
    await bench.store.ledgers.save(at, TEXT, null, signal);
    await bench.store.ledgers.writeSegment(at, 'trail-1', TEXT, signal);
    await bench.store.keep(location, version, signal);
    const entries = await readdir(bench.path, { recursive: true, withFileTypes: true });
    expect(entries.length).toBeGreaterThan(8);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      expect((await stat(path)).mode & 0o777, path).toBe(entry.isDirectory() ? 0o700 : 0o600);
      if (entry.isFile()) expect(await readFile(path, 'utf8')).not.toContain(TEXT);
    }
  });

  test('who may read the present value may read the next one', async () => {
    const file = inStore(`${location}.age`);
    await chmod(file, 0o640);
    const root = process.getuid?.() === 0;
    if (root) await chown(file, 12_345, 23_456);
    const { version: staged } = await stage('r2.1');
    await bench.store.promote({ location, version: staged, base: version }, signal);
    const { mode, uid, gid } = await stat(file);
    expect(mode & 0o777).toBe(0o640);
    if (root) expect([uid, gid]).toEqual([12_345, 23_456]);
  });

  test('what dead processes left is swept away; what is not ours stays', async () => {
    const drafts = inStore(`${OWN}/drafts`);
    const dead = 'd'.repeat(32);
    const young = 'e'.repeat(32);
    for (const name of [dead, young, 'not-ours']) {
      await mkdir(join(drafts, name));
      await writeFile(join(drafts, name, `${name}.age`), '');
    }
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    for (const name of [dead, 'not-ours']) await utimes(join(drafts, name), longAgo, longAgo);
    await stage('r2.1');
    expect((await readdir(drafts)).sort()).toEqual([young, 'not-ours']);
  });

  test('a file of others in the way is named, not removed', async () => {
    const next = inStore(`${OWN}/next`);
    await mkdir(next, { recursive: true });
    await writeFile(join(next, '.DS_Store'), '');
    const { version: staged } = await stage('r2.1');
    const request = { location, version: staged, base: version };
    await refused('PERSON', bench.store.promote(request, signal), /\.DS_Store.*move that file/);
    await intact();
    await rm(join(next, '.DS_Store'));
    await bench.store.promote(request, signal);
  });

  test.each([
    ['', /is empty/],
    ['..', /begins with a dot/],
    ['a/../b', /begins with a dot/],
    ['/etc/token', /begins with a slash/],
    ['a//b', /empty step/],
    ['a/', /empty step/],
    ['.hidden', /begins with a dot/],
    ['.keyturn/x', /begins with a dot/],
    ['a\nb', /control character/],
    ['a\u0000b', /control character/],
    ['a.age', /ends in \.age/],
    ['a.age/b', /ends in \.age/],
    ['\ud800', /not valid Unicode/],
    ['x'.repeat(201), /longer than 200 bytes/],
  ])('the location %j is refused', async (name, says) => {
    await refused('CONFIG', bench.store.read(name, 'current', signal), says);
    const text = Secret.of(TEXT);
    await refused('CONFIG', bench.store.stage({ location: name, mark: 'r1.1', text }, signal), says);
    await refused('CONFIG', bench.store.promote({ location: name, version, base: null }, signal), says);
  });

  test('a ledger has a place for the name of any store', async () => {
    const names = [
      '/aws/style',
      'a//b',
      '..',
      '.',
      '',
      'x'.repeat(500),
      'a%2Fb',
      'a/b',
      'arn:aws:x:1:y',
      '%h00',
      '\u0000',
    ];
    for (const name of names) {
      await bench.store.ledgers.save({ credential: 'wa-prod', location: name }, `of ${name}`, null, signal);
    }
    for (const name of names) {
      const found = await bench.store.ledgers.load({ credential: 'wa-prod', location: name }, signal);
      expect(found?.document).toBe(`of ${name}`);
    }
    expect((await readdir(bench.folder)).sort()).toEqual(['secrets']);
  });

  test('a mark that cannot be a name is refused', async () => {
    for (const mark of ['', 'a/b', '..\u0000', 'A', 'x'.repeat(65)]) {
      await refused('BAD_VALUE', stage(mark), /cannot be a mark/);
    }
  });

  test('locations are listed, without what is not ours', async () => {
    await bench.overwrite('by-hand', TEXT);
    await writeFile(inStore('notes.txt'), 'x');
    await writeFile(inStore('.hidden.age'), 'x');
    await symlink(inStore('by-hand.age'), inStore('linked.age'));
    await symlink(bench.folder, inStore('a-folder'));
    expect(await bench.store.locations(signal)).toEqual(['by-hand', 'linked', 'prod/token']);
  });
});

describe('check', () => {
  const check = async (store = bench.store) => await store.check(signal);

  test('finds nothing where all is well', async () => {
    expect(await check()).toEqual([]);
  });

  test('names what stands in the way', async () => {
    await chmod(bench.path, 0o770);
    expect(await check()).toMatchObject([
      { name: 'folder', ok: false, hint: expect.stringContaining('chmod') },
    ]);
    await chmod(bench.path, 0o750);
    expect(await check()).toMatchObject([{ name: 'folder', ok: true }]);
    await chmod(bench.path, 0o700);
    const stranger = bench.open({}, { IDENTITY: (await generateIdentity()).identity });
    expect(await check(stranger)).toMatchObject([{ name: location, ok: false }]);
    expect(await check(bench.open({ identity: 'env:NOT_SET' }))).toMatchObject([
      { name: 'identity', ok: false },
    ]);
    await writeFile(join(bench.folder, 'a-file'), '');
    expect(await check(bench.open({ path: './a-file' }))).toMatchObject([{ name: 'folder', ok: false }]);
    await writeFile(inStore('broken.age'), 'x');
    expect(await check()).toMatchObject([{ name: 'broken', ok: false }]);
  });

  test('says what deserves to be known', async () => {
    expect(await check(bench.open({ path: './new' }))).toMatchObject([{ name: 'folder', ok: true }]);
    await mkdir(join(bench.folder, '.git'));
    expect(await check()).toMatchObject([
      { name: 'git', ok: true, hint: expect.stringContaining('.gitignore') },
    ]);
  });

  test('and reading never write', async () => {
    const store = bench.open({ path: './new' });
    await check(store);
    await readCurrent(store);
    await store.locations(signal);
    expect((await readdir(bench.folder)).sort()).toEqual(['secrets']);
  });
});

describe('a hand-edited value', () => {
  test('is a version of its own', async () => {
    await writeFile(inStore(`${location}.age`), await encryptFor([bench.recipient], TEXT));
    const foreign = await readCurrent();
    expect(foreign?.text.open()).toBe(TEXT);
    expect(foreign?.version).not.toBe(version);
    const { version: staged } = await stage('r2.1');
    const stale = { location, version: staged, base: version };
    await refused('CONFLICT', bench.store.promote(stale, signal), /expected version/);
  });

  test('written into the same file leaves what is staged and kept as it was', async () => {
    const { version: kept } = await bench.store.keep(location, version, signal);
    await writeFile(inStore(`${location}.age`), 'broken');
    expect((await bench.store.read(location, { version: kept }, signal))?.text.open()).toBe(TEXT);
    expect((await bench.store.read(location, { mark: 'r1.1' }, signal))?.text.open()).toBe(TEXT);
  });
});
