import { describe, expect, it } from 'vitest';
import { KeyturnError } from '../../src/core/errors.ts';
import { LEDGER_MAX_BYTES } from '../../src/core/ledger.ts';
import type { TrailEntry, TrailSink } from '../../src/core/trail.ts';
import { entryHash, TRAIL_KEPT, TRAIL_START, TRAIL_WAITING_BYTES } from '../../src/core/trail.ts';
import type { Run } from '../../src/engine/run.ts';
import { outcomeIn, type Scene, sceneOf } from './scene.ts';
import { DAY, NAME } from './world.ts';

const at = { credential: NAME, location: NAME };
const never = new AbortController().signal;

interface FakeSink extends TrailSink {
  readonly got: TrailEntry[];
  down: boolean;
}

function sinkOf(id: string, required = false): FakeSink {
  const sink: FakeSink = {
    id,
    required,
    got: [],
    down: false,
    take: async (entries) => {
      if (sink.down) throw new KeyturnError('UNREACHABLE', `${id} does not answer`, { hint: 'mend it' });
      sink.got.push(...entries);
    },
  };
  return sink;
}

function expectChain(entries: readonly TrailEntry[]): void {
  let prev = TRAIL_START;
  let n = 0;
  for (const { hash, ...rest } of entries) {
    n += 1;
    expect(rest).toMatchObject({ n, prev });
    expect(entryHash(rest)).toBe(hash);
    prev = hash;
  }
}

async function live(scene: Scene, rotations: number): Promise<void> {
  for (let round = 0; round < rotations; round += 1) {
    outcomeIn(await scene.run({ order: { do: 'rotate', reason: `round ${round}` } }));
    scene.clock.advance(DAY + 1);
    outcomeIn(await scene.run());
    scene.clock.advance(DAY);
  }
}

async function documentOf(scene: Scene): Promise<string> {
  return (await scene.store.ledgers.load(at, never))?.document ?? '';
}

describe('the trail leaves through the ledger', () => {
  it('every sink gets every entry, in order, and the ledger keeps none of them', async () => {
    const sinks = [sinkOf('file'), sinkOf('url')];
    const scene = sceneOf({ sinks });
    outcomeIn(await scene.adopt(10));
    await live(scene, 2);
    for (const sink of sinks) {
      expect(sink.got.length).toBeGreaterThan(20);
      expectChain(sink.got);
    }
    const ledger = await scene.watch.ledger();
    expect(ledger?.trail.count).toBe(sinks[0]?.got.length);
    expect(ledger?.trail.taken).toEqual({ file: ledger?.trail.count, url: ledger?.trail.count });
    expect(scene.watch.violations).toEqual([]);
  });

  it('a sink that is down is reported and stops nothing; segments keep what it has not taken', async () => {
    const up = sinkOf('file');
    const down = sinkOf('url');
    down.down = true;
    const reports: string[] = [];
    const patch: Partial<Run> = {
      report: (progress) => {
        if (progress.kind === 'sink-down') reports.push(progress.sink);
      },
    };
    const scene = sceneOf({ sinks: [up, down] });
    outcomeIn(await scene.adopt(10, { patch }));
    await live(scene, 6);
    expect(new Set(reports)).toEqual(new Set(['url']));
    const ledger = await scene.watch.ledger();
    expect(ledger?.trail.segments?.length).toBeGreaterThan(1);
    expect(JSON.stringify(ledger?.trail.entries).length).toBeLessThanOrEqual(TRAIL_WAITING_BYTES);
    expect((await documentOf(scene)).length).toBeLessThanOrEqual(LEDGER_MAX_BYTES);
    expect(down.got).toEqual([]);
    down.down = false;
    outcomeIn(await scene.run());
    expectChain(down.got);
    expect(down.got).toHaveLength(up.got.length);
    const after = await scene.watch.ledger();
    expect(after?.trail.segments).toBeUndefined();
    for (const segment of ledger?.trail.segments ?? [])
      expect(await scene.store.ledgers.readSegment(at, segment.name, never)).toBeNull();
    expect(scene.watch.violations).toEqual([]);
  });

  it('a required sink that is down stops every effect but an emergency', async () => {
    const sink = sinkOf('url', true);
    const scene = sceneOf({ sinks: [sink] });
    outcomeIn(await scene.adopt(100));
    sink.down = true;
    for (const _ of [1, 2]) {
      expect(outcomeIn(await scene.run())).toMatchObject({ outcome: 'refused', exitCode: 4 });
    }
    expect(scene.issuer.keys).toHaveLength(1);
    scene.watch.allowed.earlyDeath = true;
    const outcome = outcomeIn(await scene.run({ order: { do: 'emergency', reason: 'leaked' } }));
    expect(outcome, outcome.reason).toMatchObject({ outcome: 'done', exitCode: 0 });
    expect(scene.issuer.keys.map((key) => key.diedAt === null)).toEqual([false, true]);
    sink.down = false;
    outcomeIn(await scene.run());
    expectChain(sink.got);
    expect(scene.watch.violations).toEqual([]);
  });

  it('without a sink the newest 40 stay', async () => {
    const scene = sceneOf();
    outcomeIn(await scene.adopt(10));
    await live(scene, 8);
    const ledger = await scene.watch.ledger();
    expect(ledger?.trail.count).toBeGreaterThan(TRAIL_KEPT);
    expect(ledger?.trail.entries.length).toBeLessThanOrEqual(TRAIL_KEPT);
    expect(ledger?.trail.segments).toBeUndefined();
    expect(scene.watch.violations).toEqual([]);
  });

  it('leaves the room in the ledger to an emergency, however many there were', async () => {
    const scene = sceneOf({ traits: { longestLife: null } });
    scene.watch.allowed.earlyDeath = true;
    outcomeIn(await scene.adopt(100));
    for (let count = 0; count < 12; count += 1) {
      const reason = `${count} ${'it leaked, and this is where and how. '.repeat(12)}`;
      outcomeIn(await scene.run({ order: { do: 'emergency', reason } }));
      expect(JSON.stringify(await scene.watch.ledger()).length).toBeLessThan(LEDGER_MAX_BYTES - 1024);
      scene.clock.advance(60_000);
    }
  });

  it('a sink that is added later gets what is still there, and nothing stops', async () => {
    const first = sinkOf('file');
    const scene = sceneOf({ sinks: [first] });
    outcomeIn(await scene.adopt(10));
    const late = sinkOf('late');
    outcomeIn(await scene.run({ patch: { sinks: [first, late] }, order: { do: 'rotate', reason: 'x' } }));
    expect(late.got.at(-1)?.n).toBe(first.got.at(-1)?.n);
    expect(scene.watch.violations).toEqual([]);
  });
});

describe('a ledger that is not ours to read', () => {
  const damage: Readonly<Record<string, (document: string) => string>> = {
    'of a newer version': (document) => document.replace('"version":1', '"version":2'),
    'cut short': (document) => document.slice(0, -40),
    "another credential's": (document) => document.replaceAll(NAME, 'wa-other'),
    'with an unknown field': (document) => document.replace('{', '{"surprise":1,'),
    empty: () => '',
  };
  it.each(Object.entries(damage))('%s: refused and untouched', async (_, change) => {
    const scene = sceneOf();
    outcomeIn(await scene.adopt(100));
    const saved = await scene.store.ledgers.load(at, never);
    const bad = change(saved?.document ?? '');
    expect(bad).not.toBe(saved?.document);
    const { revision } = await scene.store.ledgers.save(at, bad, saved?.revision ?? null, never);
    for (const order of [
      { do: 'run' },
      { do: 'rotate', reason: 'x' },
      { do: 'emergency', reason: 'x' },
      { do: 'rollback', reason: 'x' },
    ] as const) {
      const ended = await scene.bare({ order });
      expect(ended).toBeInstanceOf(KeyturnError);
      expect(ended).toMatchObject({ code: 'LEDGER' });
    }
    expect(await scene.store.ledgers.load(at, never)).toEqual({ document: bad, revision });
    expect(scene.issuer.keys).toHaveLength(1);
  });

  it('never grows over its limit: what does not fit is refused before anything is sent', async () => {
    const scene = sceneOf();
    outcomeIn(await scene.adopt(100));
    const saved = await scene.store.ledgers.load(at, never);
    const ledger = JSON.parse(saved?.document ?? '');
    const row = { state: 'possible', rotation: 'r1', attempt: 1, issuedAtFrom: 'unknown' };
    for (let n = 0; JSON.stringify(ledger).length < LEDGER_MAX_BYTES - 300; n += 1)
      ledger.keys.push({
        ...row,
        id: `r1.${n}`,
        window: { from: new Date(scene.clock.now()).toISOString() },
      });
    await scene.store.ledgers.save(at, JSON.stringify(ledger), saved?.revision ?? null, never);
    const ended = await scene.run({ order: { do: 'rotate', reason: 'x'.repeat(400) } });
    expect(ended).toMatchObject({ outcome: 'refused', exitCode: 4 });
    expect(scene.issuer.keys).toHaveLength(1);
  });
});
