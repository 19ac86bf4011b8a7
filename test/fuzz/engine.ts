import fc from 'fast-check';
import { watch } from './watch.ts';

/** One door through which data from outside comes in, and what must hold for everything that does. */
export interface Target {
  readonly name: string;
  /** How many inputs the gate tries. */
  readonly few: number;
  /** Its part of the long run, in proportion to the parts of the others. */
  readonly share: number;
  /** Tries `count` inputs. `path` leads to one of them. */
  run(seed: number, count: number, path?: string): Promise<Failure | null>;
}

export interface Failure {
  readonly target: string;
  readonly seed: number;
  /** Which of the seed's inputs it was. */
  readonly path: string;
  readonly input: string;
  readonly why: string;
}

interface Definition<Input> extends Omit<Target, 'run'> {
  readonly input: fc.Arbitrary<Input>;
  /** Throws where something that was promised does not hold. */
  readonly check: (input: Input) => void | Promise<void>;
  /** An input that takes longer three times in a row is a failure. */
  readonly deadlineMs?: number;
  /** Makes what `check` needs, before the first input; what it returns unmakes it. */
  readonly prepare?: () => Promise<() => Promise<void>>;
}

const DEADLINE_MS = 2_000;
/** Shrinking ends then with the smallest input so far. */
const SHRINK_MS = 20_000;
const SHOWN = 4_000;

export function target<Input>(of: Definition<Input>): Target {
  const run: Target['run'] = async (seed, count, path) => {
    let failedAt: number | null = null;
    let tried = 0;
    const property = fc.asyncProperty(of.input, async (input) => {
      if (failedAt !== null && performance.now() - failedAt > SHRINK_MS) return;
      watch.begins(of.name, seed, path ?? String(tried));
      if (failedAt === null) tried += 1;
      try {
        await inTime(of, input);
      } catch (caught) {
        failedAt ??= performance.now();
        throw caught;
      } finally {
        watch.ends();
      }
    });
    const end = await of.prepare?.();
    try {
      const found = await fc.check(property, {
        seed,
        numRuns: path === undefined ? count : 1,
        ...(path === undefined ? {} : { path }),
      });
      if (!found.failed) return null;
      return {
        target: of.name,
        seed,
        // The way on, to the smallest input, is found again.
        path: found.counterexamplePath?.split(':')[0] ?? '',
        input: fc.stringify(found.counterexample?.[0]).slice(0, SHOWN),
        why:
          found.errorInstance instanceof Error
            ? (found.errorInstance.stack ?? '')
            : String(found.errorInstance),
      };
    } finally {
      await end?.();
    }
  };
  const { name, few, share } = of;
  return { name, few, share, run };
}

/** Three times in a row: the first one may also pay for what every input after it finds done. */
async function inTime<Input>(of: Definition<Input>, input: Input): Promise<void> {
  const deadline = of.deadlineMs ?? DEADLINE_MS;
  let took = 0;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const clock = startClock();
    await of.check(input);
    took = clock();
    if (took <= deadline) return;
  }
  throw new Error(`it took ${Math.round(took)} ms, three times; the deadline is ${deadline} ms`);
}

/**
 * Milliseconds in which this process computed, or waited with nothing to do. Those in which a busy machine let others
 * run are not counted: they say nothing of the input.
 */
function startClock(): () => number {
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / 1000 + performance.eventLoopUtilization(loop).idle;
  };
}

/** The one command that shows a failure again. */
export function replayCommand({ target, seed, path }: Pick<Failure, 'target' | 'seed' | 'path'>): string {
  return `node test/fuzz/run.mjs ${target} ${seed} ${path}`;
}

export function told(failure: Failure): string {
  return [
    `${failure.target}: seed ${failure.seed}, path ${failure.path}`,
    `  input: ${failure.input}`,
    `  ${failure.why.trim().split('\n').slice(0, 12).join('\n  ')}`,
    `  replay: ${replayCommand(failure)}`,
  ].join('\n');
}
