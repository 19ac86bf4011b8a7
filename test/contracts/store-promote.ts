import { describe, expect, test } from 'vitest';
import { type StoreBench, UNKNOWN_VERSION } from './store-bench.ts';

const RACERS = 6;

/** The promises of `promote`. `bench` gives that of the running test. */
export function promoteContract(bench: () => StoreBench): void {
  describe('promote', () => {
    test('makes exactly this version current', async () => {
      const { fresh, stage, promote, read } = bench();
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
      const { fresh, stage, promote, read, put, refused } = bench();
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
      const { fresh, stage, promote, read, refused } = bench();
      const staged = await stage('r1.1', fresh());
      await refused('CONFLICT', promote(staged, UNKNOWN_VERSION));
      expect(await read('current')).toBeNull();
    });

    test('of what is current already succeeds, whatever the base was', async () => {
      const { fresh, stage, promote, read, put } = bench();
      const first = await put('r1.1', fresh());
      const staged = await stage('r1.2', fresh());
      const current = await promote(staged, first);
      expect(await promote(staged, first)).toBe(current);
      expect(await promote(staged, null)).toBe(current);
      expect(await promote(current, UNKNOWN_VERSION)).toBe(current);
      expect((await read('current'))?.version).toBe(current);
    });

    test('of what was never staged is refused', async () => {
      const { fresh, promote, read, put, refused } = bench();
      const current = await put('r1.1', fresh());
      await refused('CONFLICT', promote(UNKNOWN_VERSION, current));
      expect((await read('current'))?.version).toBe(current);
    });

    test('never leaves consumers without a value', async () => {
      const { at, fresh, read, put, harness, canary } = bench();
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
      const { store, fresh, stage, promote, read, refused } = bench();
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
      const { at, fresh, stage, promote, read, put, refused, harness } = bench();
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
}
