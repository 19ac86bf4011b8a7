import { createHash } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A reproducible source of chance: the same seed and label always give the same sequence. */
export interface Stream {
  /** `length` letters and digits. */
  text(length: number): string;
  /** A number from 0 up to, but not including, 1. */
  fraction(): number;
}

export function createStream(seed: number, label: string): Stream {
  let blocks = 0;
  const block = () => createHash('sha256').update(`${seed}/${label}/${blocks++}`).digest();
  return {
    text(length) {
      let text = '';
      while (text.length < length) {
        for (const byte of block()) text += ALPHABET[byte % ALPHABET.length];
      }
      return text.slice(0, length);
    },
    fraction: () => block().readUInt32BE(0) / 2 ** 32,
  };
}
