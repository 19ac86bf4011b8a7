import { KeyturnError } from '../../core/errors.ts';
import type { Secret } from '../../core/secret.ts';

const MARK = /^[a-z0-9.-]{1,64}$/;

export function checkMark(mark: string): void {
  if (MARK.test(mark)) return;
  throw new KeyturnError('BAD_VALUE', `${JSON.stringify(mark)} cannot be a mark`, {
    hint: 'use 1 to 64 of a-z, 0-9, dot and dash',
    unsent: true,
  });
}

/** The text that consumers will read. Throws BAD_VALUE or FULL for one that cannot be stored exactly. */
export function exactText(text: Secret, location: string, most: number): string {
  const clear = text.open();
  if (clear === null || clear === '') {
    throw new KeyturnError('BAD_VALUE', `the value for ${location} is empty`, {
      hint: 'give a value',
      unsent: true,
    });
  }
  const bytes = Buffer.from(clear, 'utf8');
  if (bytes.toString('utf8') !== clear) {
    throw new KeyturnError('BAD_VALUE', `the value for ${location} is not valid Unicode`, {
      hint: 'give a text that can be written as UTF-8',
      unsent: true,
    });
  }
  if (bytes.length <= most) return clear;
  throw new KeyturnError(
    'FULL',
    `the value for ${location} has ${bytes.length} bytes; ${most} is the limit`,
    {
      hint: 'store less at this location',
      unsent: true,
    },
  );
}
