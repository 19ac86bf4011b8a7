const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;
const CHECKSUM_LENGTH = 6;

/**
 * The bytes of a Bech32 text with this prefix, or null when it is none (BIP 173, without its limit of 90 characters,
 * as age uses it). Upper and lower case are not mixed.
 */
export function decodeBech32(text: string, prefix: string): Buffer | null {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return null;
  const start = `${prefix.toLowerCase()}1`;
  if (!lower.startsWith(start)) return null;
  const words = [...lower.slice(start.length)].map((letter) => ALPHABET.indexOf(letter));
  if (words.length < CHECKSUM_LENGTH || words.includes(-1)) return null;
  const hrp = [...prefix.toLowerCase()].map((letter) => letter.charCodeAt(0));
  const expanded = [...hrp.map((code) => code >> 5), 0, ...hrp.map((code) => code & 31), ...words];
  if (polymod(expanded) !== 1) return null;
  return toBytes(words.slice(0, -CHECKSUM_LENGTH));
}

function polymod(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    GENERATOR.forEach((term, bit) => {
      if ((top >> bit) & 1) sum ^= term;
    });
  }
  return sum;
}

/** Groups of five bits to bytes. The bits left over must be fewer than five, and zero. */
function toBytes(words: readonly number[]): Buffer | null {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const word of words) {
    held = ((held << 5) | word) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  if (bits >= 5 || (held & ((1 << bits) - 1)) !== 0) return null;
  return Buffer.from(bytes);
}
