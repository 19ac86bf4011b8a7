import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Cells, count, countReached, report } from './reach.ts';
import { describeFailure, simulateAll, simulateOne } from './run.ts';
import { type Schedule, scheduleOf } from './schedule.ts';

/** `--schedules N --cores N --base SEED`, or `--seed SEED [--without PARTS]` to see one schedule again. */
const option = (name: string): string | undefined =>
  process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined;

/** How many failures each worker shrinks and shows in full, and after how many schedules it says how far it is. */
const DESCRIBED = 3;
const SOMETIMES = 10_000;

/** What a worker has done since it told last. */
interface Told {
  readonly done: number;
  readonly failure: string | null;
  readonly cells: Cells;
}

async function work([base, most]: readonly [number, number], tell: (told: Told) => void): Promise<void> {
  const cells: Cells = new Map();
  const shown: Promise<void>[] = [];
  let [done, told, failures] = [0, 0, 0];
  const say = (failure: string | null): void => {
    tell({ done: done - told, failure, cells });
    told = done;
    cells.clear();
  };
  function* schedules(): Generator<Schedule> {
    for (let at = base; at < base + most; at += 1) yield scheduleOf(at % 0xffffffff);
  }
  await simulateAll(schedules(), (simulation) => {
    const { reached, violation, schedule } = simulation;
    countReached(cells, reached);
    done += 1;
    if (done % SOMETIMES === 0) say(null);
    if (violation === null) return true;
    failures += 1;
    if (failures <= DESCRIBED) shown.push(describeFailure(simulation).then(say));
    else say(`seed ${schedule.seed}: ${violation.invariant}: ${violation.message}`);
    return true;
  });
  await Promise.all(shown);
  say(null);
}

async function again(seed: number): Promise<number> {
  const without = (option('--without') ?? '').split(',').filter((part) => part !== '');
  const { lines, violation } = await simulateOne(scheduleOf(seed, new Set(without)), true);
  console.log([...(lines ?? []), violation === null ? 'every promise was kept' : ''].join('\n'));
  return violation === null ? 0 : 1;
}

async function main(): Promise<number> {
  const cores = Number(option('--cores') ?? availableParallelism());
  const each = Math.ceil(Number(option('--schedules') ?? 1_000_000) / cores);
  const base = Number(option('--base') ?? Math.floor(Date.now() / 1000) * 1_000) % 0xffffffff;
  console.log(`${each * cores} schedules on ${cores} cores from seed ${base}`);
  const started = Date.now();
  const cells: Cells = new Map();
  let [done, failures] = [0, 0];
  const so = (): string =>
    `${done} schedules in ${Math.round((Date.now() - started) / 1000)} s, ${failures} violations`;
  const hear = (told: Told): void => {
    done += told.done;
    for (const [cell, times] of told.cells) count(cells, cell, times);
    if (told.failure !== null) failures += 1;
    console.log(told.failure ?? `${so()} so far`);
  };
  const worker = (_: unknown, core: number): Promise<void> => {
    // Schedules are short-lived garbage: room for it saves a tenth of the time.
    const resourceLimits = { maxYoungGenerationSizeMb: 64 };
    const share = [base + core * each, each];
    const thread = new Worker(new URL(import.meta.url), { workerData: share, resourceLimits });
    thread.on('message', hear);
    return new Promise((resolve, reject) => void thread.once('exit', resolve).once('error', reject));
  };
  await Promise.all(Array.from({ length: cores }, worker));
  const { text, missing } = report(cells);
  console.log(text);
  if (missing.length > 0) console.log(`never reached: ${missing.join('; ')}`);
  console.log(so());
  return done === each * cores && failures === 0 && missing.length === 0 ? 0 : 1;
}

const seed = option('--seed');
if (!isMainThread) await work(workerData as [number, number], (told) => parentPort?.postMessage(told));
else process.exitCode = seed === undefined ? await main() : await again(Number(seed));
