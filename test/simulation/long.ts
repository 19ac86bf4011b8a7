import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { exitCodeOf, optionsIn, UsageError, wholeNumber } from '../arguments.ts';
import { addCells, type Cells, countReached, noCells, report } from './reach.ts';
import { again, describeFailure, simulateAll, simulateOne } from './run.ts';
import { type Schedule, scheduleOf } from './schedule.ts';

const SEEDS = 2 ** 32;
/** How many failures each worker shrinks and shows in full, and after how many schedules it says how far it is. */
const DESCRIBED = 3;
const SOMETIMES = 10_000;
/** Schedules are short-lived garbage: room for it saves a tenth of the time. */
const resourceLimits = { maxYoungGenerationSizeMb: 64 };

/** What a worker has done since it told last. */
interface Told {
  readonly done: number;
  readonly failure: string | null;
  readonly cells: Cells;
}

async function work([base, most]: readonly [number, number], tell: (told: Told) => void): Promise<void> {
  let cells = noCells();
  const shown: Promise<void>[] = [];
  let [done, told, failures] = [0, 0, 0];
  const say = (failure: string | null): void => {
    tell({ done: done - told, failure, cells });
    told = done;
    cells = noCells();
  };
  function* schedules(): Generator<Schedule> {
    for (let at = base; at < base + most; at += 1) yield scheduleOf(at % SEEDS);
  }
  await simulateAll(schedules(), (simulation) => {
    const { reached, violation, schedule } = simulation;
    countReached(cells, reached);
    done += 1;
    if (done % SOMETIMES === 0) say(null);
    if (violation === null) return true;
    failures += 1;
    if (failures <= DESCRIBED) shown.push(describeFailure(simulation).then(say));
    else say(`seed ${schedule.seed}: ${violation.invariant}: ${violation.message}\n${again(schedule)}`);
    return true;
  });
  await Promise.all(shown);
  say(null);
}

async function runAll(schedules: number, cores: number, base: number): Promise<boolean> {
  const each = Math.ceil(schedules / cores);
  console.log(`${each * cores} schedules on ${cores} cores from seed ${base}`);
  const started = Date.now();
  const cells = noCells();
  let [done, failures] = [0, 0];
  const so = (): string =>
    `${done} schedules in ${Math.round((Date.now() - started) / 1000)} s, ${failures} violations`;
  const hear = (told: Told): void => {
    done += told.done;
    addCells(cells, told.cells);
    if (told.failure !== null) failures += 1;
    console.log(told.failure ?? `${so()} so far`);
  };
  const worker = (_: unknown, core: number): Promise<void> => {
    const thread = new Worker(new URL(import.meta.url), {
      workerData: [base + core * each, each],
      resourceLimits,
    });
    thread.on('message', hear);
    return new Promise((resolve, reject) => void thread.once('exit', resolve).once('error', reject));
  };
  await Promise.all(Array.from({ length: cores }, worker));
  const { text, missing } = report(cells);
  console.log(text);
  if (missing.length > 0) console.log(`never reached: ${missing.join('; ')}`);
  console.log(so());
  return done === each * cores && failures === 0 && missing.length === 0;
}

async function runAgain(seed: number, parts: readonly string[]): Promise<boolean> {
  const { lines, violation } = await simulateOne(scheduleOf(seed, new Set(parts)), true);
  console.log([...(lines ?? []), violation === null ? 'every promise was kept' : ''].join('\n'));
  return violation === null;
}

const OPTIONS = {
  schedules: { type: 'string', default: '1000000' },
  cores: { type: 'string', default: `${availableParallelism()}` },
  base: { type: 'string', default: `${(Math.floor(Date.now() / 1000) * 1_000) % SEEDS}` },
  seed: { type: 'string' },
  without: { type: 'string', default: '' },
} as const;

async function main(args: readonly string[]): Promise<number> {
  const { without, ...options } = optionsIn(args, OPTIONS);
  const { seed = '0' } = options;
  const parts = without.split(',').filter((part) => part !== '');
  const odd = parts.find((part) => !/^-?\d+(\.\d+)?$/.test(part));
  if (odd !== undefined)
    throw new UsageError(`--without has operations and faults, such as 3,10002.7, not '${odd}'`);
  const whole = (name: 'schedules' | 'cores' | 'base', least: number): number =>
    wholeNumber(`--${name}`, options[name], least, SEEDS - 1);
  const kept =
    options.seed === undefined
      ? await runAll(whole('schedules', 1), whole('cores', 1), whole('base', 0))
      : await runAgain(wholeNumber('--seed', seed, 0, SEEDS - 1), parts);
  return kept ? 0 : 1;
}

if (!isMainThread) await work(workerData as [number, number], (told) => parentPort?.postMessage(told));
else process.exitCode = await exitCodeOf(() => main(process.argv.slice(2)), console.log);
