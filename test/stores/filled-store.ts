import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect } from 'vitest';
import { type ErrorCode, KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Bench, makeBench } from './file-store.ts';

/* For test files that begin every test with a file store in which one value is current. */

export const { signal } = new AbortController();
export const location = 'prod/token';
export const at = { credential: 'wa-prod', location };
export const TEXT = `plainly-fake-${process.pid.toString(36)}-words`;
/** Where the store keeps the rest of this location. */
export const OWN = '.keyturn/prod%2Ftoken';

export let bench: Bench;
/** Of the current value. */
export let version: string;

beforeEach(async () => {
  bench = await makeBench();
  ({ version } = await bench.store.stage({ location, mark: 'r1.1', text: Secret.of(TEXT) }, signal));
  await bench.store.promote({ location, version, base: null }, signal);
});
afterEach(() => bench.close());

export async function refused(code: ErrorCode, work: Promise<unknown>, message: RegExp): Promise<void> {
  const caught = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (!(caught instanceof KeyturnError)) throw new Error(`expected a KeyturnError, got ${inspect(caught)}`);
  expect(`${caught.message}; ${caught.hint}`).toMatch(message);
  expect(caught.code).toBe(code);
  const shown = inspect(caught, { depth: 10 });
  expect(shown).not.toContain(TEXT);
  expect(shown).not.toContain('AGE-SECRET-KEY-1');
}

export const inStore = (path: string) => join(bench.path, path);
export const readCurrent = (store = bench.store) => store.read(location, 'current', signal);
export const stage = (mark: string, store = bench.store) =>
  store.stage({ location, mark, text: Secret.of(`${TEXT} ${mark}`) }, signal);
export const intact = async () => expect(await bench.consume(location)).toBe(TEXT);
