import { isUtf8 } from 'node:buffer';
import { KeyturnError } from '../../core/errors.ts';
import type { PluginContext } from '../../core/plugin.ts';
import { type Opened, openAge } from './age.ts';
import type { Disk } from './disk.ts';
import { type Identities, readIdentities } from './identity.ts';
import type { FileSettings } from './settings.ts';

/** Encrypts and decrypts texts. `name` is what people call the thing. */
export interface Envelope {
  seal(text: string, name: string): Promise<Buffer>;
  /** Throws UNREADABLE for what is damaged, or for another identity. */
  open(file: Buffer, name: string): Promise<string>;
  /** Throws where there is no identity that can be used. */
  ready(): Promise<void>;
}

const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';

export function envelopeFor(settings: FileSettings, context: PluginContext, disk: Disk): Envelope {
  let known: Identities | undefined;
  const read = () => readIdentities(settings.identity, context, disk);
  // Kept as key objects for the life of the store, not as text.
  const identities = async () => {
    if (known === undefined) {
      const { x25519, others } = await read();
      known = { x25519, others };
    }
    return known;
  };

  const open: Envelope['open'] = async (file, name) => {
    const { x25519, others } = await identities();
    const armored = file.toString('latin1', 0, ARMOR.length) === ARMOR;
    let opened: Opened = armored ? { outcome: 'stranger' } : openAge(file, x25519);
    if (opened.outcome === 'stranger' && (armored || others)) {
      opened = await openWithPackage(file, armored, (await read()).lines);
    }
    if (opened.outcome === 'stranger') throw strange(name, settings.identity);
    if (opened.outcome === 'damaged' || !isUtf8(opened.bytes)) throw damaged(name);
    return opened.bytes.toString('utf8');
  };

  const seal: Envelope['seal'] = async (text, name) => {
    const { Encrypter, identityToRecipient } = await import('age-encryption');
    const encrypter = new Encrypter();
    // Of several identities the first is the one to write for; the others open what is older.
    const [first = ''] = (await read()).lines;
    const own = await identityToRecipient(first);
    for (const recipient of new Set([own, ...(settings.recipients ?? [])])) {
      try {
        encrypter.addRecipient(recipient);
      } catch {
        // The package's own words may change; a recipient is no secret, so naming it says enough.
        throw new KeyturnError('CONFIG', `the recipient ${recipient} is not one that age knows`, {
          hint: 'copy it again from keyturn init or age-keygen -y, or take it out of the configuration',
        });
      }
    }
    const file = Buffer.from(await encrypter.encrypt(text));
    // Nothing is ever stored that this very configuration could not read again.
    if ((await open(file, name)) !== text) {
      throw new KeyturnError('BUG', `${name}: what was encrypted does not decrypt to the same text`, {
        hint: 'nothing was stored; report this with the versions of keyturn and node',
      });
    }
    return file;
  };

  const ready = async () => {
    await identities();
  };

  return { seal, open, ready };
}

/** For armored files, and for identities of other kinds. */
async function openWithPackage(file: Buffer, armored: boolean, lines: readonly string[]): Promise<Opened> {
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const line of lines) decrypter.addIdentity(line);
  try {
    const bytes = armored ? armor.decode(file.toString('latin1')) : file;
    return { outcome: 'text', bytes: Buffer.from(await decrypter.decrypt(bytes)) };
  } catch (caught) {
    const noMatch = caught instanceof Error && caught.message.includes('no identity matched');
    return { outcome: noMatch ? 'stranger' : 'damaged' };
  }
}

function strange(name: string, reference: string): KeyturnError {
  return new KeyturnError('UNREADABLE', `${name} is not encrypted for the identity in ${reference}`, {
    hint: 'use the identity that the store was made with, or one of its recipients; nothing was changed',
  });
}

function damaged(name: string): KeyturnError {
  return new KeyturnError(
    'UNREADABLE',
    `${name} is damaged: cut short, altered, or not a text encrypted with age`,
    {
      hint: 'restore the file from a backup, or put a working value there with age; nothing was changed',
    },
  );
}
