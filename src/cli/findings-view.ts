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

/** What the findings are about. */
interface Audited {
  /** How many credentials were chosen, and how many of these could not be read. */
  readonly count: number;
  readonly unread: number;
  /** Everything that was to be read was read. */
  readonly complete: boolean;
}

/** What people read of the findings. */
export function findingBlocks(
  findings: readonly Finding[],
  { count, unread, complete }: Audited,
  { terminal }: Context,
): readonly Block[] {
  const isBlind = unread > 0 && unread === count && findings.length === 0;
  const said = [
    ...(isBlind ? [] : [countsOf(findings)]),
    ...(unread === 0 ? [] : [`${unread} could not be read`]),
  ];
  const about = `${count} ${count === 1 ? 'credential' : 'credentials'}: ${said.join(', ')}`;
  if (findings.length === 0) return [line(toned(about, complete ? 'good' : 'warn'))];
  const rows = findingRows(findings, terminal.out ? terminal.width : null).map(
    ({ severity, isHint, cells }) => {
      const [head = '', ...rest] = cells;
      return [toned(head, TONES[severity]), ...rest.map((text) => (isHint ? toned(text, 'faint') : text))];
    },
  );
  return [table(FINDING_COLUMNS, rows), line(about)];
}
