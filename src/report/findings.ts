import type { Finding } from '../core/audit.ts';
import { SEVERITIES, type Severity } from '../core/audit-rules.ts';
import { wrap } from './wrap.ts';

/** One row of a table for people. */
export interface FindingRow {
  readonly severity: Severity;
  /** The row says what to do about the finding above it. */
  readonly isHint: boolean;
  readonly cells: readonly string[];
}

export const FINDING_COLUMNS = ['severity', 'rule', 'credential', 'finding'] as const;

/** Between two columns. */
const GAP = 2;
const NARROWEST = 15;
/** Names of credentials may be longer; they are shortened where a terminal would be too narrow. */
const LONGEST_NAME = 20;

/** A table of findings that fits `width` columns; null: as wide as it is, with one row for each. */
export function findingRows(findings: readonly Finding[], width: number | null): readonly FindingRow[] {
  const plain = findings.map((finding) => [finding.severity, finding.rule, finding.credential ?? '-']);
  if (width === null) {
    return findings.map((finding, at) => ({
      severity: finding.severity,
      isHint: false,
      cells: [...(plain[at] ?? []), `${aboutKey(finding)}${finding.message}; ${finding.hint}`],
    }));
  }
  const heads = plain.map((cells) => cells.map((cell, at) => (at === 2 ? shortened(cell) : cell)));
  const taken = FINDING_COLUMNS.slice(0, 3).map((title, at) =>
    Math.max(title.length, ...heads.map((cells) => cells[at]?.length ?? 0)),
  );
  const left = Math.max(NARROWEST, width - taken.reduce((sum, one) => sum + one + GAP, 0));
  return findings.flatMap((finding, at) => {
    const said = wrap(`${aboutKey(finding)}${finding.message}`, left);
    const hint = wrap(finding.hint, left);
    return [
      ...said.map((text, index) => rowOf(finding, false, index === 0 ? (heads[at] ?? []) : EMPTY, text)),
      ...hint.map((text) => rowOf(finding, true, EMPTY, text)),
    ];
  });
}

const EMPTY = ['', '', ''] as const;

function rowOf({ severity }: Finding, isHint: boolean, head: readonly string[], text: string): FindingRow {
  return { severity, isHint, cells: [...head, text] };
}

function aboutKey({ key }: Finding): string {
  return key === null ? '' : `${key}: `;
}

function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

/** How many there are of each severity, as `2 critical, 1 low`. */
export function countsOf(findings: readonly Finding[]): string {
  const parts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  return parts.length === 0 ? 'nothing found' : parts.join(', ');
}
