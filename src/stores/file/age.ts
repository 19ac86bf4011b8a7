import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { type AgeHeader, fromUnpaddedBase64, parseHeader, type Stanza } from './age-header.ts';
import { decodeBech32 } from './bech32.ts';

/*
 * Opens age files with Node's own cryptography: the format https://c2sp.org/age with X25519 recipients, reading only.
 * The age-encryption package does the rest, and judges this reader in the tests. It costs a process 50 ms to load and
 * use, which `status` and `exec` would pay on every start; this costs 5.
 */

/** One X25519 identity. The private key is where Node's inspection does not reach. */
export interface AgeIdentity {
  readonly privateKey: KeyObject;
  readonly publicKey: Buffer;
}

export type Opened =
  | { readonly outcome: 'text'; readonly bytes: Buffer }
  /** Whole, as far as can be told, but for other identities. */
  | { readonly outcome: 'stranger' }
  /** Cut short, altered, or no age file at all. */
  | { readonly outcome: 'damaged' };

const DAMAGED: Opened = { outcome: 'damaged' };
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE_BYTES = 16;
const CHUNK_BYTES = 64 * 1024 + TAG_BYTES;
const ZERO_NONCE = Buffer.alloc(12);
const WRAPPED_BYTES = 16 + TAG_BYTES;

/** An identity such as age-keygen writes (`AGE-SECRET-KEY-1…`), or null when the text is none. */
export function parseAgeIdentity(text: string): AgeIdentity | null {
  const scalar = text.startsWith('AGE-SECRET-KEY-1') ? decodeBech32(text, 'AGE-SECRET-KEY-') : null;
  if (scalar === null || scalar.length !== KEY_BYTES) return null;
  // As JSON web keys, whose bytes OpenSSL takes as they are: for DER it first looks for its decoders, which takes a
  // millisecond. The public half is asked for in text form, but it is computed from the private one.
  const jwk = { kty: 'OKP', crv: 'X25519', d: scalar.toString('base64url'), x: '' };
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicKey: Buffer.from(x, 'base64url') };
}

export function openAge(file: Buffer, identities: readonly AgeIdentity[]): Opened {
  const header = parseHeader(file);
  if (header === null) return DAMAGED;
  for (const stanza of header.stanzas) {
    if (stanza.type !== 'X25519') continue;
    const share = stanza.args.length === 1 ? fromUnpaddedBase64(stanza.args[0] ?? '') : null;
    if (share?.length !== KEY_BYTES || stanza.body.length !== WRAPPED_BYTES) return DAMAGED;
    for (const identity of identities) {
      const fileKey = unwrap(stanza, share, identity);
      if (fileKey !== null) return openBody(file, header, fileKey);
    }
  }
  return { outcome: 'stranger' };
}

/** The key of the file, or null when the stanza is for another identity. */
function unwrap(stanza: Stanza, share: Buffer, identity: AgeIdentity): Buffer | null {
  const jwk = { kty: 'OKP', crv: 'X25519', x: share.toString('base64url') };
  let secret: Buffer;
  try {
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    secret = diffieHellman({ privateKey: identity.privateKey, publicKey });
  } catch {
    // OpenSSL refuses the few shares for which every identity has the same secret; nobody made them honestly.
    return null;
  }
  const salt = Buffer.concat([share, identity.publicKey]);
  return decrypt(derive(secret, salt, 'age-encryption.org/v1/X25519'), ZERO_NONCE, stanza.body);
}

function openBody(file: Buffer, header: AgeHeader, fileKey: Buffer): Opened {
  const mac = createHmac('sha256', derive(fileKey, Buffer.alloc(0), 'header'));
  const expected = mac.update(file.subarray(0, header.macEnd)).digest();
  if (header.mac.length !== expected.length || !timingSafeEqual(header.mac, expected)) return DAMAGED;
  const body = file.subarray(header.bodyStart);
  if (body.length < NONCE_BYTES + TAG_BYTES) return DAMAGED;
  const key = derive(fileKey, body.subarray(0, NONCE_BYTES), 'payload');
  const bytes = openChunks(key, body.subarray(NONCE_BYTES));
  return bytes === null ? DAMAGED : { outcome: 'text', bytes };
}

/** Each chunk has its number in its nonce, and the last one a mark: none can be left out, moved or added. */
function openChunks(key: Buffer, body: Buffer): Buffer | null {
  const chunks: Buffer[] = [];
  const nonce = Buffer.alloc(ZERO_NONCE.length);
  for (let start = 0; start < body.length; start += CHUNK_BYTES) {
    const last = start + CHUNK_BYTES >= body.length;
    nonce.writeUInt32BE(chunks.length, 7);
    nonce.writeUInt8(last ? 1 : 0, 11);
    const chunk = decrypt(key, nonce, body.subarray(start, start + CHUNK_BYTES));
    if (chunk === null || (chunk.length === 0 && chunks.length > 0)) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Null when the bytes are not what the holder of this key wrote. */
function decrypt(key: Buffer, nonce: Buffer, sealed: Buffer): Buffer | null {
  if (sealed.length < TAG_BYTES) return null;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    // The tag does not match.
    return null;
  }
}

function derive(secret: Buffer, salt: Buffer, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, label, KEY_BYTES));
}
