import { COMMANDS } from './commands.ts';
import { EFFECTS, FAULTS } from './network.ts';
import { FAMILIES } from './schedule.ts';

const READS = ['load', 'read', 'verify', 'find', 'list', 'slots', 'describe', 'read mirror', 'gate'];
const OTHERS = ['hook', 'mirror', 'sink'];

/** What schedules differ in. Each thing that happens has a value of each. */
const DIMENSIONS = {
  call: [...EFFECTS, ...READS, ...OTHERS],
  fault: FAULTS,
  phase: ['none', 'create', 'stage', 'verify', 'promote', 'overlap', 'done'],
  family: FAMILIES,
  command: COMMANDS,
};
type Dimension = keyof typeof DIMENSIONS;

/** Something that happened: a call that met a fault, or a command that began (`id` is null). */
export type Reached = Readonly<Record<Dimension, string>> & { readonly id: string | null };

const TABLES: readonly (readonly [rows: Dimension, columns: Dimension])[] = [
  ['call', 'fault'],
  ['phase', 'fault'],
  ['family', 'fault'],
  ['command', 'family'],
  ['command', 'phase'],
];

/** Cells that no schedule can reach, and why. */
const IMPOSSIBLE: readonly (readonly [cell: RegExp, why: string])[] = [
  [
    new RegExp(`^(${[...READS, ...OTHERS].join('|')}) (late|die-late|nap-before)$`),
    'what has no lasting effect and lands late is as good as lost',
  ],
];

export type Cells = Map<string, number>;

export function count(cells: Cells, cell: string, more = 1): void {
  cells.set(cell, (cells.get(cell) ?? 0) + more);
}

export function countReached(cells: Cells, reached: readonly Reached[]): void {
  for (const one of reached)
    for (const [rows, columns] of TABLES) count(cells, `${one[rows]} ${one[columns]}`);
}

/** The tables of how often each cell was reached, and the cells that should have been and were not. */
export function report(cells: Cells): { readonly text: string; readonly missing: readonly string[] } {
  const missing: string[] = [];
  const countOf = (cell: string): string => {
    if (IMPOSSIBLE.some(([pattern]) => pattern.test(cell))) return '-';
    if (!cells.has(cell)) missing.push(cell);
    return `${cells.get(cell) ?? 0}`;
  };
  const grids = TABLES.map(([rows, columns]) => {
    const line = (head: string, texts: readonly string[]): string =>
      head.padEnd(26) +
      texts.map((text, at) => text.padStart(Math.max(DIMENSIONS[columns][at]?.length ?? 0, 7) + 1)).join('');
    const lines = DIMENSIONS[rows].map((row) =>
      line(
        row,
        DIMENSIONS[columns].map((column) => countOf(`${row} ${column}`)),
      ),
    );
    return [line(`${rows} × ${columns}`, DIMENSIONS[columns]), ...lines].join('\n');
  });
  const reasons = IMPOSSIBLE.map(([cell, why]) => `- ${cell.source}: ${why}`);
  return { text: [...grids, ...reasons].join('\n\n'), missing };
}
