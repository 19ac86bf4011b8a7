import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inSlots } from '../../src/stores/vault/slots.ts';
import type { Origin } from './bench.ts';
import { CASES, type Case, prepare } from './cases.ts';
import { canMount } from './disk.ts';
import { main } from './long.ts';
import { ask, kill, type Ordeal, sleep, spoil } from './ordeals.ts';
import { beforeEach, effectsOf, isRequest, nameOf, type Point, pointsOf, tryOut } from './trial.ts';

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

const turn = inSlots(AT_ONCE);
/** A run on a busy machine has a few effects more, since what waited too long is saved again; the next has not. */
const reached = { trials: 0, struck: 0 };
const origins = new Map<string, Promise<Origin>>();

afterAll(async () => {
  const all = await Promise.allSettled(origins.values());
  await Promise.all(all.map((one) => (one.status === 'fulfilled' ? one.value.close() : null)));
});

/** Several cases begin in the same state. */
function prepared(one: Case): Promise<Origin> {
  const { provider, maxAge } = one.setting;
  const name = [provider.name, maxAge, ...one.before].join();
  const origin = origins.get(name) ?? turn(() => prepare(one));
  origins.set(name, origin);
  return origin;
}

describe(`the program, struck at effects that the seed ${SEED} draws`, { timeout: 120_000 }, () => {
  const results = new Map<Case, Promise<readonly string[]>>();
  beforeAll(() => {
    for (const [index, one] of CASES.entries()) {
      const other = index % 2 === 1 ? OTHERS[(index - 1) / 2] : undefined;
      const found = strike(one, other === undefined ? [] : [other]);
      found.catch(() => undefined);
      results.set(one, found);
    }
  });

  it.each(CASES)('$name', async (one) => {
    expect(await results.get(one)).toEqual([]);
  });

  it('was struck, most of the times', () => {
    expect(reached.struck / reached.trials).toBeGreaterThan(0.7);
  });
});

describe.skipIf(!(await canMount()))(
  `the program on a disk of its own, seed ${SEED}`,
  { timeout: 120_000 },
  () => {
    const rotate = CASES.find(({ name }) => name === 'rotate') as Case;

    it.each([['full'], ['read-only']] as const)('that is %s from some effect on', async (how) => {
      const origin = await prepared(rotate);
      const effects = await effectsOf(rotate, origin);
      // A file that is open for writing keeps a disk from being made read-only.
      const points = beforeEach(effects.filter((effect) => how === 'full' || isRequest(effect)));
      expect(await suffer(rotate, origin, draw(points, `${SEED} ${how}`), spoil(how))).toEqual([]);
    });
  },
);

describe('the long run', () => {
  it.each([
    [['--command', 'xyz'], "there is no command 'xyz'; there are adopt; rotate; run, a key is due;"],
    [['--ordeal', 'xyz'], "there is no ordeal 'xyz'; there are SIGKILL;"],
    [['--point', 'xyz'], "no point begins with 'xyz'; there are before N, half N and after N"],
    [['--workers', '0'], "--workers is a whole number from 1 on, not '0'"],
    [['--workers', 'x'], "--workers is a whole number from 1 on, not 'x'"],
    [['xyz'], "Unexpected argument 'xyz'; there are --command, --ordeal, --point, --workers"],
  ])('refuses %j', async (args, says) => {
    const lines: string[] = [];
    expect(await main(args, (line) => lines.push(line))).toBe(2);
    expect(lines).toEqual([expect.stringContaining(says)]);
  });
});

/** Every fault of one case, with the point at which it shows. */
async function strike(one: Case, others: readonly Ordeal[]): Promise<readonly string[]> {
  const origin = await prepared(one);
  const points = pointsOf(await turn(() => effectsOf(one, origin)));
  const kills = Array.from({ length: KILLS }, (_, part) => {
    const bound = (at: number) => Math.floor((at * points.length) / KILLS);
    const drawn = draw(points.slice(bound(part), bound(part + 1)), `${SEED} ${one.name} ${part}`);
    return turn(() => suffer(one, origin, drawn, kill));
  });
  // The half of a write is what a kill leaves: who goes on afterwards has written it at once.
  const whole = points.filter(({ moment }) => moment !== 'half');
  const rest = others.map((ordeal) => {
    const drawn = draw(whole, `${SEED} ${one.name} ${ordeal.name}`);
    return turn(() => suffer(one, origin, drawn, ordeal));
  });
  return (await Promise.all([...kills, ...rest])).flat();
}

async function suffer(one: Case, origin: Origin, point: Point, ordeal: Ordeal): Promise<readonly string[]> {
  const { struck, faults } = await tryOut(one, origin, point, ordeal);
  reached.trials += 1;
  if (struck) reached.struck += 1;
  return faults.map((fault) => `${ordeal.name} ${nameOf(point)}: ${fault}`);
}

function draw(points: readonly Point[], text: string): Point {
  const chance = createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
  const point = points[Math.floor(chance * points.length)];
  if (point === undefined) throw new Error('there are no effects');
  return point;
}

function commit(): string {
  const { stdout } = spawnSync('git', ['rev-parse', '--short=8', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  return /^[0-9a-f]{8}/.exec(stdout ?? '')?.[0] ?? '1';
}
