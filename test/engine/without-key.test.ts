import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { adopt } from '../../src/engine/adopt.ts';
import { provide } from '../../src/engine/provide.ts';
import { cutAt, plannedIn } from './cuts.ts';
import { outcomeIn, type Scene, type SceneOptions, sceneOf } from './scene.ts';
import { HOUR, NAME } from './world.ts';

const MINUTE = 60_000;
const ROTATE = { do: 'rotate', reason: 'test' } as const;
const ROLLBACK = { do: 'rollback', reason: 'it fails' } as const;
const EMERGENCY = { do: 'emergency', reason: 'it leaked' } as const;
const OPERATOR = { secretFrom: 'operator', revokesBy: 'operator' } as const;

/** A key that is managed; what the scene would call a loss is what these tests are about. */
async function managed(options: SceneOptions = {}): Promise<Scene> {
  const scene = sceneOf(options);
  outcomeIn(await scene.adopt(1));
  Object.assign(scene.watch.allowed, { lastKey: true, earlyDeath: true });
  return scene;
}

/** The same, in the overlap after a rotation. */
async function overlap(options: SceneOptions = {}): Promise<Scene> {
  const scene = await managed(options);
  outcomeIn(await scene.run({ order: ROTATE }));
  scene.clock.advance(10 * MINUTE);
  return scene;
}

function kill({ issuer }: Scene, nth: number): void {
  issuer.kill(issuer.keys[nth]?.value ?? '');
}

describe('where the key in current is dead', () => {
  it('nothing gives up the one that is on its way: the revocation first', async () => {
    const scene = await managed();
    const order = { ...EMERGENCY, revokeFirst: true } as const;
    await cutAt(scene, 'issuer.revoke', 'crash-after', { order });
    const refused = outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(refused).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn run') });
    expect(outcomeIn(await scene.run()).exitCode).toBe(0);
    expect(scene.issuer.isAlive((await scene.watch.current()) ?? '')).toBe(true);
  });

  it('one that may never have been asked to die can be kept, and what may still come is said', async () => {
    const scene = await managed();
    const order = { ...EMERGENCY, revokeFirst: true } as const;
    await cutAt(scene, 'issuer.revoke', 'crash-before', { order });
    const kept = outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(kept).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn emergency') });
    expect((await scene.watch.ledger())?.rotation).toBeUndefined();
    expect(scene.issuer.isAlive(scene.issuer.keys[0]?.value ?? '')).toBe(true);
    expect(outcomeIn(await scene.run({ order: EMERGENCY })).exitCode).toBe(0);
  });

  it('nothing gives up the one that has ended it: the arrival of the next', async () => {
    const traits = { revokesBy: 'replacement', maxLive: 1 } as const;
    const scene = await managed({ traits, policy: { acceptGap: true } });
    await cutAt(scene, 'store.promote', 'crash-before', { order: ROTATE });
    expect(outcomeIn(await scene.run({ order: ROLLBACK })).exitCode).toBe(6);
    expect(outcomeIn(await scene.run()).exitCode).toBe(0);
    expect(scene.issuer.isAlive((await scene.watch.current()) ?? '')).toBe(true);
  });

  it('the only key that lives is neither given up nor ended where nobody can be asked', async () => {
    const scene = await managed({ traits: { proves: false, revokesBy: 'secret' } });
    const first = { ...EMERGENCY, revokeFirst: true } as const;
    await cutAt(scene, 'issuer.revoke', 'crash-after', { order: first });
    await cutAt(scene, 'store.promote', 'crash-before', { order: { ...EMERGENCY, again: true } });
    const refused = outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(refused).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn run') });
    for (let days = 0; days < 3; days += 1) {
      outcomeIn(await scene.run());
      scene.clock.advance(24 * HOUR);
    }
    const current = await scene.watch.current();
    expect([current, scene.issuer.isAlive(current ?? '')]).toEqual([scene.issuer.keys[1]?.value, true]);
  });

  it.each([true, false])('a registration without an answer may have ended it, proves: %s', async (proves) => {
    const traits = { secretFrom: 'client', revokesBy: 'secret', maxLive: 1, proves } as const;
    const scene = await managed({ traits, policy: { acceptGap: true } });
    await cutAt(scene, 'issuer.register', 'crash-after', { order: ROTATE });
    expect(outcomeIn(await scene.run({ order: ROLLBACK })).exitCode).toBe(6);
    expect(outcomeIn(await scene.run()).exitCode).toBe(0);
    expect(scene.issuer.isAlive((await scene.watch.current()) ?? '')).toBe(true);
  });

  it('a hold is no reason to say that all is held: a rollback that no other key is left for', async () => {
    const scene = await overlap();
    outcomeIn(await scene.run({ order: { ...ROLLBACK, now: true } }));
    kill(scene, 0);
    scene.clock.advance(HOUR);
    const found = outcomeIn(await scene.run());
    expect(found).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn emergency') });
    expect(outcomeIn(await scene.run({ order: EMERGENCY })).exitCode).toBe(0);
  });

  it('a hold is no reason to say that all is held: one that was put back by hand while another lives', async () => {
    const scene = await overlap();
    await scene.overwrite(scene.issuer.keys[0]?.value ?? '');
    outcomeIn(await scene.run());
    kill(scene, 0);
    scene.clock.advance(HOUR);
    const found = outcomeIn(await scene.run());
    expect(found).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn rollback') });
    expect(outcomeIn(await scene.run({ order: ROLLBACK })).exitCode).toBe(0);
    expect(await scene.watch.current()).toBe(scene.issuer.keys[1]?.value);
  });

  it('a pause after a failure is none either', async () => {
    const scene = sceneOf();
    outcomeIn(await scene.adopt(100));
    scene.watch.allowed.lastKey = true;
    scene.issuer.faults.create = 'refused';
    expect(outcomeIn(await scene.run()).exitCode).toBe(4);
    kill(scene, 0);
    scene.clock.advance(5_000);
    const found = outcomeIn(await scene.run());
    expect(found).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn emergency') });
  });

  it('a person who is to make a key is told so with 6, whatever is typed, until it is handed over', async () => {
    const scene = await managed({ traits: OPERATOR });
    kill(scene, 0);
    scene.clock.advance(HOUR);
    for (const order of [undefined, EMERGENCY, { ...EMERGENCY, again: true }, ROTATE] as const) {
      const found = outcomeIn(await scene.run(order === undefined ? {} : { order }));
      expect(found).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn provide') });
      scene.clock.advance(HOUR);
    }
    expect(await plannedIn(scene)).toMatchObject({
      action: 'wait',
      reason: expect.stringContaining('a person makes a key'),
    });
    const { value } = scene.issuer.make();
    const given = outcomeIn(await scene.run({ work: (run) => provide(run, Secret.of(value)) }));
    expect(given.exitCode).toBe(0);
    expect(await scene.watch.current()).toBe(value);
  });

  it('an emergency that waits for a person can be given up, and what lives is gone back to', async () => {
    const scene = await managed({ traits: OPERATOR });
    outcomeIn(await scene.run({ order: ROTATE }));
    const { value } = scene.issuer.make();
    outcomeIn(await scene.run({ work: (run) => provide(run, Secret.of(value)) }));
    scene.clock.advance(HOUR);
    scene.issuer.kill(value);
    expect(outcomeIn(await scene.run({ order: EMERGENCY })).exitCode).toBe(6);
    for (const _ of ['gives up', 'goes back']) outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(await scene.watch.current()).toBe(scene.issuer.keys[0]?.value);
    expect(scene.issuer.isAlive(scene.issuer.keys[0]?.value ?? '')).toBe(true);
  });

  it('what somebody has put in place that works is not spoken of as dead, and is not overwritten unseen', async () => {
    const scene = await managed({ traits: OPERATOR });
    kill(scene, 0);
    scene.clock.advance(HOUR);
    expect(outcomeIn(await scene.run({ order: EMERGENCY })).exitCode).toBe(6);
    const { value } = scene.issuer.make();
    scene.watch.allowed.foreign = true;
    await scene.overwrite(value);
    const found = outcomeIn(await scene.run());
    expect(found).toMatchObject({ exitCode: 4, hint: expect.stringContaining('keyturn adopt') });
  });

  it('no way back is named to a key whose value is gone', async () => {
    const scene = await overlap();
    const kept = (await scene.watch.ledger())?.keys[0]?.storeVersion ?? '';
    await scene.store.discard(NAME, kept, new AbortController().signal);
    kill(scene, 1);
    scene.clock.advance(25 * HOUR);
    const found = outcomeIn(await scene.run());
    expect(found).toMatchObject({ exitCode: 6, hint: expect.stringContaining('or run keyturn emergency') });
  });

  it('what somebody puts in place by hand is taken on, whatever is open', async () => {
    const scene = await overlap();
    for (const nth of [0, 1]) kill(scene, nth);
    const { value } = scene.issuer.make();
    scene.watch.allowed.foreign = true;
    await scene.overwrite(value);
    const taken = outcomeIn(await scene.run({ work: async (run) => (await adopt(run, {})).outcome }));
    expect(taken.exitCode).toBe(0);
    await scene.untilRest();
    expect(await scene.watch.current()).toBe(value);
    expect(scene.issuer.isAlive(value)).toBe(true);
  });
});

describe('an emergency whose key is refused', () => {
  it('says what the issuer said, and not that another command has ended it', async () => {
    const scene = await overlap();
    scene.issuer.faults.create = 'refused';
    const refused = outcomeIn(await scene.run({ order: EMERGENCY }));
    expect(refused).toMatchObject({ exitCode: 4, reason: expect.stringContaining('refuses') });
  });
});
