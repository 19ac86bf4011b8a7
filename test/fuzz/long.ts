import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { execPath, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import { exitCodeOf, noSuch, UsageError, wholeNumber } from '../arguments.ts';
import { hash } from '../simulation/random.ts';
import { type Failure, type Target, told } from './engine.ts';
import { TARGETS } from './targets.ts';

const INPUTS = 1_000_000;
const BATCH = 1_000;
/** A target that failed so often has said what it has to say. */
const ENOUGH = 3;

interface Result {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  readonly failures: readonly Failure[];
}

/** Gives the exit code: 0 where nothing failed. `command` starts this file again. */
export function main(
  args: readonly string[],
  command: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  return exitCodeOf(() => choose(args, command), print);
}

function choose(args: readonly string[], command: readonly string[]): Promise<number> {
  const [first = String(INPUTS), second, third] = args;
  if (first === 'worker')
    return work(
      wholeNumber('a seed', second ?? '', -(2 ** 31)),
      wholeNumber('the number of inputs', third ?? ''),
    );
  const one = TARGETS.find(({ name }) => name === first);
  if (one === undefined && /^[a-z]/i.test(first)) throw noSuch('target', TARGETS, first);
  const left = args.slice(one === undefined ? 1 : 3).join(' ');
  if (left !== '') throw new UsageError(`'${left}' is too much: a run has [INPUTS], or TARGET [SEED [PATH]]`);
  if (one !== undefined) return again(one, second, third);
  return all(wholeNumber('the number of inputs', first), command);
}

async function again(target: Target, seed: string | undefined, path: string | undefined): Promise<number> {
  const from = seed === undefined ? fresh() : wholeNumber('a seed', seed, -(2 ** 31));
  if (path !== undefined) wholeNumber('a path', path, 0);
  const failure = await target.run(from, BATCH, path);
  stdout.write(failure === null ? `${target.name}: nothing failed, seed ${from}\n` : `${told(failure)}\n`);
  return failure === null ? 0 : 1;
}

async function all(inputs: number, command: readonly string[]): Promise<number> {
  const workers = Math.max(2, Math.min(cpus().length, 8));
  const from = performance.now();
  const shares = Array.from({ length: workers }, () => Math.ceil(inputs / workers));
  const results = (await Promise.all(shares.map((share) => worker(command, share)))).flat();
  const rows = TARGETS.map(({ name }) => {
    const own = results.filter(({ target }) => target === name);
    const sum = (of: (result: Result) => number) => own.reduce((total, result) => total + of(result), 0);
    const seconds = sum((result) => result.seconds);
    return [name, sum((result) => result.inputs), sum(({ failures }) => failures.length), seconds] as const;
  });
  const done = rows.reduce((total, [, count]) => total + count, 0);
  const failures = results.flatMap((result) => result.failures);
  for (const failure of failures) stdout.write(`${told(failure)}\n\n`);
  stdout.write('| target | inputs | failures | seconds |\n|---|---|---|---|\n');
  for (const [name, count, failed, seconds] of rows) {
    stdout.write(`| ${name} | ${count} | ${failed} | ${seconds.toFixed(1)} |\n`);
  }
  const took = (performance.now() - from) / 1000;
  stdout.write(`| all, on ${workers} cores | ${done} | ${failures.length} | ${took.toFixed(1)} |\n`);
  return failures.length === 0 && done >= inputs ? 0 : 1;
}

/** One process with a part of every target. One that ends early leaves inputs untried, which the table shows. */
function worker(command: readonly string[], inputs: number): Promise<readonly Result[]> {
  const child = spawn(execPath, [...command, 'worker', String(fresh()), String(inputs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const results: Result[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => results.push(JSON.parse(line)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(results));
  });
}

async function work(seed: number, inputs: number): Promise<number> {
  const shares = TARGETS.reduce((sum, { share }) => sum + share, 0);
  for (const [index, target] of TARGETS.entries()) {
    const wanted = Math.ceil((inputs * target.share) / shares);
    const from = performance.now();
    const failures: Failure[] = [];
    let done = 0;
    for (let batch = 0; done < wanted && failures.length < ENOUGH; batch += 1) {
      const count = Math.min(BATCH, wanted - done);
      const failure = await target.run(hash(seed, index, batch) | 0, count);
      if (failure !== null) failures.push(failure);
      done += count;
    }
    const seconds = (performance.now() - from) / 1000;
    const result: Result = { target: target.name, inputs: done, seconds, failures };
    stdout.write(`${JSON.stringify(result)}\n`);
  }
  return 0;
}

function fresh(): number {
  return randomBytes(4).readInt32LE();
}
