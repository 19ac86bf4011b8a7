import { inSlots } from '../../src/stores/vault/slots.ts';
import { exitCodeOf, named, optionsIn, UsageError, wholeNumber } from '../arguments.ts';
import type { Origin } from './bench.ts';
import { CASES, type Case, prepare } from './cases.ts';
import type { Effect } from './effects.ts';
import { ask, kill, type Ordeal, sleep, spoil } from './ordeals.ts';
import { beforeEach, effectsOf, nameOf, type Point, pointsOf, tryOut, type Verdict } from './trial.ts';

type Print = (line: string) => void;

interface Series {
  readonly name: string;
  readonly points: (effects: readonly Effect[]) => readonly Point[];
  /** What befalls the point with this number. */
  readonly ordealAt: (index: number) => Ordeal;
  /** Most of its time a trial waits, so that it goes beside the others. */
  readonly waits?: true;
}

/** What ends by itself before it comes to its point was tried at nothing: that may be one in ten. */
const FEWEST_STRUCK = 0.9;
const SIGNALS = [ask('SIGTERM'), ask('SIGINT'), ask('SIGHUP')];
const afterEach = (effects: readonly Effect[]) =>
  pointsOf(effects).filter(({ moment }) => moment === 'after');
/** A lease takes a minute to run out, so that not every point can have one. */
const EVERY = 4;
/** So many more of those that wait at the same time. */
const CROWD = 6;

const POINT = /^(before|half|after)( \d.*)?$/;
const OPTIONS = {
  /** Only commands whose name holds this, ordeals whose name holds this, and points whose name begins with this. */
  command: { type: 'string', default: '' },
  ordeal: { type: 'string', default: '' },
  point: { type: 'string', default: '' },
  /** How many trials at the same time. */
  workers: { type: 'string', default: '4' },
} as const;

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

/** Every command struck in every way at every point, or those that were asked for; a line for each. */
export function main(args: readonly string[], print: Print): Promise<number> {
  return exitCodeOf(() => strikeAll(args, print), print);
}

async function strikeAll(args: readonly string[], print: Print): Promise<number> {
  const options = optionsIn(args, OPTIONS);
  const cases = named('command', CASES, options.command);
  const chosen = named('ordeal', SERIES, options.ordeal);
  const workers = wholeNumber('--workers', options.workers);
  if (options.point !== '' && !POINT.test(options.point))
    throw noPoint(options.point, 'as many as the command has');
  const pools = { busy: inSlots(workers), waiting: inSlots(workers * CROWD) };
  const all: Verdict[] = [];
  let most = 0;
  print('| command | effects | struck by | points | struck | messages | wrong | seconds |');
  print('|---|---|---|---|---|---|---|---|');
  for (const one of cases) {
    const from = performance.now();
    const origin = await prepare(one);
    try {
      const effects = await effectsOf(one, origin);
      most = Math.max(most, effects.length);
      const rows = chosen.map(async (series) => {
        const turn = series.waits ? pools.waiting : pools.busy;
        // What befalls a point is the same when it is tried again, alone.
        const trials = series
          .points(effects)
          .map((point, index) => ({ point, ordeal: series.ordealAt(index) }))
          .filter(({ point }) => nameOf(point).startsWith(options.point))
          .map(({ point, ordeal }) => turn(() => strike(one, origin, point, ordeal, print)));
        const verdicts = await Promise.all(trials);
        all.push(...verdicts);
        print(row(one, effects.length, series, verdicts, (performance.now() - from) / 1000));
      });
      await Promise.all(rows);
    } finally {
      await origin.close();
    }
  }
  if (all.length === 0) throw noPoint(options.point, most);
  const wrong = all.filter(({ faults }) => faults.length > 0).length;
  const struck = all.filter((verdict) => verdict.struck).length;
  print(`\n${struck} of ${all.length} struck, ${wrong} wrong`);
  return struck > FEWEST_STRUCK * all.length && wrong === 0 ? 0 : 1;
}

function noPoint(text: string, most: number | string): UsageError {
  return new UsageError(
    `no point begins with '${text}'; there are before N, half N and after N, with N from 1 to ${most}`,
  );
}

async function strike(
  one: Case,
  origin: Origin,
  point: Point,
  ordeal: Ordeal,
  print: Print,
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
