import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import type { StageRequest } from '../../src/core/store.ts';
import { expiring } from './cuts.ts';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import { type Around, faulty } from './tap.ts';
import { DAY, HOUR, NAME } from './world.ts';

const never = new AbortController().signal;
const MINUTE = 60_000;

const ROLLBACK = { do: 'rollback', reason: 'it fails' } as const;

/** Crashes the process at the first call of this operation. */
async function crashAt(
  scene: Scene,
  op: string,
  when: 'crash-before' | 'crash-after' | 'late',
): Promise<void> {
  const process = scene.clock.process();
  const around: Around = (call, perform) =>
    call.op === op
      ? faulty(when, { crash: () => process.kill(), later: (one) => scene.late.push(one) }, perform)
      : perform();
  if (when === 'late') await scene.run({ process, around, patch: { deadline: scene.clock.now() + 20_000 } });
  else expect(await scene.run({ process, around })).toBe('crashed');
  scene.clock.advance(61_000);
}

async function adopted(options: Parameters<typeof sceneOf>[0] = {}): Promise<Scene> {
  const scene = sceneOf(options);
  outcomeIn(await scene.adopt(100));
  return scene;
}

describe('rollback', () => {
  it('typed twice goes back once, and forth again where the key that it went back to has died', async () => {
    const scene = await adopted({ traits: { longestLife: null } });
    outcomeIn(await scene.run());
    outcomeIn(await scene.run({ order: ROLLBACK }));
    outcomeIn(await scene.run({ order: ROLLBACK }));
    const [first, second] = scene.issuer.keys.map(({ value }) => value);
    expect(await scene.watch.current()).toBe(first);
    scene.watch.allowed.lastKey = true;
    scene.issuer.kill(first ?? '');
    scene.clock.advance(HOUR);
    expect(outcomeIn(await scene.run({ order: ROLLBACK }))).toMatchObject({ exitCode: 0 });
    expect(await scene.watch.current()).toBe(second);
  });

  it('is refused where the previous key is about to expire, and goes forth again from one that is', async () => {
    const scene = await expiring(90 * MINUTE);
    scene.clock.advance(82 * MINUTE);
    const refused = outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(refused).toMatchObject({ outcome: 'refused', hint: expect.stringContaining('keyturn emergency') });
    const other = await expiring(HOUR);
    const [first, second] = other.issuer.keys.map(({ value }) => value);
    outcomeIn(await other.run({ order: ROLLBACK }));
    expect(await other.watch.current()).toBe(first);
    other.clock.advance(52 * MINUTE);
    expect(outcomeIn(await other.run({ order: ROLLBACK }))).toMatchObject({ exitCode: 0 });
    expect(await other.watch.current()).toBe(second);
  });

  it('that was cut short goes back to no key that expires meanwhile, and says so', async () => {
    const scene = await expiring(2 * HOUR);
    scene.clock.advance(HOUR + 40 * MINUTE);
    const process = scene.clock.process();
    const around: Around = (call, perform) =>
      call.op === 'store.stage'
        ? faulty('crash-after', { crash: () => process.kill(), later: () => undefined }, perform)
        : perform();
    const order = { ...ROLLBACK, now: true } as const;
    expect(await scene.run({ order, process, around })).toBe('crashed');
    scene.clock.advance(14 * MINUTE);
    expect(outcomeIn(await scene.run())).toMatchObject({
      exitCode: 4,
      problems: [{ code: 'GUARDED', message: expect.stringContaining('about to expire') }],
    });
    const [, second] = scene.issuer.keys;
    expect(await scene.watch.current()).toBe(second?.value);
    scene.clock.advance(2 * DAY);
    outcomeIn(await scene.run());
    expect(second?.diedAt).toBeNull();
    expect(scene.watch.violations).toEqual([]);
  });

  it('says that it did not go back where the value that was staged for it is gone', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    let staged: string | undefined;
    const around: Around = async (call, perform) => {
      if (call.op === 'store.stage') {
        const done = (await perform()) as { readonly version: string };
        staged = done.version;
        await scene.store.discard(NAME, staged, never);
        return done;
      }
      return perform();
    };
    const outcome = outcomeIn(await scene.run({ order: ROLLBACK, around }));
    expect(staged).toBeDefined();
    expect(outcome).toMatchObject({ exitCode: 4, problems: [{ code: 'GUARDED' }] });
    expect(await scene.watch.current()).toBe(scene.issuer.keys[1]?.value);
  });

  it('to a key that expires in its overlap ends with 6, and the way forth is named', async () => {
    const scene = await expiring(2 * HOUR);
    scene.clock.advance(HOUR);
    outcomeIn(await scene.run({ order: ROLLBACK }));
    scene.clock.advance(70 * MINUTE);
    const outcome = outcomeIn(await scene.run());
    expect(outcome).toMatchObject({ exitCode: 6, hint: expect.stringContaining('keyturn rollback') });
    outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(await scene.watch.current()).toBe(scene.issuer.keys[1]?.value);
  });

  it('after promote: the previous key becomes current as a new version, the other retires with the overlap', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    const before = await scene.watch.ledger();
    scene.clock.advance(HOUR);
    const outcome = outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(outcome).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    expect(await scene.watch.current()).toBe(scene.issuer.keys[0]?.value);
    const ledger = await scene.watch.ledger();
    expect(ledger?.keys.map((key) => key.state)).toEqual(['current', 'retiring']);
    expect(ledger?.keys[0]?.currentAs).not.toBe(before?.keys[0]?.currentAs);
    expect(ledger?.hold?.kind).toBe('rollback');
    scene.clock.advance(DAY - HOUR);
    expect(scene.issuer.isAlive(scene.issuer.keys[1]?.value ?? '')).toBe(true);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[1]?.diedAt).toBeNull();
    scene.clock.advance(HOUR + 1);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[1]?.diedAt).not.toBeNull();
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'held', exitCode: 4 });
    expect(scene.issuer.keys).toHaveLength(2);
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('--now ends the other key at once', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    scene.watch.allowed.earlyDeath = true;
    const outcome = outcomeIn(await scene.run({ order: { ...ROLLBACK, now: true } }));
    expect(outcome).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(scene.issuer.keys.map((key) => key.diedAt === null)).toEqual([true, false]);
    expect(scene.watch.violations).toEqual([]);
  });

  it.each(['store.stage', 'issuer.create', 'store.promote'] as const)(
    'before promote it means abandon: stopped at %s',
    async (op) => {
      for (const when of ['crash-before', 'crash-after'] as const) {
        const scene = await adopted();
        await crashAt(scene, op, when);
        const landed = op === 'store.promote' && when === 'crash-after';
        const outcome = outcomeIn(await scene.run({ order: ROLLBACK }));
        expect([0, 3, 4]).toContain(outcome.exitCode);
        const ledger = await scene.watch.ledger();
        expect(ledger?.hold?.kind, `${op} ${when}`).toMatch(/rollback|moved/);
        expect(ledger?.rotation === undefined || landed).toBe(true);
        scene.clock.advance(2 * DAY);
        outcomeIn(await scene.run());
        scene.clock.advance(2 * DAY);
        outcomeIn(await scene.run());
        await scene.watch.atRest();
        expect(scene.watch.violations, `${op} ${when}`).toEqual([]);
      }
    },
  );

  it('settles a promote that may still land before its key may die: current is written again', async () => {
    const scene = await adopted();
    await crashAt(scene, 'store.promote', 'crash-before');
    const was = await scene.watch.ledger();
    outcomeIn(await scene.run({ order: ROLLBACK }));
    const ledger = await scene.watch.ledger();
    expect(ledger?.keys[0]?.currentAs).not.toBe(was?.keys[0]?.currentAs);
    expect([...scene.watch.entries.values()].map((entry) => entry.event)).toContain('current-rewritten');
    expect(ledger?.keys[1]).toMatchObject({ state: 'retiring' });
    scene.clock.advance(DAY - HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[1]?.diedAt).toBeNull();
    scene.clock.advance(2 * HOUR);
    outcomeIn(await scene.run());
    expect(scene.issuer.keys[1]?.diedAt).not.toBeNull();
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('what was staged to write current again, before others changed it, is let go and staged anew', async () => {
    const scene = await adopted();
    await crashAt(scene, 'store.promote', 'crash-before');
    let old: string | undefined;
    const around: Around = async (call, perform) => {
      const [request] = call.args as [StageRequest];
      if (call.op === 'store.stage' && request.mark.includes('.s') && old === undefined) {
        const text = Secret.of('an older document');
        old = (await scene.store.stage({ ...request, text }, never)).version;
      }
      return perform();
    };
    outcomeIn(await scene.run({ order: ROLLBACK, around }));
    await scene.untilRest();
    expect(old).toBeDefined();
    expect(await scene.store.read(NAME, { version: old ?? '' }, never)).toBeNull();
    expect([...scene.watch.entries.values()].map((entry) => entry.event)).toContain('current-rewritten');
    expect(scene.watch.violations).toEqual([]);
  });

  it('a promote whose answer did not come before the end of the run may still land, and is not forgotten', async () => {
    const scene = await adopted();
    const ending = new AbortController();
    const around: Around = (call, perform) => {
      if (call.op !== 'store.promote') return perform();
      ending.abort();
      scene.late.push(() => perform('late'));
      return new Promise(() => undefined);
    };
    const outcome = outcomeIn(await scene.run({ around, patch: { signal: ending.signal } }));
    expect(outcome.exitCode).toBe(130);
    expect((await scene.watch.ledger())?.keys[1]?.promoteEntered).toBeDefined();
    expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'overlap', exitCode: 0 });
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('a promote that arrives after the rewrite fails', async () => {
    const scene = await adopted();
    await crashAt(scene, 'store.promote', 'late');
    const held = scene.late.splice(0);
    expect(held).toHaveLength(1);
    scene.clock.advance(HOUR);
    outcomeIn(await scene.run({ order: ROLLBACK }));
    await expect(held[0]?.()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await scene.watch.current()).toBe(scene.issuer.keys[0]?.value);
  });

  it.each(['store.stage', 'store.promote', 'ledger.save'])(
    'the rewrite survives a crash at %s',
    async (op) => {
      for (const when of ['crash-before', 'crash-after'] as const) {
        for (let nth = 1; nth <= 6; nth += 1) {
          const scene = await adopted();
          await crashAt(scene, 'store.promote', 'crash-before');
          const process = scene.clock.process();
          let seen = 0;
          const around: Around = (call, perform) => {
            if (call.op !== op) return perform();
            seen += 1;
            const crash = { crash: () => process.kill(), later: () => undefined };
            return seen === nth ? faulty(when, crash, perform) : perform();
          };
          await scene.run({ order: ROLLBACK, process, around });
          for (const pause of [61_000, DAY + HOUR, DAY + HOUR]) {
            scene.clock.advance(pause);
            const order = pause === 61_000 && (await scene.watch.ledger())?.rotation ? ROLLBACK : undefined;
            outcomeIn(await scene.run(order === undefined ? {} : { order }));
          }
          scene.clock.advance(2 * DAY);
          outcomeIn(await scene.run());
          await scene.watch.atRest();
          expect(scene.watch.violations, `${op} #${nth} ${when}`).toEqual([]);
        }
      }
    },
  );

  it('refuses where there is no previous key, or its revocation was entered', async () => {
    const scene = await adopted();
    expect(outcomeIn(await scene.run({ order: ROLLBACK }))).toMatchObject({
      outcome: 'refused',
      exitCode: 4,
    });
    outcomeIn(await scene.run());
    scene.clock.advance(DAY + HOUR);
    const process = scene.clock.process();
    const around: Around = (call, perform) =>
      call.op === 'issuer.revoke'
        ? faulty('crash-before', { crash: () => process.kill(), later: () => undefined }, perform)
        : perform();
    expect(await scene.run({ process, around })).toBe('crashed');
    scene.clock.advance(61_000);
    const outcome = outcomeIn(await scene.run({ order: ROLLBACK }));
    expect(outcome).toMatchObject({ outcome: 'refused', exitCode: 4 });
    expect(await scene.watch.current()).toBe(scene.issuer.keys[1]?.value);
  });

  it('refuses a previous key that does not answer as working', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    scene.issuer.kill(scene.issuer.keys[0]?.value ?? '');
    expect(outcomeIn(await scene.run({ order: ROLLBACK }))).toMatchObject({
      outcome: 'refused',
      exitCode: 4,
    });
    expect(await scene.watch.current()).toBe(scene.issuer.keys[1]?.value);
  });
});

describe('revoke', () => {
  it('ends the overlap now', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    scene.watch.allowed.earlyDeath = true;
    const outcome = outcomeIn(await scene.run({ order: { do: 'revoke', reason: 'done with it' } }));
    expect(outcome).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(scene.issuer.keys[0]?.diedAt).not.toBeNull();
    await scene.watch.atRest();
    expect(scene.watch.violations).toEqual([]);
  });

  it('ends nothing that began to retire since: somebody put the old key back, and nobody has seen it', async () => {
    const scene = await adopted();
    outcomeIn(await scene.run());
    const [old, fresh] = scene.issuer.keys;
    await scene.overwrite(old?.value ?? '');
    const order = { do: 'revoke', reason: 'done with it' } as const;
    const refused = outcomeIn(await scene.run({ order }));
    expect([refused.outcome, refused.exitCode]).toEqual(['refused', 4]);
    expect(refused.hint).toContain('keyturn status');
    expect((await scene.watch.ledger())?.keys.filter(({ endNow }) => endNow !== undefined)).toEqual([]);
    outcomeIn(await scene.run());
    scene.watch.allowed.earlyDeath = true;
    expect(outcomeIn(await scene.run({ order })).exitCode).toBe(0);
    expect([old?.diedAt, fresh?.diedAt]).toEqual([null, expect.any(Number)]);
    expect(scene.watch.violations).toEqual([]);
  });

  it('says that there is nothing to revoke', async () => {
    const scene = await adopted();
    const outcome = outcomeIn(await scene.run({ order: { do: 'revoke', reason: 'x' } }));
    expect(outcome).toMatchObject({ outcome: 'refused', exitCode: 2 });
  });

  it('--attest settles by a person and never says revoked', async () => {
    const scene = await adopted({ traits: { secretFrom: 'issuer', revokesBy: 'operator', proves: false } });
    outcomeIn(await scene.run({ order: { do: 'rotate', reason: 'test' } }));
    const order = { do: 'revoke', reason: 'removed it', attest: 'kim' } as const;
    outcomeIn(await scene.run({ order }));
    const ledger = await scene.watch.ledger();
    expect(ledger?.keys[0]).toMatchObject({ state: 'settled', proof: { by: 'operator', who: 'kim' } });
    expect(ledger?.rotation).toBeUndefined();
  });
});

describe('forget', () => {
  it('settles a possible orphan, and nothing else', async () => {
    const scene = await adopted({ traits: { longestLife: null } });
    await crashAt(scene, 'issuer.create', 'crash-after');
    const outcome = outcomeIn(await scene.run());
    expect(outcome).toMatchObject({ exitCode: 4 });
    const row = (await scene.watch.ledger())?.keys.find((key) => key.state === 'possible');
    const who = { reason: 'removed at the dashboard', who: 'kim' };
    const wrong = outcomeIn(await scene.run({ order: { do: 'forget', orphan: 'r-no.1', ...who } }));
    expect(wrong).toMatchObject({ outcome: 'refused', exitCode: 2 });
    scene.issuer.kill(scene.issuer.keys[1]?.value ?? '');
    for (const _ of [1, 2]) {
      const right = outcomeIn(await scene.run({ order: { do: 'forget', orphan: row?.id ?? '', ...who } }));
      expect(right.exitCode).toBe(0);
    }
    const settled = (await scene.watch.ledger())?.keys.find((key) => key.id === row?.id);
    expect(settled).toMatchObject({ state: 'settled', proof: { by: 'operator', who: 'kim' } });
    await scene.untilRest();
    expect(scene.watch.violations).toEqual([]);
  });
});
