import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode, KeyturnError, toKeyturnError } from '../../src/core/errors.ts';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const of = (code: ErrorCode, unsent?: boolean): KeyturnError =>
  new KeyturnError(code, 'what failed', { hint: 'do this', ...(unsent === undefined ? {} : { unsent }) });

describe('errors', () => {
  it('have the exit codes that scripts know', () => {
    expect(new Set(CODES.map((code) => of(code).exitCode))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 130]));
    expect(of('UNSAFE').exitCode).toBe(6);
    expect(of('LEASED').exitCode).toBe(5);
    expect(of('BUG').exitCode).toBe(1);
  });

  it('are worth repeating exactly where their exit code says so', () => {
    for (const code of CODES) expect(of(code).retryable, code).toBe([3, 5].includes(of(code).exitCode));
  });

  it('leave open whether the effect happened only where it may have', () => {
    const ambiguous = CODES.filter((code) => of(code).ambiguous);
    expect(new Set(ambiguous)).toEqual(
      new Set(['BUG', 'UNREACHABLE', 'TIMEOUT', 'UNAVAILABLE', 'BAD_REPLY', 'INTERRUPTED']),
    );
    for (const code of CODES) expect(of(code, true).ambiguous, code).toBe(false);
  });

  it('keep nothing of a foreign error but its name', () => {
    const error = toKeyturnError(new TypeError('text that nobody vouches for'), 'read the reply');
    expect(error).toMatchObject({ code: 'BUG', message: 'read the reply: unexpected TypeError' });
    expect(toKeyturnError(17, 'count').message).toBe('count: unexpected number');
    const own = of('FULL');
    expect(toKeyturnError(own, 'anything')).toBe(own);
  });
});
