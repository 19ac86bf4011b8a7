import { inSlots } from '../../src/stores/vault/slots.ts';
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
  /** Most of its time a trial waits, so that it goes beside the others. */
  readonly waits?: true;
}

const SIGNALS = [ask('SIGTERM'), ask('SIGINT'), ask('SIGHUP')];
const afterEach = (effects: readonly Effect[]) =>
  pointsOf(effects).filter(({ moment }) => moment === 'after');
/** A lease takes a minute to run out, so that not every point can have one. */
const EVERY = 4;
/** So many more of those that wait at the same time. */
const CROWD = 6;

/** A file that is open for writing keeps a disk from being made read-only. */
const closed = (effects: readonly Effect[]) =>
  beforeEach(effects.filter(({ what }) => !what.startsWith('handle.')));

const SERIES: readonly Series[] = [
  { name: kill.name, points: pointsOf, ordealAt: () => kill },
  {
    name: 'SIGTERM, SIGINT and SIGHUP in turns',
    points: afterEach,
    ordealAt: (index) => SIGNALS[index % SIGNALS.length] ?? kill,
  },
  { name: sleep('take').name, points: beforeEach, ordealAt: () => sleep('take') },
  {
    name: sleep('wait').name,
    points: (effects) => beforeEach(effects.filter((_, index) => index % EVERY === 0)),
    ordealAt: () => sleep('wait'),
    waits: true,
  },
  { name: spoil('full').name, points: beforeEach, ordealAt: () => spoil('full') },
  { name: spoil('read-only').name, points: closed, ordealAt: () => spoil('read-only') },
];

/** Every command struck in every way at every point; a line for each. Gives the number of trials that went wrong. */
export async function strikeEverywhere(options: LongOptions): Promise<number> {
  const { print, workers } = options;
  const pools = { busy: inSlots(workers), waiting: inSlots(workers * CROWD) };
  const chosen = SERIES.filter(({ name }) => name.includes(options.ordeal));
  let wrong = 0;
  print('| command | effects | struck by | points | struck | messages | wrong | seconds |');
  print('|---|---|---|---|---|---|---|---|');
  for (const one of CASES.filter(({ name }) => name.includes(options.command))) {
    const from = performance.now();
    const origin = await prepare(one);
    try {
      const effects = await effectsOf(one, origin);
      const rows = chosen.map(async (series) => {
        const turn = series.waits ? pools.waiting : pools.busy;
        // What befalls a point is the same when it is tried again, alone.
        const trials = series
          .points(effects)
          .map((point, index) => ({ point, ordeal: series.ordealAt(index) }))
          .filter(({ point }) => nameOf(point).startsWith(options.point))
          .map(({ point, ordeal }) => turn(() => strike(one, origin, point, ordeal, print)));
        const verdicts = await Promise.all(trials);
        wrong += verdicts.filter(({ faults }) => faults.length > 0).length;
        print(row(one, effects.length, series, verdicts, (performance.now() - from) / 1000));
      });
      await Promise.all(rows);
    } finally {
      await origin.close();
    }
  }
  print(`\n${wrong} wrong`);
  return wrong;
}

async function strike(
  one: Case,
  origin: Origin,
  point: Point,
  ordeal: Ordeal,
  print: LongOptions['print'],
): Promise<Verdict> {
  const verdict = await tryOut(one, origin, point, ordeal);
  for (const fault of verdict.faults) print(`WRONG: ${one.name}, ${ordeal.name} ${nameOf(point)}: ${fault}`);
  return verdict;
}

/** The seconds are those since the command was begun with. */
function row(
  { name }: Case,
  effects: number,
  series: Series,
  verdicts: readonly Verdict[],
  seconds: number,
): string {
  const cells = [
    name,
    effects,
    series.name,
    verdicts.length,
    verdicts.filter(({ struck }) => struck).length,
    verdicts.reduce((sum, { sent }) => sum + sent, 0),
    verdicts.filter(({ faults }) => faults.length > 0).length,
    seconds.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}
