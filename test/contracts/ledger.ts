import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import type { LedgerAddress, LedgerStore } from '../../src/core/store.ts';
import { callWitness } from './witness.ts';

/** One place for ledgers with what lies behind it. */
export interface LedgerHarness {
  readonly ledgers: LedgerStore;
  /** An address that was never used, another one each time. */
  address(): LedgerAddress;
  /** The same ledgers through another object, as a process would see them that starts now. */
  reopen?(): Promise<LedgerStore>;
  close(): Promise<void>;
}

const RACERS = 6;
const LARGEST = 12 * 1024;
const UNKNOWN_REVISION = '0'.repeat(32);

/** The promises of `LedgerStore` in `src/core/store.ts`. Call it in a test file of vitest. */
export function ledgerContract(name: string, start: () => Promise<LedgerHarness>): void {
  describe(`ledger contract: ${name}`, () => {
    let harness: LedgerHarness;
    let ledgers: LedgerStore;
    let at: LedgerAddress;
    const { signal } = new AbortController();
    const witness = callWitness();
    const { canary, failure, refused } = witness;

    beforeEach(async () => {
      harness = await start();
      ledgers = harness.ledgers;
      at = harness.address();
    });
    afterEach(async () => {
      await harness.close();
      witness.expectSilence();
    });

    const save = async (document: string, revision: string | null): Promise<string> =>
      (await ledgers.save(at, document, revision, signal)).revision;

    test('loads null where nothing was saved', async () => {
      expect(await ledgers.load(at, signal)).toBeNull();
      await save(canary, null);
      expect(await ledgers.load(harness.address(), signal)).toBeNull();
    });

    test('loads what was saved, at once and every time', async () => {
      let revision: string | null = null;
      const revisions = new Set<string>();
      for (let round = 0; round < 10; round += 1) {
        const document = `${canary} ${round} \u{1f511}\n`;
        revision = await save(document, revision);
        revisions.add(revision);
        expect(await ledgers.load(at, signal)).toEqual({ document, revision });
      }
      expect(revisions.size).toBe(10);
    });

    test('gives the same document a new revision', async () => {
      const first = await save(canary, null);
      const second = await save(canary, first);
      expect(second).not.toBe(first);
      await refused('CONFLICT', save(canary, first));
    });

    test('holds a ledger of the largest size', async () => {
      const document = `${canary}${'x'.repeat(LARGEST - canary.length)}`;
      await save(document, null);
      expect((await ledgers.load(at, signal))?.document === document).toBe(true);
    });

    test('saves against the newest revision only, and changes nothing otherwise', async () => {
      const first = await save(`${canary} 1`, null);
      const second = await save(`${canary} 2`, first);
      await refused('CONFLICT', save(`${canary} 3`, first));
      await refused('CONFLICT', save(`${canary} 3`, null));
      await refused('CONFLICT', save(`${canary} 3`, UNKNOWN_REVISION));
      expect(await ledgers.load(at, signal)).toEqual({ document: `${canary} 2`, revision: second });
    });

    test('is a conflict where there is no document and one is expected', async () => {
      await refused('CONFLICT', save(canary, UNKNOWN_REVISION));
      expect(await ledgers.load(at, signal)).toBeNull();
    });

    test('lets exactly one of many win', async () => {
      let revision: string | null = null;
      for (let round = 0; round < 5; round += 1) {
        const from: string | null = revision;
        const outcomes: PromiseSettledResult<string>[] = await Promise.allSettled(
          Array.from({ length: RACERS }, (_, racer) => save(`${canary} ${round} ${racer}`, from)),
        );
        const winners = outcomes.flatMap((one, racer) =>
          one.status === 'fulfilled' ? [{ racer, revision: one.value }] : [],
        );
        for (const one of outcomes) {
          if (one.status === 'rejected') await refused('CONFLICT', Promise.reject(one.reason));
        }
        expect(winners).toHaveLength(1);
        revision = winners[0]?.revision ?? null;
        const document = `${canary} ${round} ${winners[0]?.racer}`;
        expect(await ledgers.load(at, signal)).toEqual({ document, revision });
      }
    });

    test('loses no step of writers who load, add and save', async () => {
      const add = async (writer: number): Promise<void> => {
        for (let steps = 0; steps < 5; ) {
          const found = await ledgers.load(at, signal);
          try {
            await save(`${found?.document ?? ''}${writer}`, found?.revision ?? null);
            steps += 1;
          } catch (caught) {
            if (!(caught instanceof KeyturnError) || caught.code !== 'CONFLICT') throw caught;
          }
        }
      };
      await Promise.all([add(1), add(2), add(3)]);
      const document = (await ledgers.load(at, signal))?.document ?? '';
      expect([...document].sort().join('')).toBe('111112222233333');
    });

    test('keeps credentials and locations apart', async () => {
      const other = { ...at, credential: `${at.credential}-b` };
      const elsewhere = { ...at, location: `${at.location}-b` };
      await save(`${canary} a`, null);
      await ledgers.save(other, `${canary} b`, null, signal);
      await ledgers.save(elsewhere, `${canary} c`, null, signal);
      expect((await ledgers.load(at, signal))?.document).toBe(`${canary} a`);
      expect((await ledgers.load(other, signal))?.document).toBe(`${canary} b`);
      expect((await ledgers.load(elsewhere, signal))?.document).toBe(`${canary} c`);
    });

    test('writes a segment once', async () => {
      expect(await ledgers.readSegment(at, 'trail-1-20', signal)).toBeNull();
      await ledgers.writeSegment(at, 'trail-1-20', canary, signal);
      await ledgers.writeSegment(at, 'trail-1-20', canary, signal);
      await refused('CONFLICT', ledgers.writeSegment(at, 'trail-1-20', `${canary} other`, signal));
      expect(await ledgers.readSegment(at, 'trail-1-20', signal)).toBe(canary);
      expect(await ledgers.readSegment(at, 'trail-21-40', signal)).toBeNull();
      expect(await ledgers.readSegment(harness.address(), 'trail-1-20', signal)).toBeNull();
      expect(await ledgers.load(at, signal)).toBeNull();
    });

    test('of two who write one segment at once lets one win', async () => {
      const outcomes = await Promise.allSettled(
        ['a', 'b', 'c'].map((one) => ledgers.writeSegment(at, 'trail-1-20', `${canary} ${one}`, signal)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const one of outcomes) {
        if (one.status === 'rejected') await refused('CONFLICT', Promise.reject(one.reason));
      }
    });

    test('drops a segment, also of the absent', async () => {
      await ledgers.dropSegment(at, 'trail-1-20', signal);
      await ledgers.writeSegment(at, 'trail-1-20', canary, signal);
      await ledgers.writeSegment(at, 'trail-21-40', canary, signal);
      await ledgers.dropSegment(at, 'trail-1-20', signal);
      await ledgers.dropSegment(at, 'trail-1-20', signal);
      expect(await ledgers.readSegment(at, 'trail-1-20', signal)).toBeNull();
      expect(await ledgers.readSegment(at, 'trail-21-40', signal)).toBe(canary);
    });

    test('is the same through another object', async () => {
      if (harness.reopen === undefined) return;
      const revision = await save(canary, null);
      await ledgers.writeSegment(at, 'trail-1-20', canary, signal);
      const other = await harness.reopen();
      expect(await other.load(at, signal)).toEqual({ document: canary, revision });
      expect(await other.readSegment(at, 'trail-1-20', signal)).toBe(canary);
      await other.save(at, `${canary} 2`, revision, signal);
      await refused('CONFLICT', save(`${canary} 3`, revision));
    });

    test('does nothing for a caller who has given up', async () => {
      const revision = await save(canary, null);
      await ledgers.writeSegment(at, 'trail-1-20', canary, signal);
      const gone = AbortSignal.abort();
      await failure(ledgers.load(at, gone));
      await failure(ledgers.save(at, `${canary} 2`, revision, gone));
      await failure(ledgers.writeSegment(at, 'trail-21-40', canary, gone));
      await failure(ledgers.readSegment(at, 'trail-1-20', gone));
      await failure(ledgers.dropSegment(at, 'trail-1-20', gone));
      expect(await ledgers.load(at, signal)).toEqual({ document: canary, revision });
      expect(await ledgers.readSegment(at, 'trail-1-20', signal)).toBe(canary);
      expect(await ledgers.readSegment(at, 'trail-21-40', signal)).toBeNull();
    });
  });
}
