import type { Origin } from './bench.ts';
import { CASES, type Case, prepare } from './cases.ts';
import type { Effect } from './effects.ts';
import { ask, kill, type Ordeal, sleep, spoil } from './ordeals.ts';
import { beforeEach, effectsOf, nameOf, type Point, pointsOf, tryOut, type Verdict } from './trial.ts';

export interface LongOptions {
  /** Only commands whose name holds this. */
  readonly command: string;
  /** Only ordeals whose name holds this. */
  readonly ordeal: string;
  /** Only points whose name begins with this. */
  readonly point: string;
  /** How many trials at the same time. */
  readonly workers: number;
  readonly print: (line: string) => void;
}

interface Series {
  readonly name: string;
  readonly points: (effects: readonly Effect[]) => readonly Point[];
  /** What befalls the point with this number. */
  readonly ordealAt: (index: number) => Ordeal;
  /** Most of a trial that sleeps is waiting: so many more at once. */
  readonly crowd: number;
}

const SIGNALS = [ask('SIGTERM'), ask('SIGINT'), ask('SIGHUP')];
const afterEach = (effects: readonly Effect[]) =>
  pointsOf(effects).filter(({ moment }) => moment === 'after');
/** A lease takes a minute to run out, so that not every point can have one. */
const EVERY = 4;

/** A file that is open for writing keeps a disk from being made read-only. */
const closed = (effects: readonly Effect[]) =>
  beforeEach(effects.filter(({ what }) => !what.startsWith('handle.')));

const SERIES: readonly Series[] = [
  { name: kill.name, points: pointsOf, ordealAt: () => kill, crowd: 1 },
  {
    name: 'SIGTERM, SIGINT and SIGHUP in turns',
    points: afterEach,
    ordealAt: (index) => SIGNALS[index % SIGNALS.length] ?? kill,
    crowd: 1,
  },
  { name: sleep('take').name, points: beforeEach, ordealAt: () => sleep('take'), crowd: 1 },
  {
    name: sleep('wait').name,
    points: (effects) => beforeEach(effects.filter((_, index) => index % EVERY === 0)),
    ordealAt: () => sleep('wait'),
    crowd: 6,
  },
  { name: spoil('full').name, points: beforeEach, ordealAt: () => spoil('full'), crowd: 1 },
  { name: spoil('read-only').name, points: closed, ordealAt: () => spoil('read-only'), crowd: 1 },
];

/** Every command struck in every way at every point; a line for each. Gives the number of trials that went wrong. */
export async function strikeEverywhere(options: LongOptions): Promise<number> {
  const { print } = options;
  let wrong = 0;
  for (const series of SERIES.filter(({ name }) => name.includes(options.ordeal))) {
    print(`\n${series.name}\n\n| command | effects | points | struck | messages | wrong | seconds |`);
    print('|---|---|---|---|---|---|---|');
    for (const one of CASES.filter(({ name }) => name.includes(options.command))) {
      const from = performance.now();
      const origin = await prepare(one);
      try {
        const effects = await effectsOf(one, origin);
        const points = series.points(effects).filter((point) => nameOf(point).startsWith(options.point));
        const verdicts = await all({ one, origin, series, points, options });
        wrong += verdicts.filter(({ faults }) => faults.length > 0).length;
        const seconds = (performance.now() - from) / 1000;
        print(row(one, effects.length, verdicts, seconds));
      } finally {
        await origin.close();
      }
    }
  }
  print(`\n${wrong} wrong`);
  return wrong;
}

async function all(of: {
  readonly one: Case;
  readonly origin: Origin;
  readonly series: Series;
  readonly points: readonly Point[];
  readonly options: LongOptions;
}): Promise<readonly Verdict[]> {
  const { one, origin, series, points, options } = of;
  const todo = [...points.entries()];
  const verdicts: Verdict[] = [];
  const worker = async (): Promise<void> => {
    for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
      const [index, point] = next;
      const ordeal = series.ordealAt(index);
      const verdict = await tryOut(one, origin, point, ordeal);
      verdicts.push(verdict);
      for (const fault of verdict.faults)
        options.print(`WRONG: ${one.name}, ${ordeal.name} ${nameOf(point)}: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: options.workers * series.crowd }, worker));
  return verdicts;
}

function row({ name }: Case, effects: number, verdicts: readonly Verdict[], seconds: number): string {
  const cells = [
    name,
    effects,
    verdicts.length,
    verdicts.filter(({ struck }) => struck).length,
    verdicts.reduce((sum, { sent }) => sum + sent, 0),
    verdicts.filter(({ faults }) => faults.length > 0).length,
    seconds.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}
