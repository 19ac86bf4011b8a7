import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode, KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import type { SecretStore, Version } from '../../src/core/store.ts';

/** One store with what lies behind it. Everything but `store` acts there directly. */
export interface StoreHarness {
  readonly store: SecretStore;
  /** A location that was never used, another one each time. */
  location(): string;
  /** The same values through another store object, as a process would see them that starts now. */
  reopen?(): Promise<SecretStore>;
  /** Makes a text current as somebody would who knows nothing of keyturn. */
  overwrite?(location: string, text: string): Promise<void>;
  /** What a consumer reads at a location, by the means of consumers; null when there is nothing. */
  consume?(location: string): Promise<string | null>;
  close(): Promise<void>;
}

const RACERS = 6;
const MOST_BYTES = 64 * 1024;
const UNKNOWN_VERSION = '0'.repeat(32);

/** Texts that a store might alter: each must come back byte for byte. */
const EXACT_TEXTS: Readonly<Record<string, string>> = {
  'a newline at the end': 'plain words\n',
  'blanks around': '  \tplain words \t ',
  'only a newline': '\n',
  'line ends of every kind': 'one\r\ntwo\rthree\nfour',
  'a byte order mark': '\ufeffplain words',
  'characters of one to four bytes': 'a\u00e9\u20ac\u{1f511}e\u0301',
  'a zero character': 'plain\u0000words',
  'JSON with its own spacing': '{ "b":1,\n\t"a" : "\\u00e9" }\n',
  'text that looks like an encrypted file': 'age-encryption.org/v1\n-> X25519 nothing\n',
};

/** The promises of `src/core/store.ts`, for the author of a store. Call it in a test file of vitest. */
export function storeContract(name: string, start: () => Promise<StoreHarness>): void {
  describe(`store contract: ${name}`, () => {
    let harness: StoreHarness;
    let store: SecretStore;
    let at: string;
    let texts: number;
    const { signal } = new AbortController();
    const canary = `plainly-fake-${process.pid.toString(36)}-${Math.random().toString(36).slice(2)}`;
    const thrown: unknown[] = [];

    beforeEach(async () => {
      harness = await start();
      store = harness.store;
      at = harness.location();
      texts = 0;
      thrown.length = 0;
    });
    // Every error of every test is searched for the texts that it was about.
    afterEach(async () => {
      const leaks = thrown.filter((error) => everyTextOf(error).includes(canary));
      await harness.close();
      expect(leaks, 'a value came out in an error').toEqual([]);
    });

    const fresh = (): string => {
      texts += 1;
      return `${canary}-${texts}`;
    };
    const stage = async (mark: string, text: string, location = at): Promise<Version> =>
      (await store.stage({ location, mark, text: Secret.of(text) }, signal)).version;
    const promote = async (version: Version, base: Version | null): Promise<Version> =>
      (await store.promote({ location: at, version, base }, signal)).version;
    const read = async (which: Parameters<SecretStore['read']>[1], from = store) => {
      const value = await from.read(at, which, signal);
      return value === null ? null : { version: value.version, text: value.text.open() };
    };
    /** Stages and promotes; gives the version that is current then. */
    const put = async (mark: string, text: string): Promise<Version> => {
      const before = await read('current');
      return await promote(await stage(mark, text), before?.version ?? null);
    };
    const failure = async (work: Promise<unknown>): Promise<KeyturnError> => {
      const caught = await work.then(
        () => 'it succeeded',
        (error: unknown) => error,
      );
      thrown.push(caught);
      if (!(caught instanceof KeyturnError))
        throw new Error(`expected a KeyturnError, got ${inspect(caught)}`);
      expect(ERROR_CODES).toHaveProperty(caught.code);
      expect(caught.hint).not.toBe('');
      expect(caught.cause).toBeUndefined();
      return caught;
    };
    const refused = async (code: ErrorCode, work: Promise<unknown>): Promise<void> => {
      expect((await failure(work)).code).toBe(code);
    };

    describe('read', () => {
      test('gives null where nothing is', async () => {
        expect(await read('current')).toBeNull();
        expect(await read({ version: UNKNOWN_VERSION })).toBeNull();
        expect(await read({ mark: 'r1.1' })).toBeNull();
        await put('r1.1', fresh());
        expect(await read({ version: UNKNOWN_VERSION })).toBeNull();
        expect(await read({ mark: 'r1.2' })).toBeNull();
      });

      test('gives what was staged by its mark and by its version', async () => {
        const text = fresh();
        const version = await stage('r1.1', text);
        expect(await read({ mark: 'r1.1' })).toEqual({ version, text });
        expect(await read({ version })).toEqual({ version, text });
      });

      test('keeps locations apart', async () => {
        const other = harness.location();
        await put('r1.1', fresh());
        expect(await store.read(other, 'current', signal)).toBeNull();
        expect(await store.read(other, { mark: 'r1.1' }, signal)).toBeNull();
      });

      test('gives the part value and nothing else', async () => {
        await put('r1.1', fresh());
        const value = await store.read(at, 'current', signal);
        expect(value?.text.partNames).toEqual(['value']);
        if (value?.writtenAt !== undefined) {
          expect(new Date(value.writtenAt).toISOString()).toBe(value.writtenAt);
        }
      });
    });

    describe('stage', () => {
      test('is invisible to consumers', async () => {
        await stage('r1.1', fresh());
        expect(await read('current')).toBeNull();
        const consumed = await harness.consume?.(at);
        expect(consumed ?? null).toBeNull();
        const before = fresh();
        await put('r1.2', before);
        await stage('r1.3', fresh());
        expect((await read('current'))?.text).toBe(before);
        if (harness.consume !== undefined) expect(await harness.consume(at)).toBe(before);
      });

      test('of the same mark and text again does nothing', async () => {
        const text = fresh();
        const version = await stage('r1.1', text);
        expect(await stage('r1.1', text)).toBe(version);
        const current = await promote(version, null);
        expect(await stage('r1.1', text)).toBe(version);
        expect((await read('current'))?.version).toBe(current);
      });

      test('of another text under the same mark is a conflict', async () => {
        const text = fresh();
        const version = await stage('r1.1', text);
        await refused('CONFLICT', stage('r1.1', fresh()));
        expect(await read({ mark: 'r1.1' })).toEqual({ version, text });
      });

      test('keeps a text until it is discarded', async () => {
        const text = fresh();
        const version = await stage('r1.1', text);
        await promote(version, null);
        await put('r1.2', fresh());
        await put('r1.3', fresh());
        expect((await read({ mark: 'r1.1' }))?.text).toBe(text);
        expect((await read({ version }))?.text).toBe(text);
      });

      test('never gives a version that another text had', async () => {
        const versions: Version[] = [];
        for (let round = 0; round < 4; round += 1) {
          const version = await stage('r1.1', fresh());
          versions.push(version);
          await store.discard(at, version, signal);
        }
        expect(new Set(versions).size).toBe(versions.length);
      });

      test('refuses an empty text', async () => {
        await refused('BAD_VALUE', stage('r1.1', ''));
        expect(await read({ mark: 'r1.1' })).toBeNull();
      });

      test('takes what its limit allows, and refuses more', async () => {
        const most = Math.min(store.traits.limits.valueBytes, MOST_BYTES);
        const text = 'x'.repeat(most - 1);
        await put('r1.1', text);
        expect((await read('current'))?.text === text).toBe(true);
        const tooMuch = 'x'.repeat(store.traits.limits.valueBytes + 1);
        await refused('FULL', stage('r1.2', tooMuch));
        expect(await read({ mark: 'r1.2' })).toBeNull();
      });

      test.each(Object.entries(EXACT_TEXTS))('keeps %s', async (_, text) => {
        await put('r1.1', text);
        expect((await read('current'))?.text).toBe(text);
        if (harness.consume !== undefined) expect(await harness.consume(at)).toBe(text);
      });
    });

    describe('promote', () => {
      test('makes exactly this version current', async () => {
        const first = fresh();
        const current = await promote(await stage('r1.1', first), null);
        expect(await read('current')).toEqual({ version: current, text: first });
        const second = fresh();
        await stage('r1.2', fresh());
        const next = await promote(await stage('r1.3', second), current);
        expect(await read('current')).toEqual({ version: next, text: second });
        expect(next).not.toBe(current);
      });

      test('is a conflict where the base is not current, and changes nothing', async () => {
        const first = await put('r1.1', fresh());
        const second = await put('r1.2', fresh());
        const before = await read('current');
        const staged = await stage('r1.3', fresh());
        await refused('CONFLICT', promote(staged, first));
        await refused('CONFLICT', promote(staged, null));
        await refused('CONFLICT', promote(staged, UNKNOWN_VERSION));
        expect(await read('current')).toEqual(before);
        expect(before?.version).toBe(second);
        expect((await read({ version: staged }))?.version).toBe(staged);
      });

      test('is a conflict where there is no value and one is expected', async () => {
        const staged = await stage('r1.1', fresh());
        await refused('CONFLICT', promote(staged, UNKNOWN_VERSION));
        expect(await read('current')).toBeNull();
      });

      test('of what is current already succeeds, whatever the base was', async () => {
        const first = await put('r1.1', fresh());
        const staged = await stage('r1.2', fresh());
        const current = await promote(staged, first);
        expect(await promote(staged, first)).toBe(current);
        expect(await promote(staged, null)).toBe(current);
        expect(await promote(current, UNKNOWN_VERSION)).toBe(current);
        expect((await read('current'))?.version).toBe(current);
      });

      test('of what was never staged is refused', async () => {
        const current = await put('r1.1', fresh());
        await refused('CONFLICT', promote(UNKNOWN_VERSION, current));
        expect((await read('current'))?.version).toBe(current);
      });

      test('never leaves consumers without a value', async () => {
        await put('r1.0', fresh());
        let done = false;
        const rotate = async () => {
          for (let round = 1; round <= 8; round += 1) await put(`r1.${round}`, fresh());
          done = true;
        };
        const watch = async () => {
          let looks = 0;
          for (; !done || looks === 0; looks += 1) {
            const seen =
              harness.consume === undefined ? (await read('current'))?.text : await harness.consume(at);
            expect(seen).toContain(canary);
            await new Promise((resolve) => setImmediate(resolve));
          }
        };
        await Promise.all([rotate(), watch()]);
      });

      test('of many from one base at once lets exactly one win', async () => {
        if (!store.traits.casPromote) return;
        for (const base of [null, 'current'] as const) {
          const standing = base === null ? null : ((await read('current'))?.version ?? null);
          const wanted = await Promise.all(
            Array.from({ length: RACERS }, (_, racer) =>
              stage(`r${standing === null ? 1 : 2}.${racer}`, fresh()),
            ),
          );
          const outcomes = await Promise.allSettled(wanted.map((version) => promote(version, standing)));
          const winners = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
          expect(winners).toHaveLength(1);
          for (const one of outcomes) {
            if (one.status === 'rejected') await refused('CONFLICT', Promise.reject(one.reason));
          }
          expect((await read('current'))?.version).toBe(winners[0]);
        }
      });

      test('sees what a stranger wrote', async () => {
        if (harness.overwrite === undefined) return;
        const first = await put('r1.1', fresh());
        const staged = await stage('r1.2', fresh());
        const theirs = fresh();
        await harness.overwrite(at, theirs);
        await refused('CONFLICT', promote(staged, first));
        const foreign = await read('current');
        expect(foreign?.text).toBe(theirs);
        expect(foreign?.version).not.toBe(first);
        await promote(staged, foreign?.version ?? null);
        expect((await read('current'))?.text).not.toBe(theirs);
      });
    });

    describe('keep', () => {
      test('holds what is current, whatever becomes of it', async () => {
        const text = fresh();
        const staged = await stage('r1.1', text);
        const current = await promote(staged, null);
        const kept = await store.keep(at, current, signal);
        const again = await store.keep(at, current, signal);
        await put('r1.2', fresh());
        await put('r1.3', fresh());
        expect((await read(kept))?.text).toBe(text);
        expect((await read(again))?.text).toBe(text);
        await store.discard(at, again.version, signal);
        await store.discard(at, kept.version, signal);
        await store.discard(at, staged, signal);
        expect(await read(kept)).toBeNull();
      });

      test('holds what a stranger made current', async () => {
        if (harness.overwrite === undefined) return;
        const theirs = fresh();
        await harness.overwrite(at, theirs);
        const foreign = await read('current');
        const kept = await store.keep(at, foreign?.version ?? '', signal);
        const staged = await stage('r1.1', fresh());
        await promote(staged, foreign?.version ?? null);
        await harness.overwrite(at, fresh());
        expect((await read(kept))?.text).toBe(theirs);
        await store.discard(at, kept.version, signal);
        expect(await read(kept)).toBeNull();
      });

      test('of what is nowhere is refused', async () => {
        await refused('CONFLICT', store.keep(at, UNKNOWN_VERSION, signal));
        await put('r1.1', fresh());
        await refused('CONFLICT', store.keep(at, UNKNOWN_VERSION, signal));
      });

      test('lets a value be moved back', async () => {
        const text = fresh();
        const first = await put('r1.1', text);
        const kept = await store.keep(at, first, signal);
        const second = await put('r1.2', fresh());
        const back = await stage('r1.3', text);
        const now = await promote(back, second);
        expect((await read('current'))?.text).toBe(text);
        expect(now).not.toBe(first);
        expect((await read(kept))?.text).toBe(text);
      });
    });

    describe('discard', () => {
      test('of the absent succeeds', async () => {
        await store.discard(at, UNKNOWN_VERSION, signal);
        const version = await stage('r1.1', fresh());
        await store.discard(at, version, signal);
        await store.discard(at, version, signal);
        expect(await read({ version })).toBeNull();
        expect(await read({ mark: 'r1.1' })).toBeNull();
      });

      test('frees the mark for another text', async () => {
        await store.discard(at, await stage('r1.1', fresh()), signal);
        const text = fresh();
        const version = await stage('r1.1', text);
        expect(await read({ mark: 'r1.1' })).toEqual({ version, text });
      });

      test('of what is current is a conflict, and loses nothing', async () => {
        const text = fresh();
        const current = await put('r1.1', text);
        await refused('CONFLICT', store.discard(at, current, signal));
        expect(await read('current')).toEqual({ version: current, text });
        await put('r1.2', fresh());
        expect((await read({ version: current }))?.text ?? text).toBe(text);
      });

      test('leaves what is current alone', async () => {
        const spare = await stage('r1.1', fresh());
        const current = await put('r1.2', fresh());
        await store.discard(at, spare, signal);
        expect((await read('current'))?.version).toBe(current);
      });
    });

    test('is the same through another store object', async () => {
      if (harness.reopen === undefined) return;
      const text = fresh();
      const current = await put('r1.1', text);
      const waiting = fresh();
      const staged = await stage('r1.2', waiting);
      const other = await harness.reopen();
      expect(await read('current', other)).toEqual({ version: current, text });
      expect(await read({ mark: 'r1.2' }, other)).toEqual({ version: staged, text: waiting });
      const { version } = await other.promote({ location: at, version: staged, base: current }, signal);
      expect(await read('current')).toEqual({ version, text: waiting });
      await other.close?.();
    });

    test('does nothing for a caller who has given up', async () => {
      const current = await put('r1.1', fresh());
      const staged = await stage('r1.2', fresh());
      const before = await read('current');
      const gone = AbortSignal.abort();
      const text = Secret.of(fresh());
      await failure(store.read(at, 'current', gone));
      await failure(store.stage({ location: at, mark: 'r1.3', text }, gone));
      await failure(store.promote({ location: at, version: staged, base: current }, gone));
      await failure(store.keep(at, current, gone));
      await failure(store.discard(at, staged, gone));
      expect(await read('current')).toEqual(before);
      expect(await read({ mark: 'r1.3' })).toBeNull();
      expect((await read({ version: staged }))?.version).toBe(staged);
    });

    test('tells its history and its locations', async () => {
      const first = await put('r1.1', fresh());
      const second = await put('r1.2', fresh());
      const staged = await stage('r1.1', fresh(), harness.location());
      if (store.history !== undefined) {
        const versions = (await store.history(at, signal)).map(({ version }) => version);
        expect(versions.indexOf(second)).toBeLessThan(versions.indexOf(first));
      }
      if (store.locations !== undefined) expect(await store.locations(signal)).toContain(at);
      expect(staged).not.toBe('');
    });

    test('finds nothing in the way of itself', async () => {
      await put('r1.1', fresh());
      const findings = (await store.check?.(signal)) ?? [];
      expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    });

    test('says what it can do', () => {
      expect(store.kind).toMatch(/^[a-z0-9][a-z0-9-]*$/);
      expect(store.traits.converges).toBeGreaterThanOrEqual(0);
      expect(store.traits.limits.valueBytes).toBeGreaterThan(0);
    });

    test('closes twice', async () => {
      await put('r1.1', fresh());
      await store.close?.();
      await store.close?.();
    });
  });
}

/** All that a log could show of an error. */
function everyTextOf(error: unknown): string {
  const shown = inspect(error, { depth: 10, showHidden: true });
  const own = error instanceof Error ? `${error.message}\n${error.stack}\n${String(error.cause)}` : '';
  return `${shown}\n${own}\n${JSON.stringify(error)}`;
}
