import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyLedger, type Ledger } from '../../src/core/ledger.ts';
import { append, dropThrough, entryHash, type TrailEntry } from '../../src/core/trail.ts';
import { contradiction } from '../../src/trail/against-ledger.ts';
import { readTrailFile } from '../../src/trail/read-file.ts';
import { createVerifier, verifyTrail } from '../../src/trail/verify.ts';
import { chainOf } from './entries.ts';

const A = chainOf('a', 5);
const B = chainOf('b', 3);

describe('a trail', () => {
  it('holds when several credentials alternate and entries come again', () => {
    const mixed = [A[0], B[0], A[1], A[0], A[1], B[1], A[2], B[2], A[3], A[4], A[4]];
    const verified = verifyTrail(mixed);
    expect(verified).toMatchObject({ ok: true, checked: 8, firstBad: null });
    expect(verified.chains).toEqual([
      { credential: 'a', from: 1, to: 5, head: A[4]?.hash },
      { credential: 'b', from: 1, to: 3, head: B[2]?.hash },
    ]);
  });

  it('may begin later than with its first entry, and be empty', () => {
    expect(verifyTrail(A.slice(2))).toMatchObject({ ok: true, checked: 3 });
    expect(verifyTrail([])).toMatchObject({ ok: true, checked: 0, chains: [] });
  });

  it('holds fields that a newer version adds to what is hashed', () => {
    const content = { ...(A[0] as TrailEntry), hash: undefined, origin: 'newer' };
    const { hash: _, ...open } = content;
    expect(verifyTrail([{ ...open, hash: entryHash(open) }])).toMatchObject({ ok: true });
  });

  it.each([
    ['a gap', [A[0], A[1], A[3]], { n: 4, why: 'number 3 is missing before it' }],
    ['a longer gap', [A[0], A[4]], { n: 5, why: 'numbers 2 to 4 are missing before it' }],
    ['changed content', [{ ...A[0], by: 'nobody' }], { n: 1, why: 'its content is not what its hash says' }],
    ['another name', [{ ...A[0], credential: 'c' }], { n: 1, why: 'its content is not what its hash says' }],
    ['another entry of a number', [...A, chainOf('a', 2, 'other')[1]], { n: 2 }],
    ['another order', [A[2], A[1]], { n: 2, why: 'it comes after number 3' }],
    [
      'another chain',
      [A[0], chainOf('a', 2, 'other')[1]],
      { n: 2, why: 'it does not follow the entry before it' },
    ],
    ['a first that follows', [rehashed({ ...(A[1] as TrailEntry), n: 1 })], { n: 1 }],
    ['what is no entry', [{ hello: 1 }], { n: null, credential: null }],
    ['what is not even an object', ['x'], { n: null, credential: null }],
  ])('is broken by %s', (_what, entries, bad) => {
    expect(verifyTrail(entries)).toMatchObject({ ok: false, firstBad: bad });
  });

  it('is broken by any change of any entry', () => {
    void fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 }),
        fc.constantFrom('at', 'event', 'by', 'credential', 'n', 'prev', 'hash', 'data'),
        (index, field) => {
          const changed = A.map((entry, at) =>
            at === index ? { ...entry, [field]: wrong(entry[field]) } : entry,
          );
          return !verifyTrail(changed).ok;
        },
      ),
      { seed: 7 },
    );
  });
});

function rehashed({ hash: _, ...content }: TrailEntry): TrailEntry {
  return { ...content, hash: entryHash(content) };
}

function wrong(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return value.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  return { other: true };
}

describe('a file of the trail', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-trail-'));
    path = join(folder, 'trail.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const line = (entry: TrailEntry | undefined) => `${JSON.stringify(entry)}\n`;
  const read = async (content: string) => {
    await writeFile(path, content);
    const verifier = createVerifier();
    const file = await readTrailFile(path, verifier);
    return { file, ...verifier.result() };
  };

  it('is read line by line, with the place of what is bad', async () => {
    expect(await read(`${A.map(line).join('')}\n`)).toMatchObject({
      ok: true,
      checked: 5,
      file: { cut: [] },
    });
    expect(await read([A[0], A[2]].map(line).join(''))).toMatchObject({
      firstBad: { credential: 'a', n: 3, where: `${path}:2` },
    });
    expect(await read(`hello\n${line(A[0])}`)).toMatchObject({ ok: false, firstBad: { where: `${path}:1` } });
    expect(await read('')).toMatchObject({ ok: true, checked: 0 });
  });

  it('may hold lines that were cut and written again, at its end too', async () => {
    const cut = line(A[1]).slice(0, 30);
    expect(await read(`${line(A[0])}${cut}\n${line(A[1])}`)).toMatchObject({
      ok: true,
      file: { cut: [`${path}:2`] },
    });
    expect(await read(line(A[0]) + cut)).toMatchObject({
      ok: true,
      checked: 1,
      file: { cut: [`${path}:2`] },
    });
    expect(await read(`${line(A[0])}${cut}\n${line(A[2])}`)).toMatchObject({ ok: false });
  });

  it('may be absent, and may not be a link or a folder', async () => {
    expect(await readTrailFile(path, createVerifier())).toBeNull();
    await expect(readTrailFile(folder, createVerifier())).rejects.toMatchObject({ code: 'CONFIG' });
  });
});

describe('a file of the trail against the ledger', () => {
  const SINK = 'file-00000000';

  /** A ledger of five entries of which the sink has taken `taken`, and so many still wait in it. */
  function ledger(count: number, taken: number, waiting = count): Ledger {
    const empty = emptyLedger('a');
    let trail = empty.trail;
    for (const { n: _n, credential: _c, prev: _p, hash: _h, ...note } of chainOf('a', count)) {
      trail = append(trail, 'a', note);
    }
    trail = dropThrough(trail, 'a', count - waiting);
    return { ...empty, trail: { ...trail, taken: { [SINK]: taken } } };
  }

  function against(entries: readonly TrailEntry[], before: Ledger | null, after = before) {
    const verifier = createVerifier();
    for (const entry of entries) verifier.take(entry, null);
    return contradiction(verifier, SINK, { credential: 'a', before, after });
  }

  it('agrees where the file holds all that was taken, or more', () => {
    expect(against(A, ledger(5, 5, 0))).toBeNull();
    expect(against(A, ledger(5, 3))).toBeNull();
    expect(against(A.slice(0, 3), ledger(5, 3))).toBeNull();
    expect(against([], ledger(5, 0))).toBeNull();
    expect(against([], null)).toBeNull();
  });

  it('agrees where a run worked meanwhile', () => {
    expect(against(A, ledger(3, 3), ledger(5, 5))).toBeNull();
    expect(against(A.slice(0, 3), ledger(3, 3), ledger(5, 5))).toBeNull();
  });

  it('finds an end that was cut off', () => {
    expect(against(A.slice(0, 4), ledger(5, 5, 0))).toMatchObject({ credential: 'a', n: 5 });
    expect(against([], ledger(5, 5, 0))).toMatchObject({ n: 1 });
  });

  it('finds entries that the ledger does not know', () => {
    expect(against(A, ledger(3, 3))).toMatchObject({ n: 4 });
    expect(against(A, null)).toMatchObject({ n: 1 });
  });

  it('finds a chain that was made anew', () => {
    const forged = chainOf('a', 5, 'forged');
    expect(against(forged, ledger(5, 5, 0))).toMatchObject({ n: 5 });
    expect(against(forged, ledger(5, 5))).toMatchObject({ n: 1 });
  });
});
