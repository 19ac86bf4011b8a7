import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { exitCodeOf } from '../arguments.ts';
import type { Bug } from './bug.ts';
import { BUGS } from './bugs.ts';
import { choose } from './choice.ts';
import type { Catch, Hunt } from './hunt.ts';
import { bundleHunt } from './patch.ts';
import type { Recorded } from './recorded.ts';
import { verify } from './verify.ts';

/** The first of the seeds, the same every time. */
const BASE = 50_000;

const root = process.cwd();
const work = join(root, 'node_modules', '.keyturn', 'planted');

interface Found {
  readonly bug: Bug;
  readonly caught: Catch | null;
  /** Why the hunt ended by itself. */
  readonly defect: string | null;
}

async function main(args: readonly string[]): Promise<number> {
  const { bugs, most, ...wanted } = choose(args);
  await mkdir(work, { recursive: true });
  if (wanted.verify) {
    const tests = await verify(root, bugs);
    if (tests === null) return 1;
    await record(bugs, (bug, before) => ({ ...before, tests: tests.get(bug.name) ?? 0 }));
    return 0;
  }
  const started = Date.now();
  const found = await huntAll(bugs, most);
  const missed = found.filter(({ caught }) => caught === null);
  const seconds = (Date.now() - started) / 1000;
  if (wanted.record) {
    const counts = new Map(found.map(({ bug, caught }) => [bug.name, caught]));
    await record(bugs, ({ name }, before) => {
      const { schedules = 0, ran = 0 } = counts.get(name) ?? {};
      return { ...before, schedules, ran };
    });
  }
  console.log(
    `\n${bugs.length} bugs, up to ${most} schedules each from seed ${BASE}, ${seconds.toFixed(0)} s`,
  );
  console.log(`${found.length - missed.length} passed, ${missed.length} failed`);
  return missed.length === 0 ? 0 : 1;
}

async function huntAll(bugs: readonly Bug[], most: number): Promise<readonly Found[]> {
  const sound = join(work, 'sound.mjs');
  await bundleHunt(root, null, sound);
  const found: Found[] = [];
  const queue = bugs.entries();
  const lane = async (): Promise<void> => {
    for (const [index, bug] of queue) {
      const faulty = join(work, `bug-${index + 1}.mjs`);
      const result = await bundleHunt(root, bug, faulty).then(
        () => findOne(faulty, sound, bug, most),
        (error: Error) => ({ caught: null, defect: error.message }),
      );
      found.push({ bug, ...result });
      console.log(lineOf({ bug, ...result }));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  return found;
}

/** A schedule that breaks a promise in the code as it is says nothing of the bug. */
async function findOne(faulty: string, sound: string, bug: Bug, most: number): Promise<Omit<Found, 'bug'>> {
  const { breaks, among = [] } = bug;
  const without: number[] = [];
  while (true) {
    const result = await asked(faulty, { breaks, among, base: BASE, most, without });
    if (result.caught === null) return result;
    const { seed } = result.caught;
    const alone = await asked(sound, { breaks: null, among: [], base: seed, most: 1, without: [] });
    if (alone.defect !== null) return { caught: null, defect: alone.defect };
    if (alone.caught === null) return result;
    without.push(seed);
  }
}

/** A worker of its own for each bug: what a faulty program does to its process does nothing to the others. */
function asked(bundle: string, hunt: Hunt): Promise<Omit<Found, 'bug'>> {
  return new Promise((resolve) => {
    const thread = new Worker(bundle, { workerData: hunt });
    thread.once('message', (caught: Catch | null) => resolve({ caught, defect: null }));
    thread.once('error', (error: Error) =>
      resolve({ caught: null, defect: `it ends with ${error.message}` }),
    );
    thread.once('exit', () => resolve({ caught: null, defect: 'it ends without a result' }));
  });
}

function lineOf({ bug, caught, defect }: Found): string {
  const { rule, breaks, name } = bug;
  const head = `rule ${`${rule}`.padStart(2)}  ${breaks.padEnd(3)}`;
  if (caught === null) {
    return `${head}  ${'NOT FOUND'.padStart(13)}  ${name}${defect === null ? '' : `: ${defect}`}`;
  }
  const { schedules, ran } = caught;
  return `${head}  ${`${schedules} (${ran})`.padStart(13)}  ${name}`;
}

/** Writes the file that the table in docs is made from. */
async function record(bugs: readonly Bug[], change: (bug: Bug, before: Recorded) => Recorded): Promise<void> {
  const path = join(root, 'test/planted/recorded.json');
  const recorded = JSON.parse(await readFile(path, 'utf8')) as Record<string, Recorded>;
  const next = BUGS.map((bug): [string, Recorded] => {
    const before = recorded[bug.name] ?? { schedules: 0, ran: 0, tests: 0 };
    return [bug.name, bugs.includes(bug) ? change(bug, before) : before];
  });
  await writeFile(path, `${JSON.stringify(Object.fromEntries(next), null, 2)}\n`);
}

process.exitCode = await exitCodeOf(() => main(process.argv.slice(2)), console.log);
