import { describe, expect, it } from 'vitest';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import { type Around, faulty } from './tap.ts';
import { DAY, HOUR } from './world.ts';

const EVENTS = (scene: Scene): readonly string[] =>
  [...scene.watch.entries.values()].map((entry) => entry.event);

async function adopted(options: Parameters<typeof sceneOf>[0] = {}): Promise<Scene> {
  const scene = sceneOf(options);
  outcomeIn(await scene.adopt(100));
  return scene;
}

async function crashAt(scene: Scene, op: string, when: 'crash-before' | 'crash-after'): Promise<void> {
  const process = scene.clock.process();
  const crash = { crash: () => process.kill(), later: () => undefined };
  const around: Around = (call, perform) => (call.op === op ? faulty(when, crash, perform) : perform());
  expect(await scene.run({ process, around })).toBe('crashed');
  scene.clock.advance(61_000);
}

describe('someone else changes current', () => {
  it('to a key of ours whose value is nowhere else: it is kept before another takes its place', async () => {
    const scene = await adopted();
    await crashAt(scene, 'store.stage', 'crash-before');
    await scene.overwrite(scene.issuer.keys[1]?.value ?? '');
    outcomeIn(await scene.run());
    scene.clock.advance(DAY + HOUR);
    outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'on' } }));
    const retired = (await scene.watch.ledger())?.keys.find((key) => key.state === 'retiring');
    expect(retired?.issuedAt).toBe(new Date(scene.issuer.keys[1]?.issuedAt ?? 0).toISOString());
    expect(retired?.storeVersion).toBeDefined();
  });

  it('before promote was entered: the rotation ends, our key dies, a hold stands until adopt', async () => {
    const scene = await adopted();
    await crashAt(scene, 'store.stage', 'crash-after');
    const theirs = scene.issuer.make();
    await scene.overwrite(theirs.value);
    const outcome = outcomeIn(await scene.run());
    expect(outcome).toMatchObject({ outcome: 'refused', exitCode: 4 });
    // A rotation is refused as long as the key in place is not known.
    const hints = outcome.problems.map(({ hint }) => hint);
    expect(hints).toEqual([expect.stringContaining('keyturn adopt wa-test')]);
    expect(hints).not.toEqual([expect.stringContaining('rotate')]);
    expect(scene.issuer.keys.map((key) => key.diedAt === null)).toEqual([true, false, true]);
    expect(await scene.watch.current()).toBe(theirs.value);
    scene.clock.advance(DAY);
    expect(outcomeIn(await scene.run())).toMatchObject({ exitCode: 4 });
    expect(outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'x' } })).exitCode).toBe(4);
    expect(scene.issuer.keys).toHaveLength(3);
    outcomeIn(await scene.adoptAgain());
    const ledger = await scene.watch.ledger();
    expect(ledger?.hold).toBeUndefined();
    expect(ledger?.keys.map((key) => key.state)).toEqual(['retiring', 'revoked', 'current']);
    scene.clock.advance(DAY - HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[0]?.diedAt).toBeNull();
    scene.clock.advance(2 * HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[0]?.diedAt).not.toBeNull();
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it.each(['crash-before', 'crash-after'] as const)(
    'after promote was entered nothing is revoked: %s',
    async (when) => {
      const scene = await adopted();
      await crashAt(scene, 'store.promote', when);
      const theirs = scene.issuer.make();
      await scene.overwrite(theirs.value);
      expect(outcomeIn(await scene.run()).exitCode).toBe(4);
      scene.clock.advance(3 * DAY);
      expect(outcomeIn(await scene.run()).exitCode).toBe(4);
      expect(scene.issuer.keys.every((key) => key.diedAt === null)).toBe(true);
      outcomeIn(await scene.adoptAgain());
      await scene.untilRest();
      expect(await scene.watch.current()).toBe(theirs.value);
      expect(scene.watch.violations).toEqual([]);
    },
  );

  it('in the overlap nothing is revoked', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    const theirs = scene.issuer.make();
    await scene.overwrite(theirs.value);
    scene.clock.advance(3 * DAY);
    expect(outcomeIn(await scene.run()).exitCode).toBe(4);
    expect(scene.issuer.keys.every((key) => key.diedAt === null)).toBe(true);
    outcomeIn(await scene.adoptAgain());
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('moved back to the retiring key: the ledger follows, the other retires from now, a hold stands', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    scene.clock.advance(20 * HOUR);
    await scene.overwrite(scene.issuer.keys[0]?.value ?? '');
    const outcome = outcomeIn(await scene.run());
    expect(outcome).toMatchObject({
      exitCode: 4,
      hint: expect.stringMatching(/keyturn adopt wa-test.*keyturn rotate wa-test/),
    });
    const ledger = await scene.watch.ledger();
    const [first] = ledger?.keys ?? [];
    expect(ledger?.keys.map((key) => key.state)).toEqual(['current', 'retiring']);
    expect(ledger?.hold).toMatchObject({ kind: 'moved', reason: expect.stringContaining(`${first?.id} `) });
    scene.clock.advance(DAY - HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[1]?.diedAt).toBeNull();
    scene.clock.advance(2 * HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys.map((key) => key.diedAt === null)).toEqual([true, false]);
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('moved a second time: the hold that stands says what was done last', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    for (const at of [0, 1, 0]) {
      scene.clock.advance(HOUR);
      await scene.overwrite(scene.issuer.keys[at]?.value ?? '');
      outcomeIn(await scene.run());
      const ledger = await scene.watch.ledger();
      const current = ledger?.keys.find((key) => key.state === 'current');
      expect(ledger?.hold?.reason).toBe(`somebody made ${current?.id} current again`);
    }
    expect(scene.watch.violations).toEqual([]);
  });

  it('the value is gone: nothing is revoked, rotate puts a new key in place', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    scene.clock.advance(3 * DAY);
    scene.remove();
    expect(outcomeIn(await scene.run())).toMatchObject({ exitCode: 4 });
    expect(scene.issuer.keys.every((key) => key.diedAt === null)).toBe(true);
    outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'gone' } }));
    expect(await scene.watch.current()).toBe(scene.issuer.keys[2]?.value);
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('current holds a key that is revoked: exit 6', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    scene.clock.advance(DAY + HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[0]?.diedAt).not.toBeNull();
    await scene.overwrite(scene.issuer.keys[0]?.value ?? '');
    for (const _ of [1, 2]) {
      expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'unsafe', exitCode: 6 });
    }
    const outcome = outcomeIn(await scene.run({ order: { do: 'emergency', reason: 'dead' } }));
    expect(scene.issuer.isAlive(await scene.watch.current())).toBe(true);
    expect(outcome.exitCode, outcome.reason).toBe(0);
  });

  it('current stops working during the overlap: the old key is not revoked, exit 6', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    scene.issuer.kill(scene.issuer.keys[1]?.value ?? '');
    scene.clock.advance(DAY + HOUR);
    const outcome = outcomeIn(await scene.run());
    expect(outcome).toMatchObject({ outcome: 'unsafe', exitCode: 6 });
    expect(outcome.hint).toContain('rollback');
    expect(scene.issuer.keys[0]?.diedAt).toBeNull();
    outcomeIn(await scene.run({ order: { do: 'rollback', reason: 'dead' } }));
    expect(await scene.watch.current()).toBe(scene.issuer.keys[0]?.value);
    expect(scene.watch.violations).toEqual([]);
  });
});

describe('a key that is not new', () => {
  it('the issuer gives the key that is live: exit 4, nothing revoked, nothing staged', async () => {
    const scene = await adopted();
    scene.issuer.faults.create = 'same';
    const outcome = outcomeIn(await scene.run());
    expect(outcome).toMatchObject({ outcome: 'failed', exitCode: 4 });
    expect(scene.issuer.keys).toHaveLength(1);
    expect(scene.issuer.keys[0]?.diedAt).toBeNull();
    expect(EVENTS(scene)).not.toContain('stage-intended');
    const ledger = await scene.watch.ledger();
    expect(ledger?.keys.map((key) => key.state)).toEqual(['current']);
    expect(scene.watch.violations).toEqual([]);
  });

  it('the key of another credential is left alone', async () => {
    const scene = await adopted();
    const siblings = async () => [
      { credential: 'wa-other', fingerprints: {} as Record<string, string> },
      { credential: 'wa-twin', issuerKeyId: 'key-2' },
    ];
    const traits = { revokesBy: 'id' } as const;
    const other = await adopted({ traits });
    const outcome = outcomeIn(await other.run({ patch: { siblings } }));
    expect(outcome).toMatchObject({ outcome: 'failed', exitCode: 4 });
    expect(other.issuer.keys[1]?.diedAt).toBeNull();
    expect(scene.watch.violations).toEqual([]);
  });
});
