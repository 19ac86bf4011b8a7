import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Ledger, parseLedger } from '../../../src/core/ledger.ts';
import type { Policy } from '../../../src/core/policy.ts';
import type { LedgerStore, SecretStore } from '../../../src/core/store.ts';
import { adopt } from '../../../src/engine/adopt.ts';
import type { Outcome } from '../../../src/engine/outcome.ts';
import { drive } from '../../../src/engine/rotate.ts';
import type { Run } from '../../../src/engine/run.ts';
import { type FakeIssuer, fakeIssuer } from '../../engine/fake-issuer.ts';
import type { ScenarioBench } from './bench.ts';

const DAY = 86_400_000;
const NAME = 'wa-prod';
/** Runs after which all must be at rest. */
const MOST_RUNS = 6;

/** One credential whose store is behind a front, and the engine in this process. */
export interface Trial {
  readonly issuer: FakeIssuer;
  readonly location: string;
  /** One run, as a new process would make it. */
  run(): Promise<Outcome>;
  /** Runs until there is nothing left to do; throws where that takes too many. */
  settle(): Promise<void>;
  ledger(): Promise<Ledger>;
  /** What is wrong with how things are at rest; empty: nothing. */
  faults(): Promise<readonly string[]>;
}

/** A credential with a key of 100 days that was adopted, so that a rotation is due. */
export async function startTrial(bench: ScenarioBench, overlap = 0): Promise<Trial> {
  // Between two runs time passes, so that pauses after failures are over.
  let shift = 0;
  const now = () => Date.now() + shift;
  const issuer = fakeIssuer({ now });
  const location = bench.location();
  const signal = new AbortController().signal;
  let runs = 0;

  const withStore = async <T>(work: (run: Run) => Promise<T>): Promise<T> => {
    const store = bench.openStore();
    runs += 1;
    shift += 3_600_000;
    try {
      return await work(runFor({ store, issuer, location, overlap, now, owner: `run-${runs}` }));
    } finally {
      await store.close?.();
    }
  };

  const old = issuer.make(100 * DAY);
  await bench.overwrite(location, old.value);
  await withStore((run) => adopt(run, {}));

  const trial: Trial = {
    issuer,
    location,
    run: () => withStore((run) => drive(run, { do: 'run' })),
    settle: async () => {
      const said: string[] = [];
      for (let round = 0; round < MOST_RUNS; round += 1) {
        const { outcome, reason, problems } = await trial.run();
        said.push(`${outcome}: ${reason}`);
        if (outcome === 'none' && problems.length === 0) return;
      }
      throw new Error(`not at rest after ${MOST_RUNS} runs: ${said.join('; ')}`);
    },
    ledger: () =>
      withStore(async ({ ledgers }) => {
        const found = await ledgers.load({ credential: NAME, location }, signal);
        return parseLedger(found?.document ?? '', NAME);
      }),
    faults: async () => {
      const { keys, rotation, owed } = await trial.ledger();
      const read = await bench.consume(location);
      const live = issuer.keys.filter(({ diedAt }) => diedAt === null);
      const lost = live.filter(
        ({ value }) =>
          value !== read && !keys.some(({ state }) => state === 'possible' || state === 'intended'),
      );
      return [
        ...(issuer.isAlive(read) ? [] : ['consumers read a key that is dead']),
        ...(rotation === undefined ? [] : [`a rotation is open in ${rotation.phase}`]),
        ...(owed.length === 0 ? [] : ['something is owed']),
        ...lost.map(({ id }) => `${id} lives, and is in no row`),
        ...keys.flatMap(({ id, state }) =>
          ['pending', 'retiring'].includes(state) ? [`${id} is still ${state}`] : [],
        ),
      ];
    },
  };
  return trial;
}

interface Parts {
  readonly store: SecretStore;
  readonly issuer: FakeIssuer;
  readonly location: string;
  readonly overlap: number;
  readonly now: () => number;
  readonly owner: string;
}

/** One run on the credential, as a process of its own would make it. */
export function runFor({ store, issuer, location, overlap, now, owner }: Parts): Run {
  return {
    credential: { name: NAME, issuer: 'fake', location, tags: {} },
    issuer,
    store,
    ledgers: store.ledgers as LedgerStore,
    policy: policyFor(issuer, store, overlap),
    world: {
      now,
      monotonic: () => performance.now(),
      random: (bytes) => randomBytes(bytes),
      sleep: async (ms, signal) => {
        await pause(ms, undefined, { signal });
      },
    },
    runner: { owner, host: 'here', process: owner, isGone: (_, other) => other !== owner, by: 'test' },
    signal: new AbortController().signal,
    siblings: async () => [],
    effects: [],
    gates: [],
    sinks: [],
    takeLease: false,
    deadline: now() + 300_000,
    waitForOverlap: false,
    report: () => undefined,
  };
}

function policyFor(issuer: FakeIssuer, store: SecretStore, overlap: number): Policy {
  return {
    maxAge: 90 * DAY,
    renewBefore: null,
    overlap,
    lead: 0,
    acceptGap: false,
    scopes: [],
    gates: [],
    hooks: [],
    mirrors: [],
    shared: false,
    config: 'scenario',
    converges: store.traits.converges,
    issuer: {
      ...issuer.traits,
      can: { register: false, revoke: true, find: false, list: false, slots: false },
    },
  };
}

/** Works on many at once, in the order given. */
export async function inBatches<Item>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: size }, worker));
}

export async function expectRest(trial: Trial, what: string): Promise<void> {
  expect(await trial.faults(), what).toEqual([]);
}
