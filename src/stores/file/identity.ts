import { isAbsolute, join } from 'node:path';
import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import { type AgeIdentity, parseAgeIdentity } from './age.ts';
import { decodeBech32 } from './bech32.ts';
import type { Disk } from './disk.ts';

const FILE = 'file:';
const OTHERS = 0o077;
const POST_QUANTUM = 'AGE-SECRET-KEY-PQ-';
const SEED_BYTES = 32;

/** The identities behind a reference. */
export interface Identities {
  /** Those that `age.ts` can use. */
  readonly x25519: readonly AgeIdentity[];
  /** Whether there are others, for which the age-encryption package is needed. */
  readonly others: boolean;
}

/** A path of the configuration, as the system knows it. */
export function resolvePath(path: string, context: Pick<PluginContext, 'folder' | 'home'>): string {
  if (path === '~' || path.startsWith('~/')) return join(context.home, path.slice(1));
  return isAbsolute(path) ? path : join(context.folder, path);
}

/** What a reference leads to: lines as age-keygen writes them, and the identities in them. */
export interface ReadIdentities extends Identities {
  readonly lines: readonly string[];
}

/**
 * Reads an identity: one or more lines `AGE-SECRET-KEY-…`, with comments, as age-keygen writes them.
 * Throws CONFIG for a text that is none, and for a file that others than its owner can read.
 */
export async function readIdentities(
  reference: string,
  context: PluginContext,
  disk: Disk,
): Promise<ReadIdentities> {
  if (reference.startsWith(FILE)) {
    const path = resolvePath(reference.slice(FILE.length), context);
    const entry = await disk.look(path, 'follow');
    if (entry !== null && (entry.mode & OTHERS) !== 0) {
      throw new KeyturnError('CONFIG', `the identity file ${path} can be read by others than its owner`, {
        hint: `run chmod 600 ${path}; if others may have read it, make a new identity and rotate what it opened`,
      });
    }
  }
  const text = await context.resolve(reference);
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const parsed = lines.map(parseAgeIdentity);
  if (lines.length === 0 || lines.some((line, at) => parsed[at] === null && !isPostQuantum(line))) {
    throw new KeyturnError('CONFIG', `${reference} holds no age identity that can be used`, {
      hint: hintFor(lines),
    });
  }
  const x25519 = parsed.filter((identity) => identity !== null);
  return { lines, x25519, others: x25519.length < lines.length };
}

/** What is wrong, told by shape alone, so that nothing of the text is repeated. */
function hintFor(lines: readonly string[]): string {
  if (lines.some((line) => line.startsWith('age1'))) {
    return 'this is a recipient, which only encrypts; give the identity, which begins with AGE-SECRET-KEY-';
  }
  if (lines.some((line) => line.startsWith('AGE-PLUGIN-'))) {
    return 'identities of age plugins are not supported; make one with keyturn init or age-keygen';
  }
  if (lines.some((line) => line.startsWith('age-encryption.org/') || line.startsWith('-----BEGIN AGE'))) {
    return 'it is protected by a passphrase; store it decrypted, readable by its owner only';
  }
  return 'give one that begins with AGE-SECRET-KEY-, as keyturn init or age-keygen writes it, unaltered';
}

function isPostQuantum(line: string): boolean {
  return line.startsWith(POST_QUANTUM) && decodeBech32(line, POST_QUANTUM)?.length === SEED_BYTES;
}

/** A new identity, and the recipient that others encrypt to. Whoever loses the identity loses what it opens. */
export async function generateIdentity(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const age = await import('age-encryption');
  const identity = await age.generateX25519Identity();
  return { identity, recipient: await age.identityToRecipient(identity) };
}

/** The recipient that belongs to an identity. */
export async function recipientOf(identity: string): Promise<string> {
  const age = await import('age-encryption');
  return age.identityToRecipient(identity);
}
