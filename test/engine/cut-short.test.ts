import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { adopt } from '../../src/engine/adopt.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import { provide } from '../../src/engine/provide.ts';
import { cutAt, expiring, plannedIn } from './cuts.ts';
import { type Ended, outcomeIn, type SceneOptions, sceneOf } from './scene.ts';
import { type Around, faulty } from './tap.ts';
import { DAY, HOUR, NAME } from './world.ts';

const MINUTE = 60_000;
const never = new AbortController().signal;
const ROLLBACK = { do: 'rollback', reason: 'it fails' } as const;

const handOver =
  (value: string) =>
  async (run: Parameters<typeof adopt>[0]): Promise<Outcome> =>
    (await adopt(run, { secret: Secret.of(value) })).outcome;

describe('a rollback to a key that is about to expire', () => {
  it('that has landed is looked at, not assumed: it is in place, and the way forth is named', async () => {
    const scene = await expiring(2 * HOUR);
    scene.clock.advance(HOUR + 40 * MINUTE);
    await cutAt(scene, 'store.promote', 'crash-after', { order: ROLLBACK });
    scene.clock.advance(12 * MINUTE);
    const outcome = outcomeIn(await scene.run());
    expect(JSON.stringify(outcome)).not.toContain('nothing goes back');
    scene.clock.advance(20 * MINUTE);
    const expired = outcomeIn(await scene.run());
    expect(expired).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn rollback') });
    expect(outcomeIn(await scene.run({ order: ROLLBACK })).exitCode).toBe(0);
    expect(scene.issuer.isAlive((await scene.watch.current()) ?? '')).toBe(true);
  });

  it('leaves nothing in the store that was staged for it', async () => {
    const scene = await expiring(2 * HOUR);
    scene.clock.advance(HOUR + 40 * MINUTE);
    await cutAt(scene, 'store.stage', 'crash-after', { order: ROLLBACK });
    scene.clock.advance(12 * MINUTE);
    expect(outcomeIn(await scene.run()).exitCode).toBe(4);
    scene.clock.advance(2 * DAY);
    outcomeIn(await scene.run());
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('that nobody can be asked about is judged by its date, back and forth', async () => {
    const scene = sceneOf({
      traits: { revokesBy: 'operator', proves: false, longestLife: 10 * DAY },
      policy: { lead: 0, renewBefore: HOUR, maxAge: 900 * DAY },
    });
    const rotate = { do: 'rotate', reason: 'test' } as const;
    scene.watch.allowed.lastKey = true;
    outcomeIn(await scene.adopt(0));
    outcomeIn(await scene.run({ order: rotate }));
    scene.clock.advance(10 * DAY - 2 * HOUR);
    outcomeIn(await scene.run({ order: { do: 'revoke', reason: 'removed', attest: 'kim' } }));
    outcomeIn(await scene.run());
    outcomeIn(await scene.run({ order: rotate }));
    outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(await scene.watch.current()).toBe(scene.issuer.keys[1]?.value);
    scene.clock.advance(2 * HOUR + 10 * MINUTE);
    const expired = outcomeIn(await scene.run());
    expect(expired).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn rollback') });
    outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(await scene.watch.current()).toBe(scene.issuer.keys[2]?.value);
    outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(await scene.watch.current()).toBe(scene.issuer.keys[2]?.value);
    // Under the hold of a rollback, too.
    scene.clock.advance(11 * DAY);
    const both = outcomeIn(await scene.run());
    expect(both).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn emergency') });
  });
});

describe('a rollback', () => {
  it('makes no key where the value that it goes back to is gone', async () => {
    const scene = sceneOf();
    outcomeIn(await scene.adopt(100));
    outcomeIn(await scene.run());
    await cutAt(scene, 'store.stage', 'crash-before', { order: ROLLBACK });
    const kept = (await scene.watch.ledger())?.keys[0]?.storeVersion ?? '';
    await scene.store.discard(NAME, kept, never);
    expect(outcomeIn(await scene.run()).exitCode).toBe(4);
    expect(scene.issuer.keys).toHaveLength(2);
    expect(await scene.watch.current()).toBe(scene.issuer.keys[1]?.value);
  });

  it('goes back also where what it gave up has landed at the last moment, and leaves no copy behind', async () => {
    const scene = sceneOf();
    outcomeIn(await scene.adopt(100));
    const process = scene.clock.process();
    const under: (() => Promise<unknown>)[] = [];
    const sent: Around = (call, perform) =>
      call.op === 'store.promote'
        ? faulty('late', { crash: () => process.kill(), later: (one) => under.push(one) }, perform)
        : perform();
    await scene.run({ process, around: sent, patch: { deadline: scene.clock.now() + 20_000 } });
    scene.clock.advance(2 * MINUTE);
    const around: Around = async (call, perform) => {
      if (call.op === 'store.promote') for (const land of under.splice(0)) await land();
      return perform();
    };
    expect(outcomeIn(await scene.run({ order: ROLLBACK, around })).exitCode).toBe(0);
    expect(await scene.watch.current()).toBe(scene.issuer.keys[0]?.value);
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });
});

describe('a key that is handed over and was not staged', () => {
  const CASES: readonly (readonly [string, SceneOptions['traits']])[] = [
    ['where keyturn makes the secrets', { secretFrom: 'client', revokesBy: 'nothing', proves: false }],
    ['where a person makes the keys', { secretFrom: 'operator', revokesBy: 'operator' }],
    ['where a person makes the keys and they end by their ids', { secretFrom: 'operator', revokesBy: 'id' }],
  ];

  it.each(CASES)('is asked for again, and is neither replaced nor ended: %s', async (_, traits) => {
    const scene = sceneOf({ traits: { ...traits, longestLife: null } });
    const { value } = scene.issuer.make();
    await cutAt(scene, 'store.stage', 'crash-before', { work: handOver(value) });
    const outcome = outcomeIn(await scene.run());
    expect([outcome.exitCode, outcome.hint]).toEqual([4, expect.stringContaining('keyturn adopt')]);
    scene.clock.advance(2 * HOUR);
    expect(outcomeIn(await scene.run()).exitCode).toBe(4);
    expect(await scene.watch.current()).toBeNull();
    await expect(
      scene.run({ work: (run) => provide(run, Secret.of(scene.issuer.make().value)) }),
    ).resolves.toMatchObject({ code: 'USAGE' });
    expect(outcomeIn(await scene.run({ work: handOver(value) })).exitCode).toBe(0);
    expect(await scene.watch.current()).toBe(value);
    expect(scene.issuer.isAlive(value)).toBe(true);
    expect(scene.watch.violations).toEqual([]);
  });

  it('is taken where it is handed over again, also where its staged value is gone', async () => {
    const scene = sceneOf();
    const { value } = scene.issuer.make();
    await cutAt(scene, 'store.promote', 'crash-before', { work: handOver(value) });
    const staged = (await scene.watch.ledger())?.keys[0]?.storeVersion ?? '';
    await scene.store.discard(NAME, staged, never);
    expect(outcomeIn(await scene.run())).toMatchObject({
      exitCode: 4,
      hint: expect.stringContaining('--stdin'),
    });
    expect(outcomeIn(await scene.run({ work: handOver(value) })).exitCode).toBe(0);
    expect(await scene.watch.current()).toBe(value);
    expect(scene.watch.violations).toEqual([]);
  });

  it('is not staged without end where the store gives back another text', async () => {
    const scene = sceneOf();
    const { value } = scene.issuer.make();
    let staged = 0;
    const around: Around = async (call, perform) => {
      const isKept = call.op === 'store.read' && call.args[1] !== 'current';
      if (call.op === 'store.stage') staged += 1;
      return isKept ? null : perform();
    };
    const refused = outcomeIn(await scene.run({ work: handOver(value), around }));
    expect([refused.exitCode, staged]).toEqual([4, 2]);
    outcomeIn(await scene.run({ order: ROLLBACK }));
    await scene.untilRest();
    await scene.watch.atRest();
    expect(scene.issuer.isAlive(value)).toBe(true);
  });

  it('is given up with rollback', async () => {
    const scene = sceneOf();
    const { value } = scene.issuer.make();
    await cutAt(scene, 'store.stage', 'crash-before', { work: handOver(value) });
    expect(outcomeIn(await scene.run({ order: ROLLBACK })).exitCode).toBe(0);
    expect((await scene.watch.ledger())?.rotation).toBeUndefined();
    expect(scene.issuer.isAlive(value)).toBe(true);
  });

  it('is not called adopted where another command has put another key in place meanwhile', async () => {
    const scene = sceneOf();
    const { value } = scene.issuer.make();
    let other: Ended | null = null;
    const around: Around = async (call, perform) => {
      if (call.op === 'store.stage' && other === null) {
        scene.clock.advance(2 * MINUTE);
        other = await scene.run({ order: { do: 'emergency', reason: 'it leaked' } });
      }
      return perform();
    };
    const outcome = outcomeIn(await scene.run({ work: handOver(value), around }));
    expect(other).toMatchObject({ exitCode: 0 });
    expect(await scene.watch.current()).not.toBe(value);
    expect(outcome).toMatchObject({ exitCode: 4, hint: expect.stringContaining('keyturn status') });
  });
});

describe('a request to revoke that goes out long after its intention was saved', () => {
  it('is dated by when it goes out: until when an answer proves nothing counts from there', async () => {
    const scene = sceneOf({ traits: { settles: 30_000 } });
    outcomeIn(await scene.adopt(100));
    outcomeIn(await scene.run());
    scene.clock.advance(DAY + HOUR);
    let [slept, sent] = [false, 0];
    let saved: string | undefined;
    const around: Around = async (call, perform) => {
      if (call.op === 'issuer.revoke') {
        sent = scene.clock.now();
        saved = (await scene.watch.ledger())?.keys[0]?.revokeRepeated;
      }
      const done = await perform();
      const enters = call.op === 'ledger.save' && String(call.args[1]).includes('revokeEntered');
      if (enters && !slept) scene.clock.advance(6 * MINUTE);
      slept ||= enters;
      return done;
    };
    outcomeIn(await scene.run({ around }));
    expect(sent - Date.parse(saved ?? '1970-01-01')).toBeLessThan(10_000);
  });
});

describe('a key in current that is past its date', () => {
  const LONGER = { longestLife: 100 * DAY } as const;

  /** The issuer accepts it, and says that it lives on. */
  const longer: Around = async (call, perform) => {
    const answer = (await perform()) as { readonly verdict?: string; readonly facts?: object };
    if (call.op !== 'issuer.verify') return answer;
    return { verdict: 'works', facts: { expiresAt: '2099-01-01T00:00:00.000Z' }, findings: [] };
  };

  it('is asked about before anything follows from that', async () => {
    const scene = sceneOf({ traits: LONGER });
    outcomeIn(await scene.adopt(95));
    scene.clock.advance(6 * DAY);
    scene.issuer.faults.create = 'refused';
    const asked: string[] = [];
    const around: Around = (call, perform) => {
      asked.push(call.op);
      return longer(call, perform);
    };
    outcomeIn(await scene.run({ around }));
    for (let runs = 0; runs < 4; runs += 1) {
      scene.clock.advance(5 * MINUTE);
      expect(outcomeIn(await scene.run({ around })).exitCode).toBe(4);
    }
    expect(asked.filter((op) => op === 'issuer.create')).toHaveLength(1);
    expect(outcomeIn(await scene.run({ order: { do: 'resume' }, around })).exitCode).toBe(0);
  });
});

describe('an overlap in which the key in place expires', () => {
  it('is 6 also where the end of the other one can never be proven', async () => {
    const scene = sceneOf({
      traits: { proves: false, longestLife: 10 * DAY },
      policy: { lead: 0, renewBefore: HOUR, maxAge: 900 * DAY },
    });
    scene.watch.allowed.lastKey = true;
    outcomeIn(await scene.adopt(0));
    outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'test' } }));
    scene.clock.advance(2 * DAY);
    outcomeIn(await scene.run());
    scene.clock.advance(9 * DAY);
    expect(outcomeIn(await scene.run())).toMatchObject({
      exitCode: 6,
      hint: expect.stringContaining('keyturn emergency'),
    });
  });

  it('is 6 to its end, though the issuer has ended the other key: nobody is told that it works', async () => {
    const scene = await expiring(2 * HOUR);
    outcomeIn(await scene.run({ order: ROLLBACK }));
    scene.watch.allowed.lastKey = true;
    scene.issuer.kill(scene.issuer.keys[1]?.value ?? '');
    for (const hours of [3, 10]) {
      scene.clock.advance(hours * HOUR);
      const expired = outcomeIn(await scene.run());
      expect(expired).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn emergency') });
    }
    expect(await plannedIn(scene)).toMatchObject({
      action: 'refuse',
      reason: expect.stringContaining('has expired'),
    });
    scene.clock.advance(2 * DAY);
    expect(outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'test' } })).exitCode).toBe(0);
    await scene.untilRest();
    expect(scene.issuer.isAlive((await scene.watch.current()) ?? '')).toBe(true);
  });

  it('ends by itself where the old one has expired, too', async () => {
    const scene = sceneOf({
      traits: { longestLife: 4 * HOUR },
      policy: { overlap: HOUR, renewBefore: HOUR },
    });
    outcomeIn(await scene.adopt(0));
    scene.clock.advance(3 * HOUR + MINUTE);
    outcomeIn(await scene.run());
    scene.clock.advance(5 * HOUR);
    scene.watch.allowed.lastKey = true;
    expect(outcomeIn(await scene.run()).exitCode).toBe(0);
    expect(scene.issuer.isAlive((await scene.watch.current()) ?? '')).toBe(true);
  });

  it('ends by itself where the issuer has ended the old one, or its revocation was cut short', async () => {
    for (const when of ['ended', 'revoked'] as const) {
      const scene = await expiring(30 * DAY);
      scene.watch.allowed.lastKey = true;
      scene.watch.allowed.earlyDeath = true;
      if (when === 'ended') scene.issuer.kill(scene.issuer.keys[0]?.value ?? '');
      else {
        scene.clock.advance(DAY + HOUR);
        await cutAt(scene, 'issuer.revoke', 'crash-after');
      }
      scene.clock.advance(101 * DAY);
      await scene.untilRest();
      expect(scene.issuer.isAlive((await scene.watch.current()) ?? ''), when).toBe(true);
    }
  });
});
