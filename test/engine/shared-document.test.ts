import { describe, expect, it } from 'vitest';
import { createMemoryShelf } from '../../src/stores/memory.ts';
import { virtualClock } from './clock.ts';
import { PATIENCE, sampled } from './long.ts';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import { type Around, FAULTS, faulty } from './tap.ts';
import { DAY, HOUR } from './world.ts';

const never = new AbortController().signal;

interface Pair {
  readonly a: Scene;
  readonly b: Scene;
  readonly read: () => Promise<Record<string, unknown>>;
  /** Changes the third field, as a person would. */
  readonly byHand: (text: string) => Promise<void>;
  /** Tells each what the other keeps now. */
  readonly note: () => Promise<void>;
}

/** Two credentials whose keys are fields of one document, and a third field that is nobody's. */
async function pairOf(): Promise<Pair> {
  const shelf = createMemoryShelf();
  const clock = virtualClock();
  const common = { shelf, clock, location: 'team' } as const;
  const kept = { a: new Set<string>(), b: new Set<string>() };
  const a = sceneOf({ ...common, name: 'wa-a', fields: { value: 'TOKEN_A' }, others: () => kept.b });
  const b = sceneOf({ ...common, name: 'wa-b', fields: { value: 'TOKEN_B' }, others: () => kept.a });
  const read = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await a.store.read('team', 'current', never))?.text.open() ?? '{}');
  const byHand = async (text: string): Promise<void> => {
    await b.watch.look();
    await a.overwrite(JSON.stringify({ ...(await read()), PORT: text }, null, 2));
    await b.watch.look();
  };
  a.store.overwrite('team', '{"PORT": "1"}');
  for (const scene of [a, b]) {
    scene.watch.allowed.foreign = true;
    outcomeIn(await scene.adopt(100));
  }
  const note = async (): Promise<void> => {
    for (const [scene, versions] of [
      [a, kept.a],
      [b, kept.b],
    ] as const)
      for (const row of (await scene.watch.ledger())?.keys ?? [])
        if (row.storeVersion !== undefined) versions.add(row.storeVersion);
  };
  return { a, b, read, byHand, note };
}

async function rest({ a, b, byHand, note }: Pair): Promise<void> {
  for (let round = 0; round < 12; round += 1) {
    a.clock.advance(9 * HOUR);
    await byHand(`round ${round}`);
    for (const scene of [a, b]) outcomeIn(await scene.run());
  }
  await note();
  for (const scene of [a, b]) await scene.watch.atRest();
  expect([...a.watch.violations, ...b.watch.violations]).toEqual([]);
}

describe('two credentials in one document', () => {
  it('rotate side by side, while a third field changes by hand', async () => {
    const pair = await pairOf();
    outcomeIn(await pair.a.run());
    await pair.byHand('2');
    outcomeIn(await pair.b.run());
    await pair.byHand('3');
    expect(await pair.read()).toEqual({
      PORT: '3',
      TOKEN_A: pair.a.issuer.keys[1]?.value,
      TOKEN_B: pair.b.issuer.keys[1]?.value,
    });
    await rest(pair);
    expect(pair.a.issuer.keys).toHaveLength(2);
    expect(pair.b.issuer.keys).toHaveLength(2);
  });

  it('a change of the document between stage and promote is kept: the key is staged again on it', async () => {
    const pair = await pairOf();
    let changed = false;
    const around: Around = async (call, perform) => {
      if (call.op === 'store.promote' && !changed) {
        changed = true;
        await pair.byHand('between');
      }
      return perform();
    };
    outcomeIn(await pair.a.run({ around }));
    expect(await pair.read()).toMatchObject({ PORT: 'between', TOKEN_A: pair.a.issuer.keys[1]?.value });
    expect(pair.a.issuer.keys).toHaveLength(2);
    await rest(pair);
  });

  it('both may be between stage and promote at once', async () => {
    const pair = await pairOf();
    let entered = false;
    const around: Around = async (call, perform) => {
      if (call.op === 'store.promote' && !entered) {
        entered = true;
        outcomeIn(await pair.b.run());
      }
      return perform();
    };
    outcomeIn(await pair.a.run({ around }));
    expect(await pair.read()).toEqual({
      PORT: '1',
      TOKEN_A: pair.a.issuer.keys[1]?.value,
      TOKEN_B: pair.b.issuer.keys[1]?.value,
    });
    await rest(pair);
  });

  it("rollback writes today's document with only our field restored", async () => {
    const pair = await pairOf();
    outcomeIn(await pair.a.run());
    outcomeIn(await pair.b.run());
    await pair.byHand('today');
    outcomeIn(await pair.a.run({ order: { do: 'rollback', reason: 'test' } }));
    expect(await pair.read()).toEqual({
      PORT: 'today',
      TOKEN_A: pair.a.issuer.keys[0]?.value,
      TOKEN_B: pair.b.issuer.keys[1]?.value,
    });
    await rest(pair);
  });

  it.each(['store.stage', 'store.promote', 'store.read', 'store.discard'])(
    'every fault at %s',
    async (op) => {
      let place = op.length;
      for (const fault of FAULTS) {
        for (let nth = 1; nth <= 3; nth += 1) {
          place += 1;
          if (!sampled(place, 4)) continue;
          const pair = await pairOf();
          let seen = 0;
          for (const pause of [0, 61_000, DAY + HOUR]) {
            pair.a.clock.advance(pause);
            const process = pair.a.clock.process();
            const around: Around = (call, perform) => {
              if (call.op !== op) return perform();
              seen += 1;
              const later = (one: () => Promise<unknown>): void => {
                pair.a.late.push(one);
              };
              const crash = (): void => process.kill();
              return seen === nth ? faulty(fault, { crash, later }, perform) : perform();
            };
            await pair.a.run({ process, around });
            await pair.byHand(`${pause}`);
            outcomeIn(await pair.b.run());
          }
          try {
            await rest(pair);
          } catch (caught) {
            throw new Error(`${op} #${nth} ${fault}: ${(caught as Error).message}`);
          }
        }
      }
    },
    PATIENCE,
  );
});
