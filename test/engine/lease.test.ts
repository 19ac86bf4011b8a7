import { describe, expect, it } from 'vitest';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import { type Around, faulty } from './tap.ts';
import { DAY } from './world.ts';

async function adopted(options: Parameters<typeof sceneOf>[0] = {}): Promise<Scene> {
  const scene = sceneOf(options);
  outcomeIn(await scene.adopt(100));
  return scene;
}

/** A process that dies with the lease in its hand. */
async function gone(scene: Scene, op = 'issuer.create'): Promise<void> {
  const process = scene.clock.process();
  const crash = { crash: () => process.kill(), later: () => undefined };
  const around: Around = (call, perform) =>
    call.op === op ? faulty('crash-before', crash, perform) : perform();
  expect(await scene.run({ process, around, runner: { process: 'boot-1/42/7' } })).toBe('crashed');
}

describe('the lease', () => {
  it('keeps a second run out, says who holds it and until when, and ends by itself', async () => {
    const scene = await adopted();
    await gone(scene);
    const before = await scene.watch.ledger();
    const outcome = outcomeIn(await scene.run());
    expect(outcome).toMatchObject({ outcome: 'leased', exitCode: 5 });
    expect(outcome.reason).toContain(before?.lease?.owner ?? 'nobody');
    expect(outcome.reason).toContain(before?.lease?.until ?? 'never');
    expect(await scene.watch.ledger()).toEqual(before);
    expect(Date.parse(before?.lease?.until ?? '') - scene.clock.now()).toBeLessThanOrEqual(60_000);
    scene.clock.advance(60_001);
    expect(outcomeIn(await scene.run()).exitCode).not.toBe(5);
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('is lost at once by an owner that is provably gone, on this machine only', async () => {
    const scene = await adopted();
    await gone(scene);
    const isGone = (host: string, process: string): boolean => host === 'host-a' && process === 'boot-1/42/7';
    const elsewhere = { host: 'host-b', isGone: () => false };
    expect(outcomeIn(await scene.run({ runner: elsewhere })).exitCode).toBe(5);
    expect(outcomeIn(await scene.run({ runner: { isGone } })).exitCode).not.toBe(5);
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('is taken with --take-lease, and by an emergency', async () => {
    for (const order of [undefined, { do: 'emergency', reason: 'leaked' } as const]) {
      const scene = await adopted();
      scene.watch.allowed.earlyDeath = order !== undefined;
      await gone(scene);
      const task = order === undefined ? { patch: { takeLease: true } } : { order };
      expect(outcomeIn(await scene.run(task)).exitCode).not.toBe(5);
      await scene.untilRest();
      expect(scene.watch.violations).toEqual([]);
    }
  });

  it('is not held in the overlap, nor while a person is waited for', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    expect((await scene.watch.ledger())?.rotation?.phase).toBe('overlap');
    expect((await scene.watch.ledger())?.lease).toBeUndefined();
    const manual = await adopted({ traits: { secretFrom: 'operator', revokesBy: 'operator' } });
    expect(outcomeIn(await manual.run())).toMatchObject({ outcome: 'waiting', exitCode: 4 });
    expect((await manual.watch.ledger())?.rotation?.waiting).toBeDefined();
    expect((await manual.watch.ledger())?.lease).toBeUndefined();
  });

  it('is not wiped by a run that only has something to record', async () => {
    const scene = await adopted();
    await gone(scene, 'store.stage');
    await scene.overwrite(scene.issuer.make().value);
    const before = await scene.watch.ledger();
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'leased', exitCode: 5 });
    expect(await scene.watch.ledger()).toEqual(before);
  });
});

describe('a sleeper', () => {
  const nights = {
    'monotonic stands still, wall goes on': { suspend: 10 * 60_000, jump: 0 },
    'wall jumps forward': { suspend: 0, jump: 10 * 60_000 },
    'wall jumps back': { suspend: 0, jump: -10 * 60_000 },
    'asleep, and wall jumps back as far': { suspend: 10 * 60_000, jump: -10 * 60_000 + 30_000 },
  };
  for (const op of ['issuer.create', 'store.stage', 'store.promote', 'issuer.revoke']) {
    it.each(Object.entries(nights))(`saves again before ${op}: %s`, async (_, night) => {
      const scene = await adopted();
      if (op === 'issuer.revoke') {
        outcomeIn(await scene.run());
        scene.clock.advance(DAY + 1);
      }
      const process = scene.clock.process();
      let slept = false;
      let saved = 0;
      let savedAgain = false;
      const around: Around = async (call, perform) => {
        if (call.op === op && !savedAgain) throw new Error(`${op} was sent on a stale save`);
        const result = await perform();
        if (call.op !== 'ledger.save') return result;
        if (slept) savedAgain = true;
        saved += 1;
        const events = (await scene.watch.ledger())?.trail.entries.map((entry) => entry.event) ?? [];
        const kind = op.slice(op.indexOf('.') + 1);
        if (!slept && events.at(-1) === `${kind}-intended`) {
          slept = true;
          process.suspend(night.suspend);
          process.jump(night.jump);
        }
        return result;
      };
      outcomeIn(await scene.run({ process, around }));
      expect({ slept, saved: saved > 1 }).toEqual({ slept: true, saved: true });
      await scene.untilRest();
      expect(scene.watch.violations).toEqual([]);
    });
  }

  const MOMENTS = [
    ['after its last look', 'issuer', 'issuer.verify', 'after', 1],
    ['before it names its request', 'issuer', 'ledger.save', 'before', 1],
    ['after it named its request', 'issuer', 'ledger.save', 'after', 1],
    ['before it names a registration', 'client', 'ledger.save', 'before', 2],
    ['after it named a registration', 'client', 'ledger.save', 'after', 2],
  ] as const;
  it.each(MOMENTS)('ends no key that somebody put in place meanwhile: %s', async (...moment) => {
    const [, secretFrom, op, when, nth] = moment;
    const scene = await adopted({
      traits: { maxLive: 1, revokesBy: 'replacement', secretFrom },
      policy: { acceptGap: true },
    });
    const process = scene.clock.process();
    let theirs: string | null = null;
    const night = async (): Promise<void> => {
      process.suspend(10 * 60_000);
      theirs = scene.issuer.make().value;
      await scene.overwrite(theirs);
    };
    let count = 0;
    const around: Around = async (call, perform) => {
      if (call.op === op) count += 1;
      const sleeps = count === nth && theirs === null;
      if (sleeps && when === 'before') await night();
      const result = await perform();
      if (sleeps && when === 'after') await night();
      return result;
    };
    expect(outcomeIn(await scene.run({ process, around }))).toMatchObject({ exitCode: 4, code: 'PERSON' });
    expect(scene.issuer.isAlive(theirs)).toBe(true);
    expect(scene.issuer.keys).toHaveLength(2);
    expect((await scene.watch.ledger())?.keys.map(({ state }) => state)).not.toContain('possible');
    outcomeIn(await scene.adoptAgain());
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('that wakes up after another run went on does not act: it takes over what that one saved', async () => {
    const scene = await adopted();
    const process = scene.clock.process('sleeper');
    let slept = false;
    const around: Around = async (call, perform) => {
      const result = await perform();
      if (call.op === 'ledger.save' && !slept) {
        slept = true;
        process.suspend(10 * 60_000);
        outcomeIn(await scene.run());
      }
      return result;
    };
    outcomeIn(await scene.run({ process, around }));
    expect(scene.issuer.keys).toHaveLength(2);
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });
});

describe('cleaning up without the lease', () => {
  it('a run that made a key and lost its lease merges it into its row and revokes it', async () => {
    for (const traits of [{}, { revokesBy: 'id', marks: true } as const]) {
      const scene = await adopted({ traits });
      const process = scene.clock.process('loser');
      let other = false;
      const around: Around = async (call, perform) => {
        const result = await perform();
        if (call.op === 'issuer.create' && !other) {
          other = true;
          process.suspend(10 * 60_000);
          outcomeIn(await scene.run());
        }
        return result;
      };
      outcomeIn(await scene.run({ process, around }));
      const mark = scene.issuer.keys[1]?.mark;
      const row = (await scene.watch.ledger())?.keys.find((key) => key.id === mark);
      expect(row?.fingerprints ?? row?.state).toBeDefined();
      await scene.untilRest();
      expect(scene.issuer.keys[1]?.diedAt).not.toBeNull();
      expect(scene.watch.violations).toEqual([]);
    }
  });
});
