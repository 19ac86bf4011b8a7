import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Disk, disk } from '../../src/stores/file/disk.ts';
import { generateIdentity } from '../../src/stores/file/identity.ts';
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

describe('the identity', () => {
  test('that is another one is told, and nothing is lost', async () => {
    const store = bench.open({}, { IDENTITY: (await generateIdentity()).identity });
    await refused('UNREADABLE', readCurrent(store), /not encrypted for the identity in env:IDENTITY/);
    const staged = await stage('r2.1');
    const request = { location, version: staged.version, base: version };
    await refused('UNREADABLE', store.promote(request, signal), /not encrypted for the identity/);
    await refused('UNREADABLE', stage('r2.1', store), /not encrypted for the identity/);
    await bench.store.ledgers.save(at, TEXT, null, signal);
    await refused('UNREADABLE', store.ledgers.load(at, signal), /the ledger of wa-prod is not encrypted/);
    await intact();
  });

  test.each([0o640, 0o604, 0o660, 0o644])('in a file with mode %o is refused', async (mode) => {
    const file = join(bench.folder, 'identity');
    await writeFile(file, bench.identity);
    await chmod(file, mode);
    const store = bench.open({ identity: 'file:identity' });
    await refused('CONFIG', readCurrent(store), /can be read by others.*chmod 600/);
    await refused('CONFIG', stage('r2.1', store), /can be read by others/);
    await chmod(file, 0o600);
    expect((await readCurrent(store))?.text.open()).toBe(TEXT);
  });

  test.each([
    ['a recipient', 'age1qqqq', /this is a recipient/],
    ['a plugin', 'AGE-PLUGIN-YUBIKEY-1QQQQ', /plugins are not supported/],
    ['an encrypted file', 'age-encryption.org/v1\n-> scrypt x', /passphrase/],
    ['an altered one', 'AGE-SECRET-KEY-1QQQQQQQQ', /begins with AGE-SECRET-KEY-/],
    ['an altered post-quantum one', 'AGE-SECRET-KEY-PQ-1QQQQQQQQ', /begins with AGE-SECRET-KEY-/],
    ['nothing', '\n# only a comment\n', /begins with AGE-SECRET-KEY-/],
  ])('that is %s is refused', async (_, text, says) => {
    const store = bench.open({}, { IDENTITY: text });
    await refused('CONFIG', readCurrent(store), says);
    await refused('CONFIG', stage('r2.1', store), says);
  });

  test('that is not set is a missing reference', async () => {
    const store = bench.open({ identity: 'env:NOT_SET' });
    await refused('REFERENCE', readCurrent(store), /NOT_SET/);
    await refused('REFERENCE', stage('r2.1', store), /NOT_SET/);
  });

  test('a recipient that age does not know is named', async () => {
    const store = bench.open({ recipients: ['age1qqqq'] });
    await refused('CONFIG', stage('r2.1', store), /the recipient age1qqqq/);
  });
});

describe('files that are not as they should be', () => {
  test.each([
    ['cut short', (file: Buffer) => file.subarray(0, -3)],
    ['empty', () => Buffer.alloc(0)],
    ['in clear', () => Buffer.from('plain words\n')],
  ])('a value that is %s is unreadable, never absent', async (_, alter) => {
    const file = inStore(`${location}.age`);
    await writeFile(file, alter(await readFile(file)));
    await refused('UNREADABLE', readCurrent(), /prod\/token is damaged/);
    const staged = inStore(`${OWN}/staged/r1.1.age`);
    await writeFile(staged, alter(await readFile(staged)));
    await refused('UNREADABLE', bench.store.read(location, { mark: 'r1.1' }, signal), /is damaged/);
  });

  test('a damaged version is not promoted', async () => {
    const staged = await stage('r2.1');
    const file = inStore(`${OWN}/staged/r2.1.age`);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, -1));
    const request = { location, version: staged.version, base: version };
    await refused('CONFLICT', bench.store.promote(request, signal), /has no version/);
    await intact();
  });

  test('a damaged ledger is unreadable, and can be restored', async () => {
    const { revision } = await bench.store.ledgers.save(at, TEXT, null, signal);
    const file = inStore(`${OWN}/ledgers/wa-prod/ledger.age`);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, -1));
    await refused('UNREADABLE', bench.store.ledgers.load(at, signal), /the ledger of wa-prod is damaged/);
    await refused(
      'CONFLICT',
      bench.store.ledgers.save(at, TEXT, revision, signal),
      /changed by someone else/,
    );
    await writeFile(file, bytes);
    expect(await bench.store.ledgers.load(at, signal)).toEqual({ document: TEXT, revision });
  });

  test('a value that is no text is unreadable', async () => {
    const encrypter = new (await import('age-encryption')).Encrypter();
    encrypter.addRecipient(bench.recipient);
    await writeFile(inStore(`${location}.age`), await encrypter.encrypt(new Uint8Array([0x61, 0xff, 0x62])));
    await refused('UNREADABLE', readCurrent(), /not a text encrypted with age/);
  });

  test('a value of absurd size is not read', async () => {
    await writeFile(inStore(`${location}.age`), Buffer.alloc(5 * 1024 * 1024));
    await refused('UNREADABLE', readCurrent(), /too large/);
  });

  test('a folder or a pipe in the place of a value is refused', async () => {
    const file = inStore(`${location}.age`);
    await rm(file);
    await mkdir(file);
    await refused('CONFIG', readCurrent(), /is not a regular file/);
  });
});

describe('symbolic links', () => {
  /** Moves something away and puts a link to it in its place. */
  const linkInstead = async (path: string) => {
    await rename(path, join(bench.folder, 'elsewhere'));
    await symlink(join(bench.folder, 'elsewhere'), path);
  };

  test.each([
    ['a value', 'prod/token.age'],
    ['a folder of values', 'prod'],
    ['.keyturn', '.keyturn'],
    ['the folder of a location', OWN],
    ['the folder of what is staged', `${OWN}/staged`],
    ['the folder of drafts', `${OWN}/drafts`],
  ])('in the place of %s are refused', async (_, path) => {
    const staged = await stage('r2.1');
    await linkInstead(inStore(path));
    const request = { location, version: staged.version, base: version };
    await refused('CONFIG', bench.store.promote(request, signal), /symbolic link/);
    if (path.startsWith('prod')) await refused('CONFIG', readCurrent(), /symbolic link/);
    else await intact();
  });

  test('in the place of what is about to be current are refused', async () => {
    const next = inStore(`${OWN}/next`);
    await rm(next, { recursive: true, force: true });
    await symlink(bench.folder, next);
    const { version: staged } = await stage('r2.1');
    await refused(
      'CONFIG',
      bench.store.promote({ location, version: staged, base: version }, signal),
      /CONFIG|folder|link/,
    );
    await intact();
  });

  test('may be what the configuration names', async () => {
    await linkInstead(bench.path);
    expect((await readCurrent())?.text.open()).toBe(TEXT);
    const { version: staged } = await stage('r2.1');
    await bench.store.promote({ location, version: staged, base: version }, signal);
    expect(await bench.consume(location)).toBe(`${TEXT} r2.1`);
  });
});

describe('a disk that fails', () => {
  /** A disk on which one kind of call fails, as the operating system would say it. */
  const failing = (call: keyof Disk, code: string, after = 0): Disk => {
    let calls = 0;
    const fails = async (...args: never[]) => {
      calls += 1;
      if (calls <= after) return await (disk[call] as (...all: never[]) => Promise<never>)(...args);
      throw Object.assign(new Error(`${code}: not trusted`), { code, path: String(args[0]), syscall: call });
    };
    return { ...disk, [call]: fails };
  };

  test.each([
    ['create', 'ENOSPC', 'FULL', /no room left/],
    ['create', 'EDQUOT', 'FULL', /no room left/],
    ['makeFolder', 'ENOSPC', 'FULL', /no room left/],
    ['makeFolder', 'EROFS', 'DENIED', /read-only/],
    ['create', 'EACCES', 'DENIED', /permission denied.*run keyturn as/],
    ['rename', 'EACCES', 'DENIED', /permission denied/],
    ['rename', 'EXDEV', 'UNSUPPORTED', /several file systems/],
    ['look', 'EACCES', 'DENIED', /permission denied/],
    ['read', 'EIO', 'UNREACHABLE', /the disk failed/],
    ['create', 'EMFILE', 'UNREACHABLE', /ulimit/],
  ] as const)('at %s with %s says so, and nothing is lost', async (call, code, means, says) => {
    const { version: staged } = await stage('r2.1');
    const store = bench.open({}, undefined, failing(call, code));
    await refused(means, store.promote({ location, version: staged, base: version }, signal), says);
    await intact();
    await bench.store.promote({ location, version: staged, base: version }, signal);
    expect(await bench.consume(location)).toBe(`${TEXT} r2.1`);
  });

  test('at link, where the file system has none', async () => {
    const store = bench.open({}, undefined, failing('link', 'EPERM'));
    await refused('UNSUPPORTED', stage('r2.1', store), /no hard links/);
  });

  test('when the change is made already, says that it is not known to last', async () => {
    const { version: staged } = await stage('r2.1');
    const store = bench.open({}, undefined, failing('flushFolder', 'ENOSPC'));
    const caught = await store.promote({ location, version: staged, base: version }, signal).catch((e) => e);
    expect([caught.code, caught.ambiguous]).toEqual(['UNREACHABLE', true]);
    expect(await bench.consume(location)).toBe(`${TEXT} r2.1`);
  });

  test('refuses to take a value away from its readers', async () => {
    const theirs: Disk = {
      ...disk,
      create: async () => {
        throw Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'fchown' });
      },
    };
    const { version: staged } = await stage('r2.1');
    const request = { location, version: staged, base: version };
    await refused(
      'DENIED',
      bench.open({}, undefined, theirs).promote(request, signal),
      /owner.*run keyturn as/,
    );
    await intact();
  });

  test('leaves no draft behind when there is no room', async () => {
    const store = bench.open({}, undefined, failing('create', 'ENOSPC'));
    await refused('FULL', stage('r2.1', store), /no room left/);
    expect(await readdir(inStore(`${OWN}/drafts`))).toEqual([]);
  });

  test('never takes "denied" for "absent"', async () => {
    const store = bench.open({}, undefined, failing('look', 'EACCES'));
    await refused('DENIED', readCurrent(store), /permission denied/);
    await refused('DENIED', store.ledgers.load(at, signal), /permission denied/);
    await refused('DENIED', store.locations(signal), /permission denied/);
  });

  test.skipIf(process.getuid?.() === 0)('for real: a folder without rights', async () => {
    await chmod(inStore('prod'), 0);
    await refused('DENIED', readCurrent(), /permission denied/);
    await chmod(inStore('prod'), 0o700);
    await intact();
  });
});
