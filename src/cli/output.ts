import type { ChalkInstance } from 'chalk';
import type { Block, Cell, Tone } from './command.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Turns blocks into text for one end: a terminal of some width, or a pipe. */
export interface Painter {
  readonly paint: (text: string, tone: Tone) => string;
  /** Every line ends with a newline. */
  readonly render: (blocks: readonly Block[]) => string;
}

/** `width` is null for what is no terminal: nothing is wrapped or shortened there. */
export function createPainter(env: Environment, isTerminal: boolean, width: number | null): Painter {
  const coloured = colours(env, isTerminal);
  const paint = (text: string, tone: Tone): string =>
    coloured && pens !== null ? pens[TONES[tone]](text) : text;
  const cell = (one: Cell): string => (typeof one === 'string' ? one : paint(one.text, one.tone));
  const block = (one: Block): string => {
    switch (one.kind) {
      case 'verbatim':
        return one.text;
      case 'line':
        return `${wrapped(one.cells.map(cleaned), width)
          .map((row) => row.map(cell).join(''))
          .join('\n')}\n`;
      case 'table':
        return tableOf(one.columns, one.rows, width, cell);
    }
  };
  return { paint, render: (blocks) => blocks.map(block).join('') };
}

/** Loaded only for an end that shows colours. */
let pens: ChalkInstance | null = null;

/** Has to be awaited before anything is painted. */
export async function loadColours(env: Environment, isTerminal: boolean): Promise<void> {
  if (pens !== null || !colours(env, isTerminal)) return;
  const { Chalk } = await import('chalk');
  // The first sixteen colours are the ones that a person has chosen for their terminal.
  pens = new Chalk({ level: 1 });
}

const TONES = {
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  faint: 'dim',
  strong: 'bold',
} as const satisfies Readonly<Record<Tone, string>>;

/** `FORCE_COLOR` (unless 0 or false) before `NO_COLOR` before what the end is. https://no-color.org */
export function colours(env: Environment, isTerminal: boolean): boolean {
  const force = env.FORCE_COLOR;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return isTerminal && env.TERM !== 'dumb';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text from elsewhere must not drive the terminal of whoever reads it. Line breaks stay. */
export function clean(text: string): string {
  return text.replace(CONTROL, '?');
}

function cleaned(cell: Cell): Cell {
  return typeof cell === 'string' ? clean(cell) : { ...cell, text: clean(cell.text) };
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

const INDENT = '  ';

/** The cells of a line as the lines that they take: broken between words where they are longer than the width. */
function wrapped(cells: readonly Cell[], width: number | null): readonly (readonly Cell[])[] {
  if (width === null) return [cells];
  const lines: Cell[][] = [[]];
  let column = 0;
  const put = (cell: Cell, text: string): void => {
    lines.at(-1)?.push(mapCell(cell, () => text));
    column += text.length;
  };
  const next = (): void => {
    lines.push([]);
    column = 0;
  };
  for (const cell of cells) {
    // Words with the blanks before them, and line breaks.
    for (const piece of textOf(cell).match(/\n| *[^ \n]+| +/g) ?? []) {
      if (piece === '\n') {
        next();
      } else if (column > INDENT.length && column + piece.length > width && piece.startsWith(' ')) {
        next();
        put(cell, INDENT + piece.trimStart());
      } else {
        put(cell, piece);
      }
    }
  }
  return lines.map(joined);
}

/** Neighbours of one tone become one, so that each is painted once. */
function joined(cells: readonly Cell[]): readonly Cell[] {
  const whole: Cell[] = [];
  for (const cell of cells) {
    const last = whole.at(-1);
    if (last !== undefined && toneOf(last) === toneOf(cell)) {
      whole[whole.length - 1] = mapCell(last, (text) => text + textOf(cell));
    } else {
      whole.push(cell);
    }
  }
  return whole;
}

function toneOf(cell: Cell): Tone | null {
  return typeof cell === 'string' ? null : cell.tone;
}

const GAP = 2;
/** No column is made narrower than this. */
const NARROWEST = 8;

function tableOf(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  width: number | null,
  show: (cell: Cell) => string,
): string {
  const clear = rows.map((row) =>
    row.map((one) => mapCell(one, (text) => clean(text).replaceAll('\n', ' '))),
  );
  const heading: readonly Cell[] = columns.map((text) => ({ text: text.toUpperCase(), tone: 'faint' }));
  const all = columns.length === 0 ? clear : [heading, ...clear];
  const natural = columns.map((_, at) => Math.max(...all.map((row) => textOf(row[at] ?? '').length)));
  const widths = width === null ? natural : narrowed(natural, width);
  return all
    .map((row) => {
      const cells = row.map((one, at) => fitted(one, widths[at] ?? 0, at === row.length - 1, show));
      return `${cells.join(' '.repeat(GAP)).trimEnd()}\n`;
    })
    .join('');
}

/** Takes what is too much from the last column first, then from the ones before it. */
function narrowed(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  let over = widths.reduce((sum, one) => sum + one + GAP, -GAP) - width;
  for (let at = widths.length - 1; at >= 0 && over > 0; at -= 1) {
    const own = widths[at] ?? 0;
    const less = Math.max(Math.min(own, NARROWEST), own - over);
    over -= own - less;
    widths[at] = less;
  }
  return widths;
}

function fitted(cell: Cell, width: number, last: boolean, show: (cell: Cell) => string): string {
  const text = textOf(cell);
  const short = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
  return show(mapCell(cell, () => short)) + (last ? '' : ' '.repeat(Math.max(0, width - short.length)));
}

function mapCell(cell: Cell, change: (text: string) => string): Cell {
  return typeof cell === 'string' ? change(cell) : { ...cell, text: change(cell.text) };
}
