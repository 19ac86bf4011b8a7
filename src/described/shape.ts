import { KeyturnError } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';

const MAX_LENGTH = 8192;

/** Refuses, by shape alone, what no provider hands out. Throws BAD_VALUE, which tells lengths and no value. */
export function checkShape(key: Secret, parts: readonly string[]): void {
  const missing = parts.some((part) => key.open(part) === null);
  if (missing || key.partNames.length !== parts.length) {
    throw new KeyturnError('BAD_VALUE', `the key has other parts than ${parts.join(', ')}`, {
      hint: `hand over exactly these parts: ${parts.join(', ')}`,
    });
  }
  for (const part of parts) {
    const text = key.open(part) ?? '';
    if (/^[\x21-\x7e]+$/.test(text) && text.length <= MAX_LENGTH) continue;
    const subject = parts.length === 1 ? 'the key' : `the part ${part} of the key`;
    throw new KeyturnError(
      'BAD_VALUE',
      `${subject} is ${text.length} characters long; expected 1 to ${MAX_LENGTH} of printable ASCII without spaces`,
      { hint: 'copy it again, alone and in one line' },
    );
  }
}
