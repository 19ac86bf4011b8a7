import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  append,
  canonical,
  dropThrough,
  EMPTY_TRAIL,
  entryHash,
  expand,
  TRAIL_START,
  type Trail,
  type TrailNote,
} from '../../src/core/trail.ts';

const note = fc.record(
  {
    at: fc.constant('2026-11-22T00:00:00.000Z'),
    event: fc.string(),
    by: fc.string(),
    key: fc.string(),
    data: fc.dictionary(
      fc.string().filter((text) => text !== '__proto__'),
      fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
    ),
  },
  { requiredKeys: ['at', 'event'] },
) as fc.Arbitrary<TrailNote>;

const NAME = 'wa-test';

function trailOf(notes: readonly TrailNote[]): Trail {
  return notes.reduce((trail, one) => append(trail, NAME, one), EMPTY_TRAIL);
}

/** What a verifier does: numbers without a gap, each hash over its entry, each entry after the one before. */
function holds(entries: ReturnType<typeof expand>, head: string): boolean {
  let prev = entries[0]?.prev ?? head;
  for (const [index, { hash, ...rest }] of entries.entries()) {
    if (rest.prev !== prev || entryHash(rest) !== hash) return false;
    if (index > 0 && rest.n !== (entries[index - 1]?.n ?? 0) + 1) return false;
    prev = hash;
  }
  return prev === head;
}

describe('the chain of the trail', () => {
  it('numbers from 1, begins at the start, and ends at the head', () => {
    fc.assert(
      fc.property(fc.array(note, { minLength: 1, maxLength: 20 }), (notes) => {
        const trail = trailOf(notes);
        const entries = expand(trail, NAME);
        expect(entries.map((entry) => entry.n)).toEqual(notes.map((_, index) => index + 1));
        expect(entries[0]?.prev).toBe(TRAIL_START);
        expect(holds(entries, trail.head)).toBe(true);
      }),
    );
  });

  it('stays whole when the oldest entries leave', () => {
    fc.assert(
      fc.property(fc.array(note, { maxLength: 12 }), fc.nat(14), (notes, n) => {
        const trail = trailOf(notes);
        const dropped = dropThrough(trail, NAME, n);
        expect(dropped.head).toBe(trail.head);
        expect(dropped.count).toBe(trail.count);
        expect(expand(dropped, NAME)).toEqual(expand(trail, NAME).filter((entry) => entry.n > n));
      }),
    );
  });

  it('shows every change, omission, repetition and exchange', () => {
    fc.assert(
      fc.property(
        fc.array(note, { minLength: 2, maxLength: 10 }),
        fc.nat(),
        fc.constantFrom('event', 'left out', 'twice', 'swapped', 'number', 'credential', 'cut'),
        (notes, where, how) => {
          const trail = trailOf(notes);
          const entries = [...expand(trail, NAME)];
          const at = where % (entries.length - 1);
          const [one, two] = [entries[at], entries[at + 1]];
          if (one === undefined || two === undefined) throw new Error('no entry');
          if (how === 'event') entries[at] = { ...one, event: `${one.event}!` };
          if (how === 'credential') entries[at] = { ...one, credential: 'wa-other' };
          if (how === 'number') entries[at] = { ...one, n: one.n + 1 };
          if (how === 'left out') entries.splice(at + 1, 1);
          if (how === 'twice') entries.splice(at, 0, one);
          if (how === 'swapped') entries.splice(at, 2, two, one);
          if (how === 'cut') entries.pop();
          expect(holds(entries, trail.head)).toBe(false);
        },
      ),
    );
  });

  it('is another one for another credential', () => {
    const one = append(EMPTY_TRAIL, 'wa-a', { at: '2026-11-22T00:00:00.000Z', event: 'x' });
    const two = append(EMPTY_TRAIL, 'wa-b', { at: '2026-11-22T00:00:00.000Z', event: 'x' });
    expect(one.head).not.toBe(two.head);
  });
});

describe('canonical JSON', () => {
  it('is JSON, and the same for the same content in any order', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const turned = Object.fromEntries(Object.entries(object).reverse());
        expect(canonical(turned)).toBe(canonical(object));
        expect(JSON.parse(canonical(object))).toEqual(JSON.parse(JSON.stringify(object)));
      }),
    );
    expect(canonical({ b: 1, a: undefined })).toBe('{"b":1}');
  });
});
