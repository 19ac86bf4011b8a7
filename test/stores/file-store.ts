import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, Encrypter } from 'age-encryption';
import type { Disk } from '../../src/stores/file/disk.ts';
import { generateIdentity } from '../../src/stores/file/identity.ts';
import { createFileStore, type FileStore } from '../../src/stores/file/index.ts';
import type { FileSettings } from '../../src/stores/file/settings.ts';
import { contextIn } from './plugin-context.ts';

/** A file store in a temporary folder, and the means to look at it from outside. */
export interface Bench {
  /** What the configuration file would lie in. */
  readonly folder: string;
  /** The folder of the store. It does not exist before the first write. */
  readonly path: string;
  readonly identity: string;
  readonly recipient: string;
  readonly store: FileStore;
  /** Another store on the same folder, as another process would have. */
  open(
    settings?: Partial<FileSettings>,
    environment?: Readonly<Record<string, string>>,
    disk?: Disk,
  ): FileStore;
  /** Decrypts the file that consumers read, by other means than the store's. */
  consume(location: string): Promise<string | null>;
  /** Encrypts over the file that consumers read, as a person would. */
  overwrite(location: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** One for all tests of a file: making it costs more than most of them. */
const generated = generateIdentity();

export async function makeBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-store-'));
  const { identity, recipient } = await generated;
  const open: Bench['open'] = (settings = {}, environment = { IDENTITY: identity }, disk) => {
    const all: FileSettings = { kind: 'file', path: './secrets', identity: 'env:IDENTITY', ...settings };
    return createFileStore(all, contextIn(folder, environment), disk);
  };
  const path = join(folder, 'secrets');
  return {
    folder,
    path,
    identity,
    recipient,
    store: open(),
    open,
    consume: async (location) => {
      const file = await readFile(join(path, `${location}.age`)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      return file === null ? null : await decryptWith(identity, file);
    },
    overwrite: async (location, text) => {
      await open().locations(new AbortController().signal);
      await writeFile(join(path, `${location}.age`), await encryptFor([recipient], text));
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function encryptFor(recipients: readonly string[], text: string): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const one of recipients) encrypter.addRecipient(one);
  return await encrypter.encrypt(text);
}

export async function decryptWith(identity: string, file: Uint8Array): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return Buffer.from(await decrypter.decrypt(file)).toString('utf8');
}
