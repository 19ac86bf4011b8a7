import { type Origin, openFrom } from './bench.ts';
import { type Case, commandOf, OVERLAP_S } from './cases.ts';
import { startClient } from './client.ts';
import type { Effect } from './effects.ts';
import { judge } from './judge.ts';
import type { Ordeal } from './ordeals.ts';

/** Where a process is struck, and by what. */
export interface Point {
  readonly effect: Effect;
  readonly moment: 'before' | 'half' | 'after';
}

export interface Verdict {
  readonly point: Point;
  /** False: the process ended by itself before it came there. */
  readonly struck: boolean;
  readonly sent: number;
  /** How many processes it took to settle everything, that of the command not counted. */
  readonly processes: number;
  /** Rows that say that a key may exist that nobody holds. */
  readonly possible: number;
  readonly faults: readonly string[];
}

/** Every effect of a command that nothing disturbs, on the store, the trail and the issuer. */
export async function effectsOf(one: Case, origin: Origin): Promise<readonly Effect[]> {
  const bench = await openFrom(origin, { ownDisk: false });
  try {
    const { code, signal, stderr, effects } = await bench.keyturn(commandOf(one, bench));
    if (code !== 0) throw new Error(`${one.name} ended with ${code ?? signal}\n${stderr}`);
    // At its end the program may keep its compiled code, in a folder of its own; the next one finds it there.
    return effects.filter((effect) => isRequest(effect) || effect.at.startsWith(bench.folder));
  } finally {
    await bench.close();
  }
}

/**
 * Before, in the middle of, and after each. Between one change of a file and the next there is one instant, which is
 * taken once: after the first. Requests may be under way at the same time, so each has both.
 */
export function pointsOf(effects: readonly Effect[]): readonly Point[] {
  return effects.flatMap((effect, index) => {
    const former = effects[index - 1];
    const once = former !== undefined && !isRequest(effect) && !isRequest(former);
    return (['before', 'half', 'after'] as const)
      .filter((moment) => (moment === 'before' ? !once : moment !== 'half' || effect.tears))
      .map((moment) => ({ effect, moment }));
  });
}

/** The instants before the effects, and those alone. */
export function beforeEach(effects: readonly Effect[]): readonly Point[] {
  return effects.map((effect) => ({ effect, moment: 'before' }));
}

export function isRequest({ what }: Effect): boolean {
  return /^[A-Z]+$/.test(what);
}

export function nameOf({ effect, moment }: Point): string {
  return `${moment} ${effect.n}: ${effect.what} ${effect.at.replace(/.*\/keyturn-kill-[^/]*\//, '')}`;
}

/** Strikes the command at one point, and sees what becomes of it while a client sends all the time. */
export async function tryOut(one: Case, origin: Origin, point: Point, ordeal: Ordeal): Promise<Verdict> {
  const bench = await openFrom(origin, ordeal);
  try {
    const client = startClient(bench, one.promised, OVERLAP_S * 1000);
    const { end, ended, status, faults } = await ordeal
      .go(one, bench, `${point.effect.n}:${point.moment}`)
      .finally(() => client.rest());
    const count = await client.stop();
    return {
      point,
      struck: end.struck !== null,
      sent: count.sent,
      processes: ended.length,
      possible: status.keys.filter(({ state }) => state === 'possible').length,
      faults: [...faults, ...(await judge(bench, { status, client: count, ended }))],
    };
  } finally {
    await bench.close();
  }
}
