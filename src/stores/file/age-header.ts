/** One way into the file: for one recipient, or for everybody who knows a passphrase. */
export interface Stanza {
  readonly type: string;
  readonly args: readonly string[];
  readonly body: Buffer;
}

export interface AgeHeader {
  readonly stanzas: readonly Stanza[];
  readonly mac: Buffer;
  /** Where the bytes end that the MAC is over. */
  readonly macEnd: number;
  /** Where the encrypted body begins. */
  readonly bodyStart: number;
}

const VERSION_LINE = 'age-encryption.org/v1';
const FULL_LINE = 64;
const NEWLINE = 10;

interface Line {
  readonly text: string;
  readonly start: number;
  readonly next: number;
}

/** The header of an age file (https://c2sp.org/age), or null when it is not one. */
export function parseHeader(file: Buffer): AgeHeader | null {
  const first = lineAt(file, 0);
  if (first?.text !== VERSION_LINE) return null;
  const stanzas: Stanza[] = [];
  let line = lineAt(file, first.next);
  while (line?.text.startsWith('-> ')) {
    const [type = '', ...args] = line.text.slice('-> '.length).split(' ');
    if (![type, ...args].every((arg) => /^[\x21-\x7e]+$/.test(arg))) return null;
    const body = bodyAt(file, line.next);
    if (body === null) return null;
    stanzas.push({ type, args, body: body.bytes });
    line = lineAt(file, body.next);
  }
  if (line === null || stanzas.length === 0 || !line.text.startsWith('--- ')) return null;
  const mac = fromUnpaddedBase64(line.text.slice('--- '.length));
  return mac === null ? null : { stanzas, mac, macEnd: line.start + '---'.length, bodyStart: line.next };
}

/** Base64 lines up to the first that is not full, which ends the stanza and may be empty. */
function bodyAt(file: Buffer, start: number): { readonly bytes: Buffer; readonly next: number } | null {
  const parts: Buffer[] = [];
  for (let line = lineAt(file, start); line !== null; line = lineAt(file, line.next)) {
    const part = line.text.length > FULL_LINE ? null : fromUnpaddedBase64(line.text);
    if (part === null) return null;
    parts.push(part);
    if (line.text.length < FULL_LINE) return { bytes: Buffer.concat(parts), next: line.next };
  }
  return null;
}

function lineAt(file: Buffer, start: number): Line | null {
  const end = file.indexOf(NEWLINE, start);
  return end === -1 ? null : { text: file.toString('latin1', start, end), start, next: end + 1 };
}

/** Null for anything but the one way to write these bytes. */
export function fromUnpaddedBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === text ? bytes : null;
}
