import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Reach } from './reach.ts';
import { describeFailure, simulateAll, simulateOne } from './run.ts';
import { scheduleOf } from './schedule.ts';
import type { Simulation } from './simulate.ts';

/** `--schedules N --cores N --base SEED`, or `--seed SEED [--without PARTS]` to see one schedule again. */
const options = new Map<string, string>();
for (let at = 2; at < process.argv.length; at += 2) {
  options.set((process.argv[at] ?? '').replace(/^--/, ''), process.argv[at + 1] ?? '');
}

interface Share {
  readonly base: number;
  readonly schedules: number;
}

interface Report {
  readonly failures: readonly string[];
  readonly cells: readonly (readonly [string, number])[];
}

/** How many failures are described in full. */
const DESCRIBED = 3;

async function work({ base, schedules }: Share): Promise<Report> {
  const reach = new Reach();
  const failed: Simulation[] = [];
  function* seeds(): Generator<number> {
    for (let index = 0; index < schedules; index += 1) yield (base + index) % 0xffffffff;
  }
  await simulateAll(seeds(), (simulation) => {
    reach.add(simulation.reached);
    if (simulation.violation !== null) failed.push(simulation);
    return true;
  });
  const failures: string[] = [];
  for (const one of failed) {
    const short = `seed ${one.schedule.seed}: ${one.violation?.invariant}: ${one.violation?.message}`;
    failures.push(failures.length < DESCRIBED ? await describeFailure(one) : short);
  }
  return { failures, cells: [...reach.cells] };
}

async function main(): Promise<number> {
  const seed = options.get('seed');
  if (seed !== undefined) {
    const without = new Set((options.get('without') ?? '').split(',').filter((part) => part !== ''));
    const { lines, violation } = await simulateOne(scheduleOf(Number(seed), without), true);
    console.log([...(lines ?? []), violation === null ? 'every promise was kept' : ''].join('\n'));
    return violation === null ? 0 : 1;
  }
  const schedules = Number(options.get('schedules') ?? 1_000_000);
  const cores = Number(options.get('cores') ?? availableParallelism());
  const base = Number(options.get('base') ?? Math.floor(Date.now() / 1000) * 1_000) % 0xffffffff;
  console.log(`${schedules} schedules on ${cores} cores from seed ${base}`);
  const started = Date.now();
  const each = Math.ceil(schedules / cores);
  const shares = Array.from({ length: cores }, (_, core) => ({ base: base + core * each, schedules: each }));
  const reports = await Promise.all(shares.map(elsewhere));
  const reach = new Reach();
  for (const { cells } of reports) for (const [cell, count] of cells) reach.count(cell, count);
  const failures = reports.flatMap((report) => report.failures);
  const seconds = (Date.now() - started) / 1000;
  const missing = reach.missing();
  console.log(reach.table());
  if (missing.length > 0) console.log(`never reached: ${missing.join('; ')}`);
  console.log(failures.join('\n\n'));
  console.log(`${each * cores} schedules in ${seconds.toFixed(0)} s, ${failures.length} violations`);
  return failures.length === 0 && missing.length === 0 ? 0 : 1;
}

function elsewhere(share: Share): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: share,
      // Schedules are short-lived garbage: room for it saves a tenth of the time.
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (isMainThread) process.exitCode = await main();
else parentPort?.postMessage(await work(workerData as Share));
