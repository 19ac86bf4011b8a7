import { describe, expect, it } from 'vitest';
import { type ErrorCode, type ErrorDetail, KeyturnError } from '../../src/core/errors.ts';
import { emptyLedger, type Key } from '../../src/core/ledger.ts';
import { Secret } from '../../src/core/secret.ts';
import { twinOf } from '../../src/engine/looks.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import { drive } from '../../src/engine/rotate.ts';
import type { Run } from '../../src/engine/run.ts';
import { Values } from '../../src/engine/values.ts';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import type { Around } from './tap.ts';
import { DAY, HOUR, NAME } from './world.ts';

/** What a run does with a key that nobody else has yet, and what it makes of answers that leave a doubt. */

const BLANK = { state: 'pending', rotation: 'r1', attempt: 1, issuedAtFrom: 'unknown' } as const;

async function due(): Promise<Scene> {
  const scene = sceneOf();
  await scene.adopt(100);
  return scene;
}

const alive = (scene: Scene): number => scene.issuer.keys.filter((key) => key.diedAt === null).length;
const states = async (scene: Scene): Promise<readonly string[]> =>
  ((await scene.watch.ledger())?.keys ?? []).map((key) => key.state);

/** Comes between the first call of this name. */
function once(name: string, meet: (perform: () => Promise<unknown>) => Promise<unknown>): Around {
  let met = false;
  return (call, perform) => {
    if (met || call.op !== name) return perform();
    met = true;
    return meet(perform);
  };
}

describe('a key in hand', () => {
  it('is staged although the run was interrupted while it was made', async () => {
    const scene = await due();
    const stop = new AbortController();
    const around = once('issuer.create', async (perform) => {
      const made = await perform();
      stop.abort();
      return made;
    });
    const interrupted = outcomeIn(await scene.run({ around, patch: { signal: stop.signal } }));
    expect(interrupted.exitCode).toBe(130);
    expect(await states(scene)).toEqual(['current', 'pending']);
    const resumed = outcomeIn(await scene.run());
    expect(resumed).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    expect(alive(scene)).toBe(2);
  });

  it('is revoked by its value where it cannot be staged', async () => {
    const scene = await due();
    const around: Around = (call, perform) => {
      if (call.op !== 'store.stage') return perform();
      throw new KeyturnError('DENIED', 'no right to write', { hint: 'give it' });
    };
    expect(outcomeIn(await scene.run({ around })).exitCode).toBe(4);
    expect(alive(scene)).toBe(1);
    expect(await states(scene)).toEqual(['current', 'revoked']);
  });

  it('counts among the slots of the next one, which the same run may ask for hours later', async () => {
    const scene = sceneOf({ traits: { maxLive: 2 } });
    await scene.adopt(100);
    const slots = async () => ({ used: alive(scene), max: 2, keys: [] });
    const { issuer } = scene.policy({});
    const policy = scene.policy({ issuer: { ...issuer, can: { ...issuer.can, slots: true } } });
    const asked: string[] = [];
    const around: Around = async (call, perform) => {
      asked.push(call.op);
      if (call.op === 'store.stage')
        throw new KeyturnError('DENIED', 'no right to write', { hint: 'give it' });
      if (call.op !== 'issuer.verify') return perform();
      // The revocation of the key in hand waits for this answer, and the pause after a failure passes meanwhile.
      scene.clock.advance(2 * HOUR);
      return { verdict: 'unknown', message: 'no answer' };
    };
    const run = await scene.run({ around, patch: { issuer: { ...scene.issuer, slots }, policy } });
    expect(outcomeIn(run)).toMatchObject({ exitCode: 4, reason: expect.stringContaining('all 2 slots') });
    expect(asked.filter((op) => op === 'issuer.create')).toHaveLength(1);
    expect(alive(scene)).toBe(2);
  });

  it('is not made where the ledger of another credential cannot be read', async () => {
    const scene = await due();
    const siblings = async (): Promise<never> => {
      throw new KeyturnError('LEDGER', 'the ledger of another is damaged', { hint: 'restore it' });
    };
    expect(outcomeIn(await scene.run({ patch: { siblings } })).exitCode).toBe(4);
    expect(scene.issuer.keys).toHaveLength(1);
  });
});

describe('a store that fails between create and stage', () => {
  const denied = (): never => {
    throw new KeyturnError('DENIED', 'no right to read', { hint: 'give it' });
  };
  const limited = (): never => {
    throw new KeyturnError('RATE_LIMITED', 'too often', { hint: 'wait', retryAfterMs: 90_000 });
  };
  /** Makes a key that is too short for a fingerprint, so that the store is read before it is staged. */
  const short = (scene: Scene, then: () => void): Around =>
    once('issuer.create', async () => {
      const issuedAt = scene.clock.now();
      const key = { id: 'key-9', value: 'short-9', mark: null, issuedAt, diedAt: null, killedBy: null };
      scene.issuer.keys.push(key);
      then();
      return { secret: Secret.of(key.value), facts: {} };
    });
  /** Fails the next calls of this name from the making of the key on. */
  const failing = (scene: Scene, name: string, times: number, fail: () => unknown): Around => {
    let left = 0;
    const make = short(scene, () => {
      left = times;
    });
    return async (call, perform) => {
      if (call.op === name && left > 0) {
        left -= 1;
        return fail();
      }
      return make(call, perform);
    };
  };

  it('is read again, and the key is staged', async () => {
    const scene = await due();
    const around = failing(scene, 'store.read', 2, limited);
    expect(outcomeIn(await scene.run({ around }))).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    expect(alive(scene)).toBe(2);
  });

  it('is read again although the run was interrupted meanwhile', async () => {
    const scene = await due();
    const stop = new AbortController();
    const around = failing(scene, 'store.read', 1, () => {
      stop.abort();
      throw new KeyturnError('INTERRUPTED', 'interrupted', { hint: 'run again', unsent: true });
    });
    const interrupted = outcomeIn(await scene.run({ around, patch: { signal: stop.signal } }));
    expect(interrupted.exitCode).toBe(130);
    expect((await scene.watch.ledger())?.keys.at(-1)?.storeVersion).toBeDefined();
  });

  it('costs the key where it takes no value, and the key is revoked by that value', async () => {
    const scene = await due();
    const around = failing(scene, 'store.stage', 1_000, limited);
    expect(outcomeIn(await scene.run({ around })).exitCode).toBe(3);
    expect(alive(scene)).toBe(1);
    expect(await states(scene)).toEqual(['current', 'revoked']);
    expect((await scene.watch.ledger())?.rotation).toBeUndefined();
  });

  it('revokes nothing while it cannot be told whose key it is', async () => {
    const scene = await due();
    const around = failing(scene, 'store.read', 1_000, denied);
    expect(outcomeIn(await scene.run({ around })).exitCode).toBe(4);
    expect(alive(scene)).toBe(2);
    expect(await states(scene)).toEqual(['current', 'pending']);
  });

  it('takes the ledger in the end, which says what is known of the key', async () => {
    const scene = await due();
    const around = failing(scene, 'ledger.save', 3, denied);
    outcomeIn(await scene.run({ around }));
    expect(await states(scene)).not.toContain('intended');
  });
});

describe('a store that is out from the making of a key on', () => {
  const EVERYTHING = /^(store|ledger)\./;
  const SAVING = /^ledger\.save$/;
  interface Way {
    readonly code: ErrorCode;
    readonly detail: ErrorDetail;
  }
  const SEALED: Way = { code: 'UNAVAILABLE', detail: { hint: 'start it', unsent: true } };
  const AWAY: Way = { code: 'UNREACHABLE', detail: { hint: 'mend it' } };
  const LIMITED: Way = { code: 'RATE_LIMITED', detail: { hint: 'wait', retryAfterMs: 90_000 } };

  /** None of these calls gets an answer for so long. */
  const out = (scene: Scene, ops: RegExp, ms: number, how: Way = SEALED): Around => {
    let until = 0;
    return async (call, perform) => {
      if (ops.test(call.op) && scene.clock.now() < until)
        throw new KeyturnError(how.code, 'the store is out', how.detail);
      const answer = await perform();
      if (call.op === 'issuer.create' && until === 0) until = scene.clock.now() + ms;
      return answer;
    };
  };

  describe.each([
    ['all of it is sealed', EVERYTHING, SEALED],
    ['all of it is out of reach', EVERYTHING, AWAY],
    ['nothing can be saved', SAVING, SEALED],
    ['a save is lost', SAVING, AWAY],
  ] as const)('%s', (_, ops, how) => {
    it.each([500, 4_000, 25_000, 50_000])('is waited for %i ms, and the key is put in place', async (ms) => {
      const scene = await due();
      const ended = outcomeIn(await scene.run({ around: out(scene, ops, ms, how) }));
      expect(ended).toMatchObject({ outcome: 'overlap', exitCode: 0 });
      expect(scene.issuer.keys).toHaveLength(2);
      expect(await states(scene)).toEqual(['retiring', 'current']);
    });
  });

  it('is waited for in an emergency, too', async () => {
    const scene = await due();
    const order = { do: 'emergency', reason: 'leaked' } as const;
    const ended = outcomeIn(await scene.run({ order, around: out(scene, EVERYTHING, 50_000) }));
    expect(ended).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(scene.issuer.keys).toHaveLength(2);
  });

  it('is waited for as long as it asks', async () => {
    const scene = await due();
    const around = out(scene, EVERYTHING, 60_000, LIMITED);
    expect(outcomeIn(await scene.run({ around }))).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    expect(scene.issuer.keys).toHaveLength(2);
  });

  it('costs the key where it is back too late for a rotation, and the key is revoked by its value', async () => {
    const scene = await due();
    const ended = outcomeIn(await scene.run({ around: out(scene, EVERYTHING, 70_000) }));
    expect(ended).toMatchObject({ code: 'UNAVAILABLE', exitCode: 3 });
    expect(ended.error?.hint).toMatch(/^start it; the key that was made, \S+\.1, is revoked$/);
    expect(alive(scene)).toBe(1);
    expect(await states(scene)).toEqual(['current', 'revoked']);
  });

  it.each(['store.read', 'issuer.revoke'])('%s may fail once more when it is back', async (op) => {
    const scene = await due();
    const away = out(scene, EVERYTHING, 70_000);
    const again = once(op, async () => {
      throw new KeyturnError('UNAVAILABLE', 'not quite awake', { hint: 'wait' });
    });
    const around: Around = (call, perform) =>
      away(call, async () => (scene.issuer.keys.length > 1 ? again(call, perform) : perform()));
    outcomeIn(await scene.run({ around }));
    expect(alive(scene)).toBe(1);
  });

  it('is told with what became of the key where it does not come back', async () => {
    for (const ops of [EVERYTHING, SAVING]) {
      const scene = await due();
      const ended = outcomeIn(await scene.run({ around: out(scene, ops, DAY) }));
      expect(ended).toMatchObject({ outcome: 'failed', code: 'UNAVAILABLE', exitCode: 3 });
      const fate = /^start it; a key was made, \S+\.1, and its value is lost: keyturn status wa-test says/;
      expect(ended.hint).toMatch(fate);
      expect(ended.error?.hint).toMatch(fate);
      expect(await states(scene)).toEqual(['current', 'intended']);
      scene.clock.advance(HOUR);
      expect(outcomeIn(await scene.run()).problems).toMatchObject([{ code: 'PERSON' }]);
    }
  });
});

describe('an answer that leaves a doubt', () => {
  it('a promote that was lost and then refused is settled before its key may die', async () => {
    const scene = await due();
    let sends = 0;
    const around: Around = (call, perform) => {
      if (call.op !== 'store.promote') return perform();
      sends += 1;
      if (sends === 1) {
        scene.late.push(() => perform('late'));
        throw new KeyturnError('TIMEOUT', 'no answer', { hint: 'wait' });
      }
      throw new KeyturnError('DENIED', 'the right was taken away', { hint: 'give it back' });
    };
    await scene.run({ around });
    for (const land of scene.late) await land().catch(() => undefined);
    const current = await scene.store.read('wa-test', 'current', new AbortController().signal);
    const key = scene.issuer.keys.find((one) => one.value === current?.text.open());
    expect(key?.diedAt).toBeNull();
  });

  it('an issuer that takes longer than the fence to answer is asked a few times, and the key dies', async () => {
    const scene = await due();
    await scene.run();
    scene.clock.advance(DAY + HOUR);
    let asked = 0;
    const around: Around = async (call, perform) => {
      if (call.op !== 'issuer.verify') return perform();
      asked += 1;
      const answer = await perform();
      scene.clock.advance(6_000);
      return answer;
    };
    expect(outcomeIn(await scene.run({ around }))).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(asked).toBeLessThan(10);
    expect(alive(scene)).toBe(1);
  });

  it('an emergency to which the same key is given takes no overlap from anybody', async () => {
    const scene = await due();
    const around = once('issuer.create', async () => {
      const { Secret } = await import('../../src/core/secret.ts');
      return { secret: Secret.of(scene.issuer.keys[0]?.value ?? ''), facts: {} };
    });
    const refused = await scene.run({ order: { do: 'emergency', reason: 'leaked' }, around });
    expect(outcomeIn(refused).exitCode).toBe(4);
    expect(((await scene.watch.ledger())?.keys ?? []).map((key) => key.endNow)).toEqual([undefined]);
  });
});

it('rotate is for a person to say, as often as they say it', async () => {
  const scene = sceneOf({ policy: { overlap: 0 } });
  await scene.adopt(1);
  for (let time = 0; time < 5; time += 1) {
    const outcome = outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'again' } }));
    expect(outcome).toMatchObject({ outcome: 'done', exitCode: 0 });
    scene.clock.advance(HOUR);
  }
  expect(alive(scene)).toBe(1);
});

it('a short key is known by what is staged under the mark of a row that never heard of it', async () => {
  const scene = await due();
  const never = new AbortController().signal;
  const key = Secret.of('short');
  await scene.store.stage({ location: NAME, mark: 'r1.1', text: key }, never);
  const row: Key = { ...BLANK, id: 'r1.1', stagedAs: 'r1.1' };
  const ledger = { ...emptyLedger(NAME), keys: [row] };
  let twin: string | null = null;
  const work = async (run: Run): Promise<Outcome> => {
    const values = new Values(run);
    values.hold('r2.1', key);
    twin = await twinOf(run, values, ledger, 'r2.1');
    return drive(run, { do: 'resume' });
  };
  outcomeIn(await scene.run({ work }));
  expect(twin).toBe('r1.1');
});

it('of two rows with one short key the one that was sent to current is meant', async () => {
  const scene = await due();
  const never = new AbortController().signal;
  const key = Secret.of('short');
  const [first, second] = await Promise.all(
    ['r1.1', 'r1.2'].map(async (mark) => {
      const { version } = await scene.store.stage({ location: NAME, mark, text: key }, never);
      const row: Key = { ...BLANK, id: mark, storeVersion: version };
      return row;
    }),
  );
  const rows = [first, { ...second, promoteEntered: '2026-11-22T12:00:00.000Z' }] as Key[];
  const value = { version: 'another', text: key, key };
  let meant: string | null = null;
  const work = async (run: Run): Promise<Outcome> => {
    meant = await new Values(run).match(rows, value, undefined, never);
    return drive(run, { do: 'resume' });
  };
  outcomeIn(await scene.run({ work }));
  expect(meant).toBe('r1.2');
});
