import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { armor, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { openAge, parseAgeIdentity } from '../../src/stores/file/age.ts';
import { decodeBech32 } from '../../src/stores/file/bech32.ts';
import { generateIdentity } from '../../src/stores/file/identity.ts';
import { decryptWith, encryptFor, makeBench } from './file-store.ts';

const { signal } = new AbortController();
const CHUNK = 64 * 1024;
const ours = await generateIdentity();
const other = await generateIdentity();

function open(file: Uint8Array, identity = ours.identity): string {
  const parsed = parseAgeIdentity(identity);
  if (parsed === null) throw new Error('the identity is not read');
  const opened = openAge(Buffer.from(file), [parsed]);
  return opened.outcome === 'text' ? opened.bytes.toString('utf8') : `(${opened.outcome})`;
}

/** Whether the package opens the file, and to what. */
const judged = (file: Uint8Array, identity = ours.identity): Promise<string> =>
  decryptWith(identity, file).catch(() => '(refused)');

describe('the reader of age files', () => {
  test.each([0, 1, 47, 48, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7])(
    'opens %i characters that the package encrypted',
    async (length) => {
      const text = 'x'.repeat(length);
      const file = await encryptFor([other.recipient, ours.recipient], text);
      expect(open(file) === text).toBe(true);
      expect(open(file, other.identity) === text).toBe(true);
    },
  );

  test('tells a file for others from a damaged one', async () => {
    const file = await encryptFor([other.recipient], 'plain words');
    expect(open(file)).toBe('(stranger)');
    expect(open(file.subarray(0, -1), other.identity)).toBe('(damaged)');
    expect(open(new Uint8Array(), other.identity)).toBe('(damaged)');
    expect(open(Buffer.from('plain words\n'))).toBe('(damaged)');
  });

  test('opens no file that is cut, at any length', async () => {
    const file = await encryptFor([ours.recipient], 'plain words');
    for (let length = 0; length < file.length; length += 1) {
      expect(open(file.subarray(0, length)), `cut to ${length}`).toMatch(/^\((damaged|stranger)\)$/);
    }
    const long = await encryptFor([ours.recipient], 'x'.repeat(CHUNK + 10));
    for (const cut of [1, 10, 25, 26, 27, 40]) expect(open(long.subarray(0, -cut))).toBe('(damaged)');
    expect(open(Buffer.concat([file, Buffer.from('x')]))).toBe('(damaged)');
    expect(open(Buffer.concat([file, Buffer.alloc(CHUNK)]))).toBe('(damaged)');
  });

  test('agrees with the package on every altered bit', async () => {
    const file = await encryptFor([ours.recipient], 'plain words');
    for (let at = 0; at < file.length; at += 1) {
      const altered = Buffer.from(file);
      altered.writeUInt8(altered.readUInt8(at) ^ (1 << (at % 8)), at);
      expect(open(altered), `bit ${at % 8} of byte ${at}`).toMatch(/^\((damaged|stranger)\)$/);
      expect(await judged(altered)).toBe('(refused)');
    }
  });

  test('agrees with the package on headers of other shapes', async () => {
    const file = Buffer.from(await encryptFor([ours.recipient], 'plain words'));
    const text = file.toString('latin1');
    const shapes = [
      text.replace('v1\n', 'v2\n'),
      text.replace('-> X25519', '->  X25519'),
      text.replace('-> X25519', '-> X25519 more'),
      text.replace(/-> X25519 \S+/, '-> X25519'),
      text.replace(/-> X25519 \S+/, `-> X25519 ${'A'.repeat(43)}`),
      text.replace('\n---', '=\n---'),
      text.replace('\n--- ', '\n---'),
      text.replace('\n--- ', '\n-> odd-grease a\n\n--- '),
      text.replaceAll('\n', '\r\n'),
      ` ${text}`,
    ];
    for (const shape of shapes) {
      const altered = Buffer.from(shape, 'latin1');
      expect(open(altered), shape.slice(0, 60)).toMatch(/^\((damaged|stranger)\)$/);
      expect(await judged(altered)).toBe('(refused)');
    }
  });

  test('reads identities as the package does, and no altered ones', async () => {
    expect(await identityToRecipient(ours.identity)).toBe(ours.recipient);
    expect(parseAgeIdentity(ours.identity)?.publicKey).toEqual(decodeBech32(ours.recipient, 'age'));
    for (let at = 0; at < ours.identity.length; at += 1) {
      const letter = ours.identity[at] === 'Q' ? 'P' : 'Q';
      const altered = `${ours.identity.slice(0, at)}${letter}${ours.identity.slice(at + 1)}`;
      expect(parseAgeIdentity(altered), `letter ${at}`).toBeNull();
      await expect(identityToRecipient(altered)).rejects.toThrow();
    }
    expect(parseAgeIdentity(ours.identity.toLowerCase())).toBeNull();
    expect(parseAgeIdentity(ours.recipient)).toBeNull();
    expect(parseAgeIdentity('')).toBeNull();
  });
});

describe('identities of other kinds', () => {
  test('an armored file is read', async () => {
    const bench = await makeBench();
    await bench.store.stage({ location: 'token', mark: 'r1.1', text: Secret.of('x') }, signal);
    const file = armor.encode(await encryptFor([bench.recipient], 'armored words\n'));
    await writeFile(join(bench.path, 'token.age'), file);
    expect((await bench.store.read('token', 'current', signal))?.text.open()).toBe('armored words\n');
    await bench.close();
  });

  test('of several lines the first is written for, and all open', async () => {
    const bench = await makeBench();
    const next = await generateIdentity();
    const put = async (store: typeof bench.store, mark: string, base: string | null) => {
      const { version } = await store.stage({ location: 'token', mark, text: Secret.of(mark) }, signal);
      return (await store.promote({ location: 'token', version, base }, signal)).version;
    };
    const before = await put(bench.store, 'r1.1', null);
    const both = bench.open({}, { IDENTITY: `${next.identity}\n${bench.identity}` });
    expect((await both.read('token', 'current', signal))?.text.open()).toBe('r1.1');
    await put(both, 'r2.1', before);
    const file = await readFile(join(bench.path, 'token.age'));
    expect(await judged(file, next.identity)).toBe('r2.1');
    expect(await judged(file, bench.identity)).toBe('(refused)');
    await bench.close();
  });

  test('a post-quantum identity reads and writes, alone or beside another', async () => {
    const bench = await makeBench();
    const hybrid = await generateHybridIdentity();
    const alone = bench.open({}, { IDENTITY: hybrid });
    const text = Secret.of('plain words');
    const { version } = await alone.stage({ location: 'token', mark: 'r1.1', text }, signal);
    await alone.promote({ location: 'token', version, base: null }, signal);
    expect((await alone.read('token', 'current', signal))?.text.equals(text)).toBe(true);
    const both = bench.open({}, { IDENTITY: `# two of them\n${bench.identity}\n\n${hybrid}\n` });
    expect((await both.read('token', 'current', signal))?.text.equals(text)).toBe(true);
    await bench.close();
  });
});

const AGE = spawnSync('age', ['--version']).status === 0;
if (!AGE) console.log('SKIPPED: the tests with the age program; install it (Debian: apt-get install age)');

describe.skipIf(!AGE)('together with the age program', () => {
  const age = (args: readonly string[], input = '') => execFileSync('age', args, { input }).toString('utf8');

  test('each reads what the other wrote', async () => {
    const bench = await makeBench();
    const identityFile = join(bench.folder, 'identity');
    execFileSync('age-keygen', ['-o', identityFile], { stdio: 'ignore' });
    await chmod(identityFile, 0o600);
    const consumer = await generateIdentity();
    const consumerFile = join(bench.folder, 'consumer');
    await writeFile(consumerFile, consumer.identity, { mode: 0o600 });
    const store = bench.open({ identity: 'file:identity', recipients: [consumer.recipient] });
    const location = 'prod/token';
    const file = join(bench.path, `${location}.age`);

    const text = 'words \u{1f511}\nwith lines\n\n';
    const { version } = await store.stage({ location, mark: 'r1.1', text: Secret.of(text) }, signal);
    await store.promote({ location, version, base: null }, signal);
    expect(age(['-d', '-i', identityFile, file])).toBe(text);
    expect(age(['-d', '-i', consumerFile, file])).toBe(text);

    const recipient = execFileSync('age-keygen', ['-y', identityFile]).toString().trim();
    for (const options of [[], ['-a']]) {
      await rm(file);
      age(['-r', recipient, '-r', consumer.recipient, ...options, '-o', file], text);
      const read = await store.read(location, 'current', signal);
      expect(read?.text.open()).toBe(text);
      expect(read?.version).not.toBe(version);
    }
    await bench.close();
  });

  test('files of every length around a chunk are read', async () => {
    const bench = await makeBench();
    await mkdir(bench.path);
    for (const length of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1]) {
      const file = join(bench.path, 'token.age');
      await rm(file, { force: true });
      age(['-r', bench.recipient, '-o', file], 'x'.repeat(length));
      expect(open(await readFile(file), bench.identity)).toBe('x'.repeat(length));
      expect((await bench.store.read('token', 'current', signal))?.text.open()).toBe('x'.repeat(length));
    }
    await bench.close();
  });
});
