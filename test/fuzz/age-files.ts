import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armor } from 'age-encryption';
import fc from 'fast-check';
import { type AgeIdentity, openAge, parseAgeIdentity } from '../../src/stores/file/age.ts';
import { decodeBech32 } from '../../src/stores/file/bech32.ts';
import { disk } from '../../src/stores/file/disk.ts';
import { envelopeFor } from '../../src/stores/file/envelope.ts';
import { generateIdentity } from '../../src/stores/file/identity.ts';
import { createFileStore } from '../../src/stores/file/index.ts';
import { encryptFor } from '../stores/file-store.ts';
import { contextIn } from '../stores/plugin-context.ts';
import { target } from './engine.ts';
import { type Cut, cuts, mangle, mutants, textOf } from './mutate.ts';
import { holds, outcomeOf, secrets } from './outcome.ts';

const WORDS = [
  '-> X25519 ',
  '-> scrypt a 22\n',
  '--- ',
  'age-encryption.org/v1\n',
  'age-encryption.org/v2\n',
  '\n\n',
  '=',
  '-----BEGIN AGE ENCRYPTED FILE-----\n',
];
const { signal } = new AbortController();

interface Kit {
  readonly identity: string;
  readonly parsed: AgeIdentity;
  readonly files: readonly { readonly text: string; readonly bytes: Buffer; readonly armored: Buffer }[];
  readonly folder: string;
}
let kit: Kit | null = null;

async function prepared(): Promise<Kit> {
  const { identity, recipient } = await generateIdentity();
  const other = await generateIdentity();
  const texts = ['', 'a short secret', 'x'.repeat(64 * 1024), 'y'.repeat(64 * 1024 + 7)];
  const files = await Promise.all(
    texts.map(async (text, at) => {
      const bytes = Buffer.from(
        await encryptFor(at % 2 === 0 ? [recipient] : [other.recipient, recipient], text),
      );
      return { text, bytes, armored: Buffer.from(armor.encode(bytes)) };
    }),
  );
  const parsed = parseAgeIdentity(identity);
  if (parsed === null) throw new Error('the identity is not read');
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-fuzz-'));
  await writeFile(join(folder, 'before.age'), files[1]?.bytes ?? '', { mode: 0o600 });
  return { identity, parsed, files, folder };
}

const prepare = async () => {
  const made = await prepared();
  kit = made;
  return () => rm(made.folder, { recursive: true });
};
const theKit = (): Kit => {
  if (kit === null) throw new Error('not prepared');
  return kit;
};

const changes = cuts(WORDS, 3);
const mutated = (bytes: Buffer, how: readonly Cut[]) => mangle(bytes, how);

/** Every byte of an age file is under its seal: a changed one never opens. */
export const ageFiles = target({
  name: 'age-file',
  few: 120,
  share: 6,
  prepare,
  input: fc.record({ which: fc.nat({ max: 3 }), near: fc.boolean(), cuts: changes }),
  check: ({ which, near, cuts: how }) => {
    const { files, parsed } = theKit();
    const file = files[which] as Kit['files'][number];
    // Half of the changes stay within the header, where most of the reading is done.
    const close = near ? how.map((one) => ({ ...one, at: one.at % 300 })) : how;
    const bytes = mutated(file.bytes, close);
    const opened = openAge(bytes, [parsed]);
    if (bytes.equals(file.bytes))
      holds(opened.outcome === 'text' && opened.bytes.toString() === file.text, 'it does not open');
    else holds(opened.outcome !== 'text', 'a file that was changed opens');
  },
});

/** The store on files that somebody changed, armored or not. */
export const ageStore = target({
  name: 'file-store',
  few: 40,
  share: 1.5,
  prepare,
  input: fc.record({ which: fc.nat({ max: 1 }), armored: fc.boolean(), cuts: changes, ledger: fc.boolean() }),
  check: async ({ which, armored, cuts: how, ledger }) => {
    const { files, identity, folder } = theKit();
    const file = files[which] as Kit['files'][number];
    const whole = armored ? file.armored : file.bytes;
    const bytes = mutated(whole, how);
    const context = contextIn(folder, { ID: identity });
    const settings = { kind: 'file' as const, path: '.', identity: 'env:ID' };
    if (ledger) {
      const envelope = envelopeFor(settings, context, disk);
      const read = await outcomeOf(() => envelope.open(bytes, 'x'), ['UNREADABLE'], [identity, file.text]);
      if (read.error === null) holds(read.value === file.text, 'another text than was sealed');
      return;
    }
    await writeFile(join(folder, 'value.age'), bytes, { mode: 0o600 });
    const store = createFileStore(settings, context);
    const read = await outcomeOf(
      () => store.read('value', 'current', signal),
      ['UNREADABLE'],
      [identity, file.text],
    );
    if (read.error === null) holds(read.value?.text.open() === file.text, 'another text than was sealed');
    // Armor may be written in more than one way; what is bare may not.
    if (read.error === null && !armored) holds(bytes.equals(whole), 'a file that was changed opens');
  },
});

/** Identities as people paste them. */
export const identities = target({
  name: 'age-identity',
  few: 150,
  share: 3,
  prepare,
  input: fc.record({
    mutant: cuts(['#', '\n', 'age1', 'AGE-PLUGIN-', '\r'], 2),
    prefix: fc.constantFrom('', '# made by hand\n', ' '),
    secret: secrets,
  }),
  check: async ({ mutant, prefix, secret }) => {
    const { identity, folder } = theKit();
    const text = mutated(Buffer.from(`${prefix}${identity}\n`), mutant).toString('utf8');
    const both = `${text}${secret}`;
    for (const one of [text, both]) {
      const envelope = envelopeFor(
        { kind: 'file', path: '.', identity: 'env:ID' },
        contextIn(folder, { ID: one }),
        disk,
      );
      await outcomeOf(() => envelope.ready(), ['CONFIG'], [identity, secret]);
    }
    const plain = text.trim();
    const bytes = decodeBech32(plain, 'AGE-SECRET-KEY-');
    // Six letters of checksum: what was changed in one or two places is never taken for an identity.
    if (bytes?.length === 32) holds(plain.toUpperCase() === identity, 'a changed identity is read');
  },
});

export const bech32 = target({
  name: 'bech32',
  few: 300,
  share: 4,
  input: mutants(
    ['AGE-SECRET-KEY-1', 'age1qqqqqq', 'AGE-SECRET-KEY-PQ-1QQQQQQ'],
    ['1', 'b', 'é', 'ſ', 'K'],
  ).map(textOf),
  check: (text) => {
    for (const prefix of ['AGE-SECRET-KEY-', 'age', 'AGE-SECRET-KEY-PQ-']) {
      const bytes = decodeBech32(text, prefix);
      holds(bytes === null || bytes.length <= (text.length * 5) / 8, 'more bytes than letters hold');
    }
  },
});
