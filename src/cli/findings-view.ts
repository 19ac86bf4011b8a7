import type { Finding } from '../core/audit.ts';
import type { Severity } from '../core/audit-rules.ts';
import { countsOf, FINDING_COLUMNS, findingRows } from '../report/findings.ts';
import { type Block, line, type Tone, table, toned } from './command.ts';
import type { Context } from './context.ts';

const TONES: Readonly<Record<Severity, Tone>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'warn',
  low: 'faint',
  info: 'faint',
};

/** What people read of the findings about so many credentials. */
export function findingBlocks(
  findings: readonly Finding[],
  count: number,
  { terminal }: Context,
): readonly Block[] {
  const about = `${count} ${count === 1 ? 'credential' : 'credentials'}: ${countsOf(findings)}`;
  if (findings.length === 0) return [line(toned(about, 'good'))];
  const rows = findingRows(findings, terminal.out ? terminal.width : null).map(
    ({ severity, isHint, cells }) => {
      const [head = '', ...rest] = cells;
      return [toned(head, TONES[severity]), ...rest.map((text) => (isHint ? toned(text, 'faint') : text))];
    },
  );
  return [table(FINDING_COLUMNS, rows), line(about)];
}
