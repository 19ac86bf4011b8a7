import { FAULTS } from './faults.ts';
import { COMMANDS } from './schedule.ts';
import type { Simulation } from './simulate.ts';
import { FAMILIES } from './traits.ts';

/** Calls that have an effect: every fault is to meet each of them. */
const EFFECTS = ['create', 'register', 'stage', 'promote', 'revoke', 'save', 'keep', 'discard'] as const;
const READS = ['load', 'read current', 'read kept', 'verify', 'find', 'list', 'slots', 'describe'] as const;
const OTHERS = ['hook', 'mirror', 'read mirror', 'gate', 'sink', 'write segment', 'read segment'] as const;

/** Cells that no schedule can reach, and why. */
const IMPOSSIBLE: readonly { readonly cell: RegExp; readonly why: string }[] = [
  {
    cell: /^(load|read .*|verify|find|list|slots|describe|hook|mirror|gate|sink) late$/,
    why: 'a read that comes late is one that hangs',
  },
  {
    cell: /^(load|read .*|verify|find|list|slots|describe|hook|mirror|gate|sink) die-late$/,
    why: 'as above, and then the process is gone',
  },
  {
    cell: /^(load|read .*|verify|find|list|slots|describe|hook|mirror|gate|sink) refused$/,
    why: 'a read that is refused is asked to come later',
  },
];

/** Counts what the schedules have reached: calls by faults, issuers by commands, phases by faults. */
export class Coverage {
  readonly #cells = new Map<string, number>();

  add(simulation: Simulation): void {
    for (const { call, fault, phase } of simulation.network.happened) {
      this.#count(`${call} ${fault}`);
      this.#count(`phase ${phase} ${fault}`);
    }
    for (const cell of simulation.reached) this.#count(cell);
  }

  #count(cell: string, more = 1): void {
    this.#cells.set(cell, (this.#cells.get(cell) ?? 0) + more);
  }

  cells(): readonly (readonly [string, number])[] {
    return [...this.#cells];
  }

  /** Takes over what was counted elsewhere. */
  merge(cells: readonly (readonly [string, number])[]): void {
    for (const [cell, count] of cells) this.#count(cell, count);
  }

  #of(cell: string): string {
    if (IMPOSSIBLE.some((one) => one.cell.test(cell))) return '-';
    return `${this.#cells.get(cell) ?? 0}`;
  }

  /** Cells that should have been reached and were not. */
  missing(): readonly string[] {
    const wanted = [
      ...[...EFFECTS, ...READS].flatMap((call) => FAULTS.map((fault) => `${call} ${fault}`)),
      ...PHASES.flatMap((phase) => FAULTS.map((fault) => `phase ${phase} ${fault}`)),
      ...FAMILIES.flatMap((family) => COMMANDS.map((command) => `${family} / ${command}`)),
    ];
    return wanted.filter((cell) => this.#of(cell) === '0');
  }

  table(): string {
    const calls = [...EFFECTS, ...READS, ...OTHERS];
    return [
      grid('calls × faults', calls, FAULTS, (call, fault) => this.#of(`${call} ${fault}`)),
      grid('phases × faults', PHASES, FAULTS, (phase, fault) => this.#of(`phase ${phase} ${fault}`)),
      grid('commands × issuers', COMMANDS, FAMILIES, (command, family) => this.#of(`${family} / ${command}`)),
      ...IMPOSSIBLE.map(({ cell, why }) => `- ${cell.source}: ${why}`),
    ].join('\n\n');
  }
}

const PHASES = ['none', 'create', 'stage', 'verify', 'promote', 'overlap', 'done'] as const;

function grid(
  title: string,
  rows: readonly string[],
  columns: readonly string[],
  cell: (row: string, column: string) => string,
): string {
  const widths = columns.map((column) => Math.max(column.length, 7));
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(26)}${cells.map((text, at) => text.padStart((widths[at] ?? 7) + 1)).join('')}`;
  const body = rows.map((row) =>
    line(
      row,
      columns.map((column) => cell(row, column)),
    ),
  );
  return [line(title, columns), ...body].join('\n');
}
