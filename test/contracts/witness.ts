import { inspect } from 'node:util';
import { expect } from 'vitest';
import { ERROR_CODES, type ErrorCode, KeyturnError } from '../../src/core/errors.ts';

/** Sees every error of a test, and finds in them what must never come out. */
export interface Witness {
  /** A text that stands for a secret. Everything stored in a test begins with it. */
  readonly canary: string;
  /** The error that this ends in. Fails the test when there is none, or one that is not keyturn's. */
  failure(work: Promise<unknown>): Promise<KeyturnError>;
  /** Fails the test unless this ends in an error of this code. */
  refused(code: ErrorCode, work: Promise<unknown>): Promise<void>;
  /** Fails the test if an error holds the canary. */
  expectSilence(): void;
}

export function callWitness(): Witness {
  const canary = `plainly-fake-${process.pid.toString(36)}-${Math.random().toString(36).slice(2)}`;
  const thrown: unknown[] = [];

  const failure = async (work: Promise<unknown>): Promise<KeyturnError> => {
    const caught = await work.then(
      () => 'it succeeded',
      (error: unknown) => error,
    );
    thrown.push(caught);
    if (!(caught instanceof KeyturnError)) throw new Error(`expected a KeyturnError, got ${inspect(caught)}`);
    expect(ERROR_CODES).toHaveProperty(caught.code);
    expect(caught.hint).not.toBe('');
    expect(caught.cause).toBeUndefined();
    return caught;
  };

  return {
    canary,
    failure,
    refused: async (code, work) => {
      expect((await failure(work)).code).toBe(code);
    },
    expectSilence: () => {
      const leaks = thrown.filter((error) => everyTextOf(error).includes(canary));
      expect(leaks, 'what was stored came out in an error').toEqual([]);
    },
  };
}

/** All that a log could show of an error. */
function everyTextOf(error: unknown): string {
  const shown = inspect(error, { depth: 10, showHidden: true });
  const own = error instanceof Error ? `${error.message}\n${error.stack}\n${String(error.cause)}` : '';
  return `${shown}\n${own}\n${JSON.stringify(error)}`;
}
