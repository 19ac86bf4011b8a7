import type { TrailNote } from '../../src/core/trail.ts';
import { COMMANDS } from './commands.ts';
import { EFFECTS, FAULTS } from './network.ts';
import { FAMILIES, type Plan, type Schedule } from './schedule.ts';

/** Traits of issuer, store and configuration, beside the family of the issuer. */
const TRAITS: Readonly<Record<string, (plan: Plan, schedule: Schedule) => boolean>> = {
  'revoked by id': ({ traits }) => traits.revokesBy === 'id',
  'revoked by secret': ({ traits }) => traits.revokesBy === 'secret',
  'two keys': ({ traits }) => traits.maxLive === 2,
  'three keys': ({ traits }) => traits.maxLive === 3,
  'asked with current': ({ traits }) => traits.asksWith === 'current',
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
  'no compare-and-set': (_, { store }) => !store.casPromote,
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

/** What the trail can say of a change of the ledger. */
const ENTRIES = [
  ...['adopted', 'held', 'hold-lifted', 'waiting-for-person', 'overlap-ended', 'mirrors-owed'],
  ...['rotation-opened', 'rotation-closed', 'rotation-failed', 'rotation-abandoned', 'postponed'],
  ...['create-intended', 'key-created', 'key-registered', 'key-provided', 'create-unsure', 'key-not-created'],
  ...['possible-orphan', 'orphan-found', 'key-identified', 'never-made', 'merged', 'same-key'],
  ...['stage-intended', 'staged', 'stage-conflict', 'restage', 'value-lost', 'given-up', 'verified'],
  ...['promote-intended', 'promoted', 'promote-unsure', 'not-promoted', 'promote-settled'],
  ...['rewrite-intended', 'current-rewritten', 'current-moved-by-someone', 'promote-before-verify'],
  ...['revoke-intended', 'revoke-sent', 'revoke-failed', 'revoke-taken-back', 'settled', 'value-discarded'],
  ...['proven-dead by issuer', 'proven-dead by expiry', 'owed-intended', 'owed-paid', 'owed-failed'],
];

const READS = ['load', 'read', 'verify', 'find', 'list', 'slots', 'describe', 'read mirror', 'gate'];

const HANDED = ['hook', 'mirror'];

/** What can be told apart. Each thing that happens has a value of each, or several. */
const DIMENSIONS = {
  call: [...EFFECTS, ...READS, ...HANDED],
  fault: FAULTS,
  phase: ['none', 'create', 'stage', 'verify', 'promote', 'overlap', 'done'],
  family: FAMILIES,
  trait: Object.keys(TRAITS),
  command: COMMANDS,
  entry: ENTRIES,
  times: ['times'],
};
type Dimension = keyof typeof DIMENSIONS;
type Table = readonly [rows: Dimension, columns: Dimension];

/** Something that happened: a call that met a fault, else (`id` is null) a command that began, or an entry of the trail. */
export type Reached = Readonly<Partial<Record<Dimension, string | readonly string[]>>> & {
  readonly id: string | null;
};

/** An entry of the trail, for the table. */
export const written = ({ event, data }: TrailNote): Reached => {
  const proof = event === 'proven-dead' ? ` by ${data?.by}` : '';
  return { id: null, entry: `${event}${proof}`, times: 'times' };
};

const TABLES: readonly Table[] = [
  ...(['call', 'phase', 'family', 'trait'] as const).map((rows): Table => [rows, 'fault']),
  ...(['fault', 'family', 'phase', 'trait'] as const).map((columns): Table => ['command', columns]),
  ...(['trait', 'family'] as const).map((columns): Table => ['phase', columns]),
  ['entry', 'times'],
];

/** Cells that no schedule can reach, and why. */
const IMPOSSIBLE: readonly (readonly [cell: RegExp, why: string])[] = [
  [
    new RegExp(`^call (${READS.join('|')}) / fault (late|lost-late|die-late|nap-before)$`),
    'what only asks and lands late is as good as lost',
  ],
  [
    new RegExp(`^call (${HANDED.join('|')}) / fault (late|lost-late|die-late|nap-before)$`),
    'that one which performs an old request after a newer one has the older key cannot be excluded',
  ],
  [/^command (stranger|issuer): .* \/ fault /, 'what a stranger does is no request of keyturn'],
  [
    /^phase (create|verify) \/ trait gap not accepted$/,
    'no key is asked for before a person accepts the gap at the end, when everything works',
  ],
];

/** How often each cell was reached: for each table, by row and column. */
type Counts = Map<string, Map<string, number>>;
export type Cells = readonly Counts[];

export const noCells = (): Cells => TABLES.map(() => new Map());

function count(counts: Counts | undefined, row: string, column: string, more = 1): void {
  const columns = counts?.get(row) ?? new Map<string, number>();
  columns.set(column, (columns.get(column) ?? 0) + more);
  counts?.set(row, columns);
}

export function addCells(cells: Cells, more: Cells): void {
  for (const [at, counts] of more.entries())
    for (const [row, columns] of counts)
      for (const [column, times] of columns) count(cells[at], row, column, times);
}

export function countReached(cells: Cells, reached: readonly Reached[]): void {
  for (const one of reached)
    for (const [at, [rows, columns]] of TABLES.entries())
      for (const row of listOf(one[rows]))
        for (const column of listOf(one[columns])) count(cells[at], row, column);
}

const listOf = (values: string | readonly string[] = []): readonly string[] =>
  typeof values === 'string' ? [values] : values;

/** The tables, and the cells that should have been reached and were not. */
export function report(cells: Cells): { readonly text: string; readonly missing: readonly string[] } {
  const missing: string[] = [];
  const texts = TABLES.map(([rows, columns], at) => {
    const heads: readonly string[] = DIMENSIONS[columns];
    const times = (row: string, column: string): string => {
      const cell = `${rows} ${row} / ${columns} ${column}`;
      if (IMPOSSIBLE.some(([pattern]) => pattern.test(cell))) return '-';
      const reached = cells[at]?.get(row)?.get(column) ?? 0;
      if (reached === 0) missing.push(cell);
      return `${reached}`;
    };
    const line = (head: string, of: (column: string) => string): string =>
      head.padEnd(26) + heads.map((column) => of(column).padStart(Math.max(column.length, 7) + 1)).join('');
    const lines = DIMENSIONS[rows].map((row) => line(row, (column) => times(row, column)));
    return [line(`${rows} × ${columns}`, (column) => column), ...lines].join('\n');
  });
  const reasons = IMPOSSIBLE.map(([cell, why]) => `- ${cell.source}: ${why}`);
  return { text: [...texts, ...reasons].join('\n\n'), missing };
}
