import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { emptyLedger } from '../../src/core/ledger.ts';
import type { TrailEntry } from '../../src/core/trail.ts';
import { contradiction } from '../../src/trail/against-ledger.ts';
import { readTrailFile } from '../../src/trail/read-file.ts';
import { createVerifier } from '../../src/trail/verify.ts';
import { chainOf } from '../trail/entries.ts';
import { target } from './engine.ts';
import { bytesOf, cuts, mangle, mutants } from './mutate.ts';
import { holds, outcomeOf } from './outcome.ts';

const WHOLE = [...chainOf('wa-prod', 6), ...chainOf('sms', 3)];
const LINES = WHOLE.map((entry) => JSON.stringify(entry));
/** JSON.parse reads it; what visits it level by level runs out of stack. */
const DEEP = JSON.stringify({ ...WHOLE[0], deep: 0 }).replace(
  ':0}',
  `:${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
);
const original = new Map(WHOLE.map((entry) => [`${entry.credential} ${entry.n}`, entry]));

const line = mutants(LINES, ['wa-prod', 'sms', 1, 2, 6, 7, WHOLE[2]?.hash ?? '', '0'.repeat(64)], {
  twists: 2,
  cuts: 2,
});
const lines: fc.Arbitrary<readonly Buffer[]> = fc.oneof(
  // The trail, with some of its lines left out, moved, given twice, or replaced by mutants.
  {
    weight: 20,
    arbitrary: fc
      .record({
        order: fc.array(fc.nat({ max: LINES.length - 1 }), { maxLength: 4 }),
        how: fc.constantFrom('drop', 'again', 'move', 'mutate'),
        mutant: line,
      })
      .map(({ order, how, mutant }) => {
        const all: Buffer[] = LINES.map((text) => Buffer.from(text));
        for (const at of order) {
          if (how === 'drop') all.splice(at % all.length, 1);
          else if (how === 'again') all.push(Buffer.from(LINES[at] ?? ''));
          else if (how === 'move') all.push(...all.splice(at % all.length, 1));
          else all[at % all.length] = bytesOf(mutant);
          if (all.length === 0) break;
        }
        return all;
      }),
  },
  { weight: 10, arbitrary: fc.array(line.map(bytesOf), { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant([Buffer.from(DEEP)]) },
);

let folder = '';
const FILE = 'trail.jsonl';

export const trails = target({
  name: 'trail',
  few: 150,
  share: 3,
  input: fc.record({ lines, cuts: fc.oneof(fc.constant([]), cuts(['\n'], 1)) }),
  prepare: async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-fuzz-'));
    return () => rm(folder, { recursive: true });
  },
  check: async (given) => {
    const path = join(folder, FILE);
    const newline = Buffer.from('\n');
    await writeFile(path, mangle(Buffer.concat(given.lines.flatMap((one) => [one, newline])), given.cuts));
    const verifier = createVerifier();
    const seen: unknown[] = [];
    await outcomeOf(() => readTrailFile(path, verifier, (entry) => seen.push(entry)), []);
    const { ok, checked, firstBad } = verifier.result();
    holds(ok === (firstBad === null), 'a verdict that contradicts its reason');
    if (!ok) return;
    holds(checked <= seen.length, 'more checked than read');
    // Nothing here can make a new hash: what is called good must be of the trail, and without a gap.
    for (const entry of seen as readonly TrailEntry[]) {
      holds(
        isDeepStrictEqual(entry, original.get(`${entry.credential} ${entry.n}`)),
        `accepted: ${JSON.stringify(entry)}`,
      );
    }
    for (const { credential, from, to } of verifier.chains()) {
      for (let n = from; n <= to; n += 1) holds(verifier.hashOf(credential, n) !== null, `a gap at ${n}`);
      againstLedger(verifier, credential, to);
    }
  },
});

/** A file that lost its end is found by the ledger, and only such a one. */
function againstLedger(verifier: ReturnType<typeof createVerifier>, credential: string, to: number): void {
  const own = WHOLE.filter((entry) => entry.credential === credential);
  const last = own.at(-1);
  if (last === undefined) return;
  const ledger = {
    ...emptyLedger(credential),
    trail: { head: last.hash, count: last.n, base: last.hash, entries: [], taken: { sink: last.n } },
  };
  const found = contradiction(verifier, 'sink', { credential, before: ledger, after: ledger });
  holds(
    (found === null) === (to === last.n),
    `the ledger says ${found?.why ?? 'nothing'}; the file ends at ${to}`,
  );
}
