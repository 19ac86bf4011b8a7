import { append, EMPTY_TRAIL, expand, type TrailEntry } from '../../src/core/trail.ts';

/** A chain of entries as the ledger of one credential would hand it to its sinks. */
export function chainOf(credential: string, count: number, word = 'noted'): readonly TrailEntry[] {
  let trail = EMPTY_TRAIL;
  for (let n = 1; n <= count; n += 1) {
    const at = new Date(Date.UTC(2026, 10, 22, 0, 0, n)).toISOString();
    trail = append(trail, credential, { at, event: 'tested', by: 'test', data: { word, n } });
  }
  return expand(trail, credential);
}
