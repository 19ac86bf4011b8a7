import { describe, expect, it } from 'vitest';
import { sayingOf } from '../../src/cli/sayings.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Adopted, type AdoptRequest, adopt } from '../../src/engine/adopt.ts';
import { provide } from '../../src/engine/provide.ts';
import type { Run } from '../../src/engine/run.ts';
import { sampled } from './long.ts';
import { type Ended, outcomeIn, type Scene, sceneOf, type Task } from './scene.ts';
import { type Around, FAULTS, faulty } from './tap.ts';
import { DAY, NAME } from './world.ts';

async function take(
  scene: Scene,
  request: AdoptRequest,
  task: Task = {},
): Promise<{ ended: Ended; adopted: Adopted | null }> {
  let adopted: Adopted | null = null;
  const work = async (run: Run): Promise<Adopted['outcome']> => {
    adopted = await adopt(run, request);
    return adopted.outcome;
  };
  return { ended: await scene.run({ ...task, work }), adopted };
}

describe('a key that nothing tests', () => {
  it.each([
    [
      false,
      { by: 'shape', findings: 'taken by its shape; nothing tests it' },
      /the right shape; nothing tests it$/,
    ],
    [true, { by: 'issuer', findings: '' }, / works$/],
  ] as const)('is not called tested (proves: %s)', async (proves, data, text) => {
    const scene = sceneOf(proves ? {} : { traits: { secretFrom: 'client', revokesBy: 'nothing', proves } });
    outcomeIn(await scene.run());
    const entries = (await scene.watch.ledger())?.trail.entries ?? [];
    const verified = entries.find((entry) => entry.event === 'verified');
    expect(verified?.data).toEqual(data);
    expect(sayingOf({ at: '', event: 'verified', key: 'k1', data })).toMatchObject({
      weight: 'kept',
      text: expect.stringMatching(text),
    });
  });
});

describe('adopt what is in the store', () => {
  it('takes it on without touching anything at the issuer or in current', async () => {
    const scene = sceneOf();
    const key = scene.issuer.make(30 * DAY);
    await scene.overwrite(key.value);
    const { ended, adopted } = await take(scene, {});
    expect(outcomeIn(ended).exitCode).toBe(0);
    expect(adopted).toMatchObject({ same: false, key: { state: 'current', issuedAtFrom: 'issuer' } });
    expect(await scene.watch.current()).toBe(key.value);
    const again = await take(scene, {});
    expect(again.adopted).toMatchObject({ same: true, key: { state: 'current' } });
    expect((await scene.watch.ledger())?.keys).toHaveLength(1);
    expect(scene.watch.violations).toEqual([]);
  });

  it('takes nothing on that the store still shows although it was replaced', async () => {
    const traits = { secretFrom: 'client', revokesBy: 'nothing', proves: false } as const;
    const scene = sceneOf({ traits, policy: { converges: 60_000, overlap: 0 } });
    await scene.adopt(100);
    const before = await scene.store.read(NAME, 'current', new AbortController().signal);
    await scene.run({ order: { do: 'emergency', reason: 'leaked' } });
    const stale: Around = (call, perform) =>
      call.op === 'store.read' && call.args[1] === 'current' ? Promise.resolve(before) : perform();
    const { ended } = await take(scene, {}, { around: stale });
    expect(ended).toMatchObject({ code: 'UNAVAILABLE' });
    expect((await scene.watch.ledger())?.hold).toBeUndefined();
  });

  it("takes a person's word for its age where the issuer has none", async () => {
    for (const [issuedAt, from] of [
      ['2026-01-01T00:00:00.000Z', 'operator'],
      ['unknown', 'unknown'],
    ] as const) {
      const scene = sceneOf({ traits: { secretFrom: 'client', revokesBy: 'nothing', proves: false } });
      await scene.overwrite('a-value-made-by-hand-0000');
      const { adopted } = await take(scene, { issuedAt });
      expect(adopted?.key?.issuedAtFrom).toBe(from);
      // Nothing has tested them, so nothing says that they were.
      expect(adopted?.key?.verifiedAt).toBeUndefined();
      outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'test' } }));
      const rows = (await scene.watch.ledger())?.keys ?? [];
      expect(rows.map((key) => key.verifiedAt)).toEqual([undefined, undefined]);
    }
  });

  it.each([
    ['there is nothing', 'USAGE', async () => undefined],
    [
      'the key does not work',
      'GUARDED',
      async (scene: Scene) => scene.overwrite('fake-value-nobody-knows-00'),
    ],
    [
      'the issuer cannot tell',
      'UNVERIFIED',
      async (scene: Scene) => {
        await scene.overwrite(scene.issuer.make().value);
        scene.issuer.faults.verify = 'unknown';
      },
    ],
  ] as const)('refuses where %s', async (_, code, prepare) => {
    const scene = sceneOf();
    await prepare(scene);
    const { ended } = await take(scene, {});
    expect(ended).toBeInstanceOf(KeyturnError);
    expect(ended).toMatchObject({ code });
    expect(await scene.watch.ledger()).toBeNull();
  });

  it('refuses a key whose revocation was entered, one that is live under another name, and an open rotation', async () => {
    const scene = sceneOf();
    outcomeIn(await scene.adopt(100));
    const [old] = scene.issuer.keys;
    outcomeIn(await scene.run());
    scene.issuer.kill('nobody');
    const open = await take(scene, { secret: Secret.of(scene.issuer.make().value) });
    expect(open.ended).toMatchObject({ code: 'USAGE' });
    scene.clock.advance(2 * DAY);
    const process = scene.clock.process();
    const crash = { crash: () => process.kill(), later: () => undefined };
    const around: Around = (call, perform) =>
      call.op === 'issuer.revoke' ? faulty('crash-before', crash, perform) : perform();
    expect(await scene.run({ process, around })).toBe('crashed');
    scene.clock.advance(61_000);
    outcomeIn(await scene.run());
    const dead = await take(scene, { secret: Secret.of(old?.value ?? '') });
    expect(dead.ended).toMatchObject({ exitCode: 4 });
    const other = sceneOf({ traits: { revokesBy: 'id' } });
    await other.overwrite(other.issuer.make().value);
    const siblings = async () => [{ credential: 'wa-twin', issuerKeyId: 'key-1' }];
    expect((await take(other, {}, { patch: { siblings } })).ended).toMatchObject({ code: 'USAGE' });
    expect(await other.watch.ledger()).toBeNull();
  });
});

describe('adopt a key that is not in the store yet', () => {
  it('verifies it, stores it as current, and revokes nothing', async () => {
    const scene = sceneOf();
    const key = scene.issuer.make(5 * DAY);
    const { ended, adopted } = await take(scene, { secret: Secret.of(key.value) });
    expect(outcomeIn(ended).exitCode).toBe(0);
    expect(adopted?.key).toMatchObject({ state: 'current' });
    expect(await scene.watch.current()).toBe(key.value);
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('refuses where another key is managed, or another value is stored', async () => {
    const scene = sceneOf();
    outcomeIn(await scene.adopt(1));
    const secret = Secret.of(scene.issuer.make().value);
    expect((await take(scene, { secret })).ended).toMatchObject({ code: 'USAGE' });
    const stored = sceneOf();
    await stored.overwrite(stored.issuer.make().value);
    const another = Secret.of(stored.issuer.make().value);
    expect((await take(stored, { secret: another })).ended).toMatchObject({ code: 'USAGE' });
    expect(await stored.watch.ledger()).toBeNull();
  });

  it('gives way to the key in the store, which ended it, and is not placed over that', async () => {
    const scene = sceneOf({ traits: { maxLive: 1, revokesBy: 'replacement' }, policy: { acceptGap: true } });
    const handed = scene.issuer.make();
    const around: Around = (call, perform) =>
      call.op === 'store.promote' ? Promise.reject(new Error('gone')) : perform();
    await take(scene, { secret: Secret.of(handed.value) }, { around });
    expect((await scene.watch.ledger())?.rotation).toMatchObject({ kind: 'adopt' });
    const stored = scene.issuer.make();
    await scene.overwrite(stored.value);
    scene.clock.advance(61_000);
    const { adopted } = await take(scene, {});
    expect(adopted).toMatchObject({ same: false, key: { state: 'current' } });
    expect((await scene.watch.ledger())?.rotation).toBeUndefined();
    expect(await scene.watch.current()).toBe(stored.value);
  });

  it('leaves the key that was handed over alone where an older key of ours comes to stand in current', async () => {
    const scene = sceneOf({ traits: { longestLife: null } });
    const late: (() => Promise<unknown>)[] = [];
    const unanswered = async (order: (task: Task) => Promise<unknown>): Promise<void> => {
      const process = scene.clock.process();
      const around: Around = (call, perform) =>
        call.op === 'store.promote'
          ? faulty('late', { crash: () => undefined, later: (one) => late.push(one) }, perform)
          : perform();
      await order({ process, around, patch: { deadline: scene.clock.now() + 20_000 } });
      scene.clock.advance(2 * 60_000);
    };
    await unanswered((task) => scene.run(task));
    outcomeIn(await scene.run({ order: { do: 'rollback', reason: 'not yet' } }));
    scene.clock.advance(2 * 60_000);
    const handed = scene.issuer.make();
    await unanswered((task) => take(scene, { secret: Secret.of(handed.value) }, task));
    expect((await scene.watch.ledger())?.rotation).toMatchObject({ kind: 'adopt', phase: 'promote' });
    await late[0]?.();
    await take(scene, {});
    for (let day = 0; day < 3; day += 1) {
      scene.clock.advance(DAY);
      outcomeIn(await scene.run());
    }
    expect(handed.diedAt).toBeNull();
  });

  it('never revokes a key that a person handed over, whatever goes wrong', async () => {
    let place = 0;
    for (const op of ['store.stage', 'store.promote', 'ledger.save', 'issuer.verify']) {
      for (const fault of FAULTS) {
        for (let nth = 1; nth <= 3; nth += 1) {
          place += 1;
          if (!sampled(place, 2)) continue;
          const scene = sceneOf();
          const key = scene.issuer.make();
          const process = scene.clock.process();
          let seen = 0;
          const around: Around = (call, perform) => {
            if (call.op !== op) return perform();
            seen += 1;
            const later = (one: () => Promise<unknown>): void => {
              scene.late.push(one);
            };
            return seen === nth ? faulty(fault, { crash: () => process.kill(), later }, perform) : perform();
          };
          await take(scene, { secret: Secret.of(key.value) }, { process, around });
          for (let round = 0; round < 4; round += 1) {
            scene.clock.advance(61_000);
            await take(scene, { secret: Secret.of(key.value) });
            outcomeIn(await scene.run({ order: { do: 'resume' } }));
          }
          const name = `${op} #${nth} ${fault}`;
          expect(key.diedAt, name).toBeNull();
          expect(await scene.watch.current(), name).toBe(key.value);
          expect(scene.watch.violations, name).toEqual([]);
        }
      }
    }
  });
});

describe('a key that a person makes', () => {
  const traits = { secretFrom: 'operator', revokesBy: 'operator' } as const;

  it('the rotation parks, another machine takes the key and goes on', async () => {
    const scene = sceneOf({ traits });
    outcomeIn(await scene.adopt(80));
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'waiting', exitCode: 0 });
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'waiting', exitCode: 0 });
    scene.clock.advance(11 * DAY);
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'waiting', exitCode: 4 });
    const made = scene.issuer.make();
    const task = { runner: { host: 'host-b' }, work: (run: Run) => provide(run, Secret.of(made.value)) };
    expect(outcomeIn(await scene.run(task))).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    scene.clock.advance(DAY + 6 * 60_000);
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'waiting', exitCode: 0 });
    scene.clock.advance(DAY + 1);
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'waiting', exitCode: 4 });
    await scene.untilRest();
    expect((await scene.watch.ledger())?.keys[0]).toMatchObject({
      state: 'revoked',
      proof: { by: 'issuer' },
    });
    expect(scene.watch.violations).toEqual([]);
  });

  it('a key that is handed over twice, or that is current already, is not new', async () => {
    const scene = sceneOf({ traits });
    outcomeIn(await scene.adopt(80));
    outcomeIn(await scene.run());
    const same = Secret.of(scene.issuer.keys[0]?.value ?? '');
    const ended = await scene.run({ work: (run) => provide(run, same) });
    expect(ended).toMatchObject({ code: 'BAD_VALUE', exitCode: 2 });
    expect(scene.issuer.keys[0]?.diedAt).toBeNull();
    expect(await scene.watch.current()).toBe(scene.issuer.keys[0]?.value);
  });

  it('provide without a rotation that waits is refused', async () => {
    const scene = sceneOf({ traits });
    outcomeIn(await scene.adopt(1));
    const ended = await scene.run({ work: (run) => provide(run, Secret.of('fake-value-of-a-person-00')) });
    expect(ended).toMatchObject({ code: 'USAGE' });
  });
});
