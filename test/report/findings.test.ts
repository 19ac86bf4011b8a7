import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/core/audit.ts';
import { AUDIT_RULES, type AuditRule } from '../../src/core/audit-rules.ts';
import { countsOf, FINDING_COLUMNS, findingRows } from '../../src/report/findings.ts';
import { rulesTable } from '../../src/report/rules-table.ts';
import { wrap } from '../../src/report/wrap.ts';

function finding(rule: AuditRule, patch: Partial<Finding> = {}): Finding {
  return {
    rule,
    severity: AUDIT_RULES[rule].severity,
    credential: 'wa-prod',
    key: 'r20261122-0badcafe.1',
    message: 'it expired at 2026-11-21T12:00:00.000Z',
    hint: 'run keyturn emergency wa-prod now',
    since: '2026-11-21T12:00:00.000Z',
    waiver: null,
    ...patch,
  };
}

const LONG = finding('possible-orphan', {
  credential: 'a-credential-with-a-name-of-the-greatest-length-that-is-allowed',
  message: `a key may exist at the issuer that nobody holds; it may be ${'x'.repeat(90)}`,
  hint: 'remove it there and run keyturn forget, or wait until it has ended by itself, which is a long time',
});

describe('findings for people', () => {
  it('fit the terminal, with nothing of them lost', () => {
    for (const width of [80, 72, 64]) {
      const rows = findingRows([finding('expired'), LONG], width);
      const widths = FINDING_COLUMNS.map((title, at) =>
        Math.max(title.length, ...rows.map(({ cells }) => cells[at]?.length ?? 0)),
      );
      expect(widths.reduce((sum, one) => sum + one + 2, -2)).toBeLessThanOrEqual(width);
      const said = rows.map(({ cells }) => cells[3]).join('');
      expect(said.replaceAll(' ', '')).toContain(LONG.message.replaceAll(' ', ''));
    }
  });

  it('are one row for each in a pipe', () => {
    expect(findingRows([finding('expired'), LONG], null)).toHaveLength(2);
    expect(findingRows([finding('unmanaged', { credential: null, key: null })], null)[0]?.cells).toEqual([
      'high',
      'unmanaged',
      '-',
      'it expired at 2026-11-21T12:00:00.000Z; run keyturn emergency wa-prod now',
    ]);
  });

  it('are counted', () => {
    expect(countsOf([])).toBe('nothing found');
    expect(countsOf([finding('expired'), finding('dead'), finding('extra-scope')])).toBe('2 critical, 1 low');
  });
});

describe('the rules in a page', () => {
  it('are all there, the most serious first', () => {
    const lines = rulesTable().split('\n').slice(2);
    expect(lines).toHaveLength(Object.keys(AUDIT_RULES).length);
    expect(lines[0]).toMatch(/^\| critical \|/);
    expect(lines.at(-1)).toMatch(/^\| info \|/);
  });
});

describe('wrapping', () => {
  it('breaks between words, and in a word only where it must', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k']);
    expect(wrap('abcdefgh', 4)).toEqual(['abcd', 'efgh']);
    expect(wrap('', 4)).toEqual(['']);
    expect(wrap('  a\nb  ', 4)).toEqual(['a b']);
  });
});
