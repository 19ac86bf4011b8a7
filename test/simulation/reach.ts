import { COMMANDS } from './commands.ts';
import { EFFECTS, FAULTS } from './network.ts';
import { FAMILIES, type Plan, type Schedule } from './schedule.ts';

/** Traits of issuer, store and configuration, beside the family of the issuer. */
const TRAITS: Readonly<Record<string, (plan: Plan, schedule: Schedule) => boolean>> = {
  'revoked by id': ({ traits }) => traits.revokesBy === 'id',
  'revoked by secret': ({ traits }) => traits.revokesBy === 'secret',
  'two keys': ({ traits }) => traits.maxLive === 2,
  'three keys': ({ traits }) => traits.maxLive === 3,
  'counts slots': ({ slots }) => slots,
  'lets more in': ({ enforces }) => !enforces,
  'gap not accepted': ({ family, policy }) => family === 'swap' && !policy.acceptGap,
  marks: ({ traits }) => traits.marks,
  lists: ({ traits }) => traits.lists,
  settles: ({ traits }) => traits.settles > 0,
  expires: ({ traits }) => traits.longestLife !== null,
  'same key again': ({ repeats }) => repeats > 0,
  'dead keys': ({ duds }) => duds > 0,
  'short keys': ({ short }) => short,
  renames: (_, { store }) => store.renames,
  converges: (_, { store }) => store.converges > 0,
  shared: (_, { store }) => store.shared,
  gates: ({ policy }) => policy.gates.length > 0,
  hooks: ({ policy }) => policy.hooks.length > 0,
  mirrors: ({ policy }) => policy.mirrors.length > 0,
  sink: (_, { sink }) => sink === 'optional',
  'required sink': (_, { sink }) => sink === 'required',
  'skewed clocks': (_, { clocks }) => new Set(clocks).size > 1,
};

export function traitsOf(plan: Plan, schedule: Schedule): readonly string[] {
  return Object.keys(TRAITS).filter((name) => TRAITS[name]?.(plan, schedule));
}

const READS = ['load', 'read', 'verify', 'find', 'list', 'slots', 'describe', 'read mirror', 'gate'];
const OTHERS = ['hook', 'mirror', 'sink'];

/** What can be told apart. Each thing that happens has a value of each, or several. */
const DIMENSIONS = {
  call: [...EFFECTS, ...READS, ...OTHERS],
  fault: FAULTS,
  phase: ['none', 'create', 'stage', 'verify', 'promote', 'overlap', 'done'],
  family: FAMILIES,
  trait: Object.keys(TRAITS),
  command: COMMANDS,
};
type Dimension = keyof typeof DIMENSIONS;

/** Something that happened: a call that met a fault, or a command that began (`id` is null). */
export type Reached = Readonly<Record<Exclude<Dimension, 'trait'>, string>> & {
  readonly trait: readonly string[];
  readonly id: string | null;
};

const TABLES: readonly (readonly [rows: Dimension, columns: Dimension])[] = [
  ['call', 'fault'],
  ['phase', 'fault'],
  ['family', 'fault'],
  ['trait', 'fault'],
  ['command', 'family'],
  ['command', 'phase'],
  ['command', 'trait'],
  ['phase', 'trait'],
  ['phase', 'family'],
];

/** Cells that no schedule can reach, and why. */
const IMPOSSIBLE: readonly (readonly [cell: RegExp, why: string])[] = [
  [
    new RegExp(`^call (${[...READS, ...OTHERS].join('|')}) / fault (late|die-late|nap-before)$`),
    'what has no lasting effect and lands late is as good as lost',
  ],
  [
    /^phase (create|verify) \/ trait gap not accepted$/,
    'no key is asked for before a person accepts the gap at the end, when everything works',
  ],
];

export type Cells = Map<string, number>;

export function count(cells: Cells, cell: string, more = 1): void {
  cells.set(cell, (cells.get(cell) ?? 0) + more);
}

export function countReached(cells: Cells, reached: readonly Reached[]): void {
  for (const one of reached)
    for (const [rows, columns] of TABLES)
      for (const row of [one[rows]].flat())
        for (const column of [one[columns]].flat()) count(cells, `${rows} ${row} / ${columns} ${column}`);
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
    const heads = DIMENSIONS[columns];
    const line = (head: string, texts: readonly string[]): string =>
      head.padEnd(26) +
      texts.map((text, at) => text.padStart(Math.max(heads[at]?.length ?? 0, 7) + 1)).join('');
    const lines = DIMENSIONS[rows].map((row) => {
      const texts = heads.map((column) => countOf(`${rows} ${row} / ${columns} ${column}`));
      return line(row, texts);
    });
    return [line(`${rows} × ${columns}`, heads), ...lines].join('\n');
  });
  const reasons = IMPOSSIBLE.map(([cell, why]) => `- ${cell.source}: ${why}`);
  return { text: [...grids, ...reasons].join('\n\n'), missing };
}
