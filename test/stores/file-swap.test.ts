import { mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import { type Disk, disk } from '../../src/stores/file/disk.ts';
import { type Cell, replace, versionOf } from '../../src/stores/file/swap.ts';

/*
 * Compare-and-set under every order in which two writers can take turns: with up to two changes of turn, each schedule
 * is run on a real folder; with more, and with three writers, as many as time allows, by seed. One turn is one call to
 * the file system.
 */

/** Flushing is left out here: it changes nothing that a running system sees. */
const quick: Disk = {
  ...disk,
  create: async (path, bytes) => {
    const handle = await open(path, 'wx', 0o600);
    await handle.writeFile(bytes);
    await handle.close();
  },
  flushFolder: async () => undefined,
};

type Outcome = 'won' | 'conflict' | 'running';

/** A writer that takes one step whenever it is told to. */
interface Writer {
  readonly text: string;
  outcome(): Outcome;
  /** Lets it do its next call to the file system; false when it has ended. */
  step(): Promise<boolean>;
}

function startWriter(cell: Cell, text: string, base: string | null, nonce: string): Writer {
  let outcome: Outcome = 'running';
  let failed: unknown = null;
  let go: (() => void) | null = null;
  let changed: () => void = () => undefined;
  let change = new Promise<void>((resolve) => {
    changed = resolve;
  });
  const signalChange = () => {
    const before = changed;
    change = new Promise<void>((resolve) => {
      changed = resolve;
    });
    before();
  };
  const turn = () =>
    new Promise<void>((resolve) => {
      go = resolve;
      signalChange();
    });
  const gated = Object.fromEntries(
    Object.entries(quick).map(([name, call]: [string, (...args: never[]) => Promise<unknown>]) => [
      name,
      async (...args: never[]) => {
        await turn();
        return await call(...args);
      },
    ]),
  ) as unknown as Disk;
  const end = (as: Outcome) => {
    outcome = as;
    signalChange();
  };
  replace(gated, cell, { bytes: Buffer.from(text), base, nonce, name: 'the target' }).then(
    () => end('won'),
    (caught: unknown) => {
      if (!(caught instanceof KeyturnError) || caught.code !== 'CONFLICT') failed = caught;
      end('conflict');
    },
  );
  const settled = async () => {
    while (go === null && outcome === 'running') await change;
    if (failed !== null) throw failed;
  };
  return {
    text,
    outcome: () => outcome,
    step: async () => {
      await settled();
      if (outcome !== 'running') return false;
      const release = go;
      go = null;
      release?.();
      await settled();
      return true;
    },
  };
}

const OLD = 'old';
const BASE = versionOf(Buffer.from(OLD));

describe('compare-and-set on a file', () => {
  let root: string;
  let rounds = 0;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'keyturn-swap-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const makeCell = async (standing: string | null): Promise<Cell> => {
    rounds += 1;
    const folder = join(root, String(rounds));
    const cell = {
      target: join(folder, 'target'),
      next: join(folder, 'next'),
      drafts: join(folder, 'drafts'),
    };
    await mkdir(cell.drafts, { recursive: true });
    if (standing !== null) await writeFile(cell.target, standing);
    return cell;
  };
  const nonce = (writer: number) => `${rounds}`.padStart(16, '0') + `${writer}`.padStart(16, '0');
  const standing = async (cell: Cell) => (await disk.read(cell.target))?.bytes.toString() ?? null;

  /** Lets writers take turns as the schedule says, to the end; gives every content that the target had. */
  const play = async (
    cell: Cell,
    writers: readonly Writer[],
    schedule: Iterable<number>,
  ): Promise<string[]> => {
    const seen: string[] = [];
    const look = async () => {
      const now = (await standing(cell)) ?? 'nothing';
      if (seen.at(-1) !== now) seen.push(now);
    };
    await look();
    for (const index of schedule) {
      if (await writers[index]?.step()) await look();
    }
    return seen;
  };
  const finish = (writers: readonly Writer[]): number[] =>
    writers.flatMap((_, index) => Array(60).fill(index));

  /** Exactly one has won; the target went from the old content to that writer's and nowhere else. */
  const expectOneWinner = (
    writers: readonly Writer[],
    seen: readonly string[],
    from: string | null,
    label: string,
  ) => {
    const winners = writers.filter((writer) => writer.outcome() === 'won');
    expect(winners, label).toHaveLength(1);
    expect(
      writers.every((writer) => writer.outcome() !== 'running'),
      label,
    ).toBe(true);
    expect(seen, label).toEqual([from ?? 'nothing', winners[0]?.text]);
  };

  const stepsAlone = async (from: string | null): Promise<number> => {
    const cell = await makeCell(from);
    const writer = startWriter(cell, 'alone', from === null ? null : BASE, nonce(0));
    let steps = 0;
    while (await writer.step()) steps += 1;
    return steps;
  };

  test.each([['on a value', OLD] as const, ['on nothing', null] as const])(
    'lets one of two win, %s, for every pair of changes of turn',
    async (_, from) => {
      const base = from === null ? null : BASE;
      const steps = await stepsAlone(from);
      for (let first = 0; first <= steps; first += 1) {
        for (let second = 0; second <= steps + 4; second += 1) {
          const cell = await makeCell(from);
          const writers = ['a', 'b'].map((text, index) => startWriter(cell, text, base, nonce(index)));
          const schedule = [...Array(first).fill(0), ...Array(second).fill(1), ...finish(writers)];
          const seen = await play(cell, writers, schedule);
          expectOneWinner(writers, seen, from, `a stops after ${first}, b after ${second}`);
        }
      }
    },
  );

  test('never moves back for a writer that slept while others went on', async () => {
    const steps = await stepsAlone(OLD);
    for (let first = 0; first <= steps; first += 1) {
      const cell = await makeCell(OLD);
      const sleeper = startWriter(cell, 'sleeper', BASE, nonce(0));
      await play(cell, [sleeper], Array(first).fill(0));
      const landed = (await standing(cell)) === 'sleeper';
      const second = startWriter(cell, 'second', landed ? versionOf(Buffer.from('sleeper')) : BASE, nonce(1));
      await play(cell, [second], finish([second]));
      const third = startWriter(cell, 'third', versionOf(Buffer.from('second')), nonce(2));
      await play(cell, [third], finish([third]));
      expect(await play(cell, [sleeper], finish([sleeper]))).toEqual(['third']);
      expect([second.outcome(), third.outcome()], `stopped after ${first}`).toEqual(['won', 'won']);
      expect(sleeper.outcome(), `stopped after ${first}`).toBe(landed ? 'won' : 'conflict');
    }
  });

  test('goes on at once after a writer that died anywhere, and leaves nothing in the way', async () => {
    const steps = await stepsAlone(OLD);
    for (let first = 0; first <= steps; first += 1) {
      const cell = await makeCell(OLD);
      const dead = startWriter(cell, 'dead', BASE, nonce(0));
      await play(cell, [dead], Array(first).fill(0));
      const now = await standing(cell);
      expect([OLD, 'dead']).toContain(now);
      const heir = startWriter(cell, 'heir', versionOf(Buffer.from(now ?? '')), nonce(1));
      await play(cell, [heir], finish([heir]));
      expect(heir.outcome(), `died after ${first}`).toBe('won');
      expect(await standing(cell)).toBe('heir');
      expect(await readdir(cell.next)).toEqual([]);
    }
  });

  test('notices a stranger until the last look', async () => {
    const steps = await stepsAlone(OLD);
    let overwritten = 0;
    for (let first = 0; first <= steps; first += 1) {
      const cell = await makeCell(OLD);
      const writer = startWriter(cell, 'ours', BASE, nonce(0));
      await play(cell, [writer], Array(first).fill(0));
      const landed = (await standing(cell)) === 'ours';
      await writeFile(`${cell.target}.theirs`, 'theirs');
      await disk.rename(`${cell.target}.theirs`, cell.target);
      const other = startWriter(cell, 'other', versionOf(Buffer.from('theirs')), nonce(1));
      const alone = await play(cell, [writer], finish([writer]));
      if (alone.includes('ours') && !landed) overwritten += 1;
      else expect(alone, `changed after ${first}`).toEqual(['theirs']);
      await play(cell, [other], finish([other]));
      expect(other.outcome()).toBe((await standing(cell)) === 'other' ? 'won' : 'conflict');
    }
    expect(overwritten, 'points at which a stranger is not seen').toBe(1);
  });

  test('of a stranger and a writer that slept, keeps what was written after both', async () => {
    const steps = await stepsAlone(OLD);
    for (let first = 0; first < steps; first += 1) {
      const cell = await makeCell(OLD);
      const sleeper = startWriter(cell, 'sleeper', BASE, nonce(0));
      await play(cell, [sleeper], Array(first).fill(0));
      await writeFile(cell.target, 'theirs');
      const other = startWriter(cell, 'other', versionOf(Buffer.from('theirs')), nonce(1));
      await play(cell, [other], finish([other]));
      expect(other.outcome()).toBe('won');
      expect(await play(cell, [sleeper], finish([sleeper])), `stopped after ${first}`).toEqual(['other']);
    }
  });

  test('is not disturbed by a writer that is late', async () => {
    const steps = await stepsAlone(OLD);
    for (let late = 0; late <= steps + 3; late += 1) {
      for (let next = 0; next <= steps; next += 1) {
        const cell = await makeCell(OLD);
        const [first, loser] = ['first', 'loser'].map((text, index) =>
          startWriter(cell, text, BASE, nonce(index)),
        ) as [Writer, Writer];
        while ((await disk.list(cell.next)).length === 0) await first.step();
        await play(cell, [loser], Array(late).fill(0));
        await play(cell, [first], finish([first]));
        if (first.outcome() !== 'won') continue;
        const second = startWriter(cell, 'second', versionOf(Buffer.from('first')), nonce(2));
        await play(cell, [second], Array(next).fill(0));
        await play(cell, [loser], finish([loser]));
        await play(cell, [second], finish([second]));
        const label = `loser stops after ${late}, second after ${next}`;
        expect([loser.outcome(), second.outcome()], label).toEqual(['conflict', 'won']);
      }
    }
  });

  test('lets one of three win, in any order', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = fromSeed(seed);
    for (let round = 0; round < 80; round += 1) {
      const from = round % 2 === 0 ? OLD : null;
      const cell = await makeCell(from);
      const base = from === null ? null : BASE;
      const writers = ['a', 'b', 'c'].map((text, index) => startWriter(cell, text, base, nonce(index)));
      const schedule = Array.from({ length: 70 }, () => Math.floor(random() * writers.length));
      const seen = await play(cell, writers, [...schedule, ...finish(writers)]);
      expectOneWinner(writers, seen, from, `seed ${seed}, round ${round}`);
    }
  });
});

/** A small generator of numbers in [0, 1), the same for the same seed. */
function fromSeed(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
