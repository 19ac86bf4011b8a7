import { CLASSES } from './alphabet.ts';
import { KeyturnError } from './errors.ts';

export interface Rule {
  readonly length: number;
  /** Each character once, at most 256. */
  readonly characters: string;
  readonly requires: readonly (keyof typeof CLASSES)[];
}

/**
 * Far more than chance ever needs (the rarest rule that the settings allow passes once in about 25 texts):
 * reaching it means that the source of chance is broken.
 */
const MAX_TEXTS = 10_000;
const MAX_DRAWS_PER_TEXT = 64;

/**
 * A text by the rule, each with the same probability. Bytes at or above the largest multiple of the alphabet's size
 * are thrown away, and so is every text that lacks a required class: patching one in would favour some texts.
 * @throws KeyturnError BUG when the source of chance gives nothing usable.
 */
export function inventText(rule: Rule, random: (bytes: number) => Uint8Array): string {
  for (let texts = 0; texts < MAX_TEXTS; texts += 1) {
    const text = draw(rule, random);
    if (text !== null && rule.requires.every((name) => CLASSES[name].test(text))) return text;
    if (text === null) break;
  }
  throw new KeyturnError('BUG', 'the source of random bytes gives nothing that a secret can be made of', {
    hint: 'check the random number generator of this machine, then report this',
  });
}

function draw(rule: Rule, random: (bytes: number) => Uint8Array): string | null {
  const size = rule.characters.length;
  const limit = 256 - (256 % size);
  let text = '';
  for (let draws = 0; draws < MAX_DRAWS_PER_TEXT; draws += 1) {
    for (const byte of random(rule.length)) {
      if (byte < limit) text += rule.characters[byte % size];
      if (text.length === rule.length) return text;
    }
  }
  return null;
}
