import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CLASSES, searchAll, situationsPart } from './situations.ts';

const PAGE = fileURLToPath(new URL('../../docs/protocol.md', import.meta.url));
const START = '<!-- generated:situations -->';
const END = '<!-- /generated -->';
const search = searchAll();

describe('every ledger that can be reached', () => {
  it.each(Object.keys(CLASSES))(
    '%s: has a step or a reason, reads back, and goes round in no circle',
    (name) => {
      expect(search.explored[name]?.ledgers).toBeGreaterThan(200);
    },
  );

  it('the search gets into every phase, to every effect and every look', () => {
    const steps = new Set([...search.situations.values()].flatMap((one) => [...one.steps]));
    const phases = new Set([...search.situations.keys()].map((key) => key.slice(0, key.indexOf('|'))));
    expect(phases.size).toBe(7);
    for (const effect of ['create', 'register', 'stage', 'promote', 'rewrite', 'revoke', 'discard', 'owed'])
      expect(steps).toContain(`act ${effect}`);
    for (const look of ['current', 'works', 'foreign-works', 'staged', 'invent', 'found', 'listed', 'slots'])
      expect(steps).toContain(`look ${look}`);
    for (const look of ['siblings', 'same-bytes', 'mirrored', 'gates'])
      expect(steps).toContain(`look ${look}`);
  });

  it('docs/protocol.md has the table as it is (npm run docs writes it)', () => {
    const page = readFileSync(PAGE, 'utf8');
    const from = page.indexOf(START) + START.length;
    expect(page.slice(from, page.indexOf(END, from)).trim()).toBe(situationsPart(search).trim());
  });
});
