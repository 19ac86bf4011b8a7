import { KeyturnError } from './errors.ts';
import type { Secret } from './secret.ts';

/** The text that consumers will read. Throws BAD_VALUE or FULL for one that a store cannot keep exactly. */
export function exactText(text: Secret, location: string, valueBytes: number): string {
  const clear = text.open();
  if (clear === null || clear === '') {
    throw new KeyturnError('BAD_VALUE', `the value for ${location} is empty`, { hint: 'give a value' });
  }
  const bytes = Buffer.from(clear, 'utf8');
  if (bytes.toString('utf8') !== clear) {
    throw new KeyturnError('BAD_VALUE', `the value for ${location} is not valid Unicode`, {
      hint: 'give a text that can be written as UTF-8',
    });
  }
  if (bytes.length > valueBytes) {
    throw new KeyturnError(
      'FULL',
      `the value for ${location} has ${bytes.length} bytes; ${valueBytes} is the limit`,
      { hint: 'store less at this location' },
    );
  }
  return clear;
}
