import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import type { Version } from '../../src/core/store.ts';
import { openBench, type StoreBench, type StoreHarness, UNKNOWN_VERSION } from './store-bench.ts';
import { promoteContract } from './store-promote.ts';

export type { StoreHarness } from './store-bench.ts';

const MOST_BYTES = 64 * 1024;

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
    let bench: StoreBench;
    const { signal } = new AbortController();

    beforeEach(async () => {
      bench = openBench(await start());
    });
    afterEach(() => bench.close());

    describe('read', () => {
      test('gives null where nothing is', async () => {
        const { fresh, read, put } = bench;
        expect(await read('current')).toBeNull();
        expect(await read({ version: UNKNOWN_VERSION })).toBeNull();
        expect(await read({ mark: 'r1.1' })).toBeNull();
        await put('r1.1', fresh());
        expect(await read({ version: UNKNOWN_VERSION })).toBeNull();
        expect(await read({ mark: 'r1.2' })).toBeNull();
      });

      test('gives what was staged by its mark and by its version', async () => {
        const { fresh, stage, read } = bench;
        const text = fresh();
        const version = await stage('r1.1', text);
        expect(await read({ mark: 'r1.1' })).toEqual({ version, text });
        expect(await read({ version })).toEqual({ version, text });
      });

      test('keeps locations apart', async () => {
        const { store, fresh, put, harness } = bench;
        const other = harness.location();
        await put('r1.1', fresh());
        expect(await store.read(other, 'current', signal)).toBeNull();
        expect(await store.read(other, { mark: 'r1.1' }, signal)).toBeNull();
      });

      test('gives the part value and nothing else', async () => {
        const { store, at, fresh, put } = bench;
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
        const { at, fresh, stage, read, put, harness } = bench;
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
        const { fresh, stage, promote, read } = bench;
        const text = fresh();
        const version = await stage('r1.1', text);
        expect(await stage('r1.1', text)).toBe(version);
        const current = await promote(version, null);
        expect(await stage('r1.1', text)).toBe(version);
        expect((await read('current'))?.version).toBe(current);
      });

      test('of another text under the same mark is a conflict', async () => {
        const { fresh, stage, read, refused } = bench;
        const text = fresh();
        const version = await stage('r1.1', text);
        await refused('CONFLICT', stage('r1.1', fresh()));
        expect(await read({ mark: 'r1.1' })).toEqual({ version, text });
      });

      test('keeps a text until it is discarded', async () => {
        const { fresh, stage, promote, read, put } = bench;
        const text = fresh();
        const version = await stage('r1.1', text);
        await promote(version, null);
        await put('r1.2', fresh());
        await put('r1.3', fresh());
        expect((await read({ mark: 'r1.1' }))?.text).toBe(text);
        expect((await read({ version }))?.text).toBe(text);
      });

      test('never gives a version that another text had', async () => {
        const { store, at, fresh, stage } = bench;
        const versions: Version[] = [];
        for (let round = 0; round < 4; round += 1) {
          const version = await stage('r1.1', fresh());
          versions.push(version);
          await store.discard(at, version, signal);
        }
        expect(new Set(versions).size).toBe(versions.length);
      });

      test('refuses an empty text', async () => {
        const { stage, read, refused } = bench;
        await refused('BAD_VALUE', stage('r1.1', ''));
        expect(await read({ mark: 'r1.1' })).toBeNull();
      });

      test('takes what its limit allows, and refuses more', async () => {
        const { store, stage, read, put, refused } = bench;
        const most = Math.min(store.traits.limits.valueBytes, MOST_BYTES);
        const text = 'x'.repeat(most - 1);
        await put('r1.1', text);
        expect((await read('current'))?.text === text).toBe(true);
        const tooMuch = 'x'.repeat(store.traits.limits.valueBytes + 1);
        await refused('FULL', stage('r1.2', tooMuch));
        expect(await read({ mark: 'r1.2' })).toBeNull();
      });

      test.each(Object.entries(EXACT_TEXTS))('keeps %s', async (_, text) => {
        const { at, read, put, harness } = bench;
        await put('r1.1', text);
        expect((await read('current'))?.text).toBe(text);
        if (harness.consume !== undefined) expect(await harness.consume(at)).toBe(text);
      });
    });

    promoteContract(() => bench);

    describe('keep', () => {
      test('holds what is current, whatever becomes of it', async () => {
        const { store, at, fresh, stage, promote, read, put } = bench;
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
        const { store, at, fresh, stage, promote, read, harness } = bench;
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
        const { store, at, fresh, put, refused } = bench;
        await refused('CONFLICT', store.keep(at, UNKNOWN_VERSION, signal));
        await put('r1.1', fresh());
        await refused('CONFLICT', store.keep(at, UNKNOWN_VERSION, signal));
      });

      test('lets a value be moved back', async () => {
        const { store, at, fresh, stage, promote, read, put } = bench;
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
        const { store, at, fresh, stage, read } = bench;
        await store.discard(at, UNKNOWN_VERSION, signal);
        const version = await stage('r1.1', fresh());
        await store.discard(at, version, signal);
        await store.discard(at, version, signal);
        expect(await read({ version })).toBeNull();
        expect(await read({ mark: 'r1.1' })).toBeNull();
      });

      test('frees the mark for another text', async () => {
        const { store, at, fresh, stage, read } = bench;
        await store.discard(at, await stage('r1.1', fresh()), signal);
        const text = fresh();
        const version = await stage('r1.1', text);
        expect(await read({ mark: 'r1.1' })).toEqual({ version, text });
      });

      test('of what is current is a conflict, and loses nothing', async () => {
        const { store, at, fresh, read, put, refused } = bench;
        const text = fresh();
        const current = await put('r1.1', text);
        await refused('CONFLICT', store.discard(at, current, signal));
        expect(await read('current')).toEqual({ version: current, text });
        await put('r1.2', fresh());
        expect((await read({ version: current }))?.text ?? text).toBe(text);
      });

      test('leaves what is current alone', async () => {
        const { store, at, fresh, stage, read, put } = bench;
        const spare = await stage('r1.1', fresh());
        const current = await put('r1.2', fresh());
        await store.discard(at, spare, signal);
        expect((await read('current'))?.version).toBe(current);
      });
    });

    test('is the same through another store object', async () => {
      const { at, fresh, stage, read, put, harness } = bench;
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
      const { store, at, fresh, stage, read, put, failure } = bench;
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
      const { store, at, fresh, put, harness } = bench;
      const first = await put('r1.1', fresh());
      const second = await put('r1.2', fresh());
      const elsewhere = harness.location();
      await store.stage({ location: elsewhere, mark: 'r1.1', text: Secret.of(fresh()) }, signal);
      if (store.history !== undefined) {
        const versions = (await store.history(at, signal)).map(({ version }) => version);
        expect(versions.indexOf(second)).toBeLessThan(versions.indexOf(first));
      }
      const locations = await store.locations?.(signal);
      if (locations !== undefined) {
        expect(locations).toContain(at);
        expect(locations, 'only staged there').not.toContain(elsewhere);
      }
    });

    test('finds nothing in the way of itself', async () => {
      const { store, at, fresh, put } = bench;
      await put('r1.1', fresh());
      const findings = (await store.check?.(signal)) ?? [];
      expect(findings.filter(({ ok }) => !ok)).toEqual([]);
      const missing = await store.rights?.({ credential: 'wa-prod', location: at }, signal);
      expect(missing ?? []).toEqual([]);
    });

    test('says what it can do', () => {
      const { store } = bench;
      expect(store.kind).toMatch(/^[a-z0-9][a-z0-9-]*$/);
      expect(store.traits.converges).toBeGreaterThanOrEqual(0);
      expect(store.traits.limits.valueBytes).toBeGreaterThan(0);
    });

    test('closes twice', async () => {
      const { store, fresh, put } = bench;
      await put('r1.1', fresh());
      await store.close?.();
      await store.close?.();
    });
  });
}
