import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Origin } from './bench.ts';
import { CASES, type Case, prepare } from './cases.ts';
import { ask, kill, type Ordeal, sleep } from './ordeals.ts';
import { effectsOf, nameOf, pointsOf, tryOut } from './trial.ts';

/*
 * The real program as a process, struck at some of its effects; `npm run kills:long` strikes it at every one. Which
 * ones is drawn from the commit, one out of each even part: `KEYTURN_SEED` draws those of another again.
 */
const ROOT = join(import.meta.dirname, '../..');
const SEED = process.env.KEYTURN_SEED ?? commit();
/** Each case: so many kills. Every second one suffers one of the others, too. */
const KILLS = 2;
const OTHERS: readonly (Ordeal | undefined)[] = [ask('SIGTERM'), sleep('take'), ask('SIGHUP'), sleep('take')];
const AT_ONCE = 5;

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(ROOT, 'bin/dev/ensure.mjs')], { cwd: ROOT });
}, 120_000);

describe(`the program, struck at effects that the seed ${SEED} draws`, { timeout: 120_000 }, () => {
  const origins = new Map<string, Promise<Origin>>();
  const results = new Map<Case, Promise<readonly string[]>>();
  beforeAll(() => {
    const turn = turns(AT_ONCE);
    const prepared = (one: Case): Promise<Origin> => {
      const { provider, maxAge } = one.setting;
      const name = [provider.name, maxAge, ...one.before].join();
      const origin = origins.get(name) ?? turn(() => prepare(one));
      origins.set(name, origin);
      return origin;
    };
    for (const [index, one] of CASES.entries()) {
      const other = index % 2 === 1 ? OTHERS[(index - 1) / 2] : undefined;
      const found = prepared(one).then((origin) => strike(one, origin, other, turn));
      found.catch(() => undefined);
      results.set(one, found);
    }
  });
  afterAll(async () => {
    await Promise.allSettled(results.values());
    await Promise.all([...origins.values()].map(async (origin) => (await origin).close()));
  });

  it.each(CASES)('$name', async (one) => {
    expect(await results.get(one)).toEqual([]);
  });
});

/** Every fault of one case, with the point at which it shows. */
async function strike(
  one: Case,
  origin: Origin,
  other: Ordeal | undefined,
  turn: Turn,
): Promise<readonly string[]> {
  const points = pointsOf(await turn(() => effectsOf(one, origin)));
  const chosen = [...Array.from({ length: KILLS }, () => kill), ...(other === undefined ? [] : [other])];
  const faults = await Promise.all(
    chosen.map(async (ordeal, index) => {
      // The other has the whole range to itself.
      const [part, parts] = ordeal === other ? [0, 1] : [index, KILLS];
      const drawn = (part + fraction(`${SEED} ${one.name} ${index}`)) / parts;
      const point = points[Math.floor(drawn * points.length)];
      if (point === undefined) throw new Error(`${one.name} has no effects`);
      const verdict = await turn(() => tryOut(one, origin, point, ordeal));
      const reached = verdict.struck ? [] : ['it was never reached'];
      return [...reached, ...verdict.faults].map((fault) => `${ordeal.name} ${nameOf(point)}: ${fault}`);
    }),
  );
  return faults.flat();
}

type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets so many at once do their work, and the others wait. */
function turns(most: number): Turn {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** From 0 up to 1. */
function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}

function commit(): string {
  const { stdout } = spawnSync('git', ['rev-parse', '--short=8', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  return /^[0-9a-f]{8}/.exec(stdout ?? '')?.[0] ?? '1';
}
