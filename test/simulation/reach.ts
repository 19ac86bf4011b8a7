import { FAULTS } from './network.ts';
import { COMMANDS } from './schedule.ts';
import type { Reached } from './simulate.ts';
import { FAMILIES } from './traits.ts';

const PHASES = ['none', 'create', 'stage', 'verify', 'promote', 'overlap', 'done'];
const EFFECTS = ['create', 'register', 'stage', 'promote', 'revoke', 'save', 'keep', 'discard'];
const READS = [
  'load',
  'read',
  'verify',
  'find',
  'list',
  'slots',
  'describe',
  'hook',
  'mirror',
  'read mirror',
  'gate',
  'sink',
];

/** Cells that no schedule can reach, and why. */
const IMPOSSIBLE: readonly (readonly [cell: RegExp, why: string])[] = [
  [
    new RegExp(`^(${READS.join('|')}) (late|die-late|nap-before)$`),
    'what has no lasting effect and lands late is as good as lost',
  ],
];
const TABLES = [
  {
    title: 'calls × faults',
    rows: [...EFFECTS, ...READS],
    columns: FAULTS,
    cell: (one: Reached) => `${one.call} ${one.fault}`,
  },
  {
    title: 'phases × faults',
    rows: PHASES,
    columns: FAULTS,
    cell: (one: Reached) => `${one.phase} ${one.fault}`,
  },
  {
    title: 'commands × issuers',
    rows: COMMANDS,
    columns: FAMILIES,
    cell: (one: Reached) => `${one.command} ${one.family}`,
  },
  {
    title: 'commands × phases',
    rows: COMMANDS,
    columns: PHASES,
    cell: (one: Reached) => `${one.command} ${one.phase}`,
  },
  {
    title: 'issuers × faults',
    rows: FAMILIES,
    columns: FAULTS,
    cell: (one: Reached) => `${one.family} ${one.fault}`,
  },
] as const;

/** Counts what schedules have reached. */
export class Reach {
  readonly cells = new Map<string, number>();

  add(reached: readonly Reached[]): void {
    for (const one of reached) for (const { cell } of TABLES) this.count(cell(one), 1);
  }

  count(cell: string, more: number): void {
    this.cells.set(cell, (this.cells.get(cell) ?? 0) + more);
  }

  /** Cells that should have been reached and were not. */
  missing(): readonly string[] {
    const wanted = TABLES.flatMap(({ rows, columns }) =>
      rows.flatMap((row) => columns.map((column) => `${row} ${column}`)),
    );
    return wanted.filter((cell) => this.#text(cell) === '0');
  }

  table(): string {
    const grids = TABLES.map(({ title, rows, columns }) => {
      const line = (name: string, cells: readonly string[]): string =>
        name.padEnd(26) +
        cells.map((text, at) => text.padStart(Math.max(columns[at]?.length ?? 0, 7) + 1)).join('');
      return [
        line(title, columns),
        ...rows.map((row) =>
          line(
            row,
            columns.map((column) => this.#text(`${row} ${column}`)),
          ),
        ),
      ].join('\n');
    });
    return [...grids, ...IMPOSSIBLE.map(([cell, why]) => `- ${cell.source}: ${why}`)].join('\n\n');
  }

  #text(cell: string): string {
    return IMPOSSIBLE.some(([pattern]) => pattern.test(cell)) ? '-' : `${this.cells.get(cell) ?? 0}`;
  }
}
