import { KeyturnError } from '../../src/core/errors.ts';
import type { IssuerTraits } from '../../src/core/issuer.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { Order } from '../../src/core/protocol/orders.ts';
import { Secret } from '../../src/core/secret.ts';
import type { TrailSink } from '../../src/core/trail.ts';
import { adopt } from '../../src/engine/adopt.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import { provide } from '../../src/engine/provide.ts';
import { drive } from '../../src/engine/rotate.ts';
import type { Gate, OwedEffect, Run, Runner } from '../../src/engine/run.ts';
import {
  createMemoryShelf,
  createMemoryStore,
  type MemoryShelf,
  type MemoryStore,
} from '../../src/stores/memory.ts';
import { type Clock, type Process, virtualClock } from './clock.ts';
import { type FakeIssuer, fakeIssuer } from './fake-issuer.ts';
import { type Watch, watch } from './invariants.ts';
import { type Around, type Perform, tapped } from './tap.ts';
import { HOUR, NAME, policyOf, runnerOf, runOf } from './world.ts';

export interface SceneOptions {
  readonly traits?: Partial<IssuerTraits>;
  readonly policy?: Partial<Policy>;
  readonly effects?: readonly OwedEffect[];
  readonly gates?: readonly Gate[];
  readonly sinks?: readonly TrailSink[];
  readonly clock?: Clock;
  readonly shelf?: MemoryShelf;
  readonly name?: string;
  readonly location?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** Versions at the same location that other credentials keep. */
  readonly others?: () => ReadonlySet<string>;
}

export type Ended = Outcome | KeyturnError | 'crashed';

/** The outcome, where there is one. */
export function outcomeIn(ended: Ended): Outcome {
  if (ended === 'crashed') throw new Error('crashed');
  if (ended instanceof KeyturnError) throw new Error(`${ended.code}: ${ended.message}`);
  return ended;
}

/** A run of a fresh process: what it does, and how to come between. */
export interface Task {
  readonly order?: Order;
  readonly around?: Around;
  readonly patch?: Partial<Run>;
  readonly runner?: Partial<Runner>;
  readonly process?: Process;
  /** Does something else than `drive`. */
  readonly work?: (run: Run) => Promise<Outcome>;
}

export interface Scene {
  readonly clock: Clock;
  readonly issuer: FakeIssuer;
  readonly store: MemoryStore;
  readonly watch: Watch;
  /** The policy of this credential with these changes. */
  readonly policy: (patch: Partial<Policy>) => Policy;
  /** Requests that are still under way although their sender is gone. */
  readonly late: (() => Promise<unknown>)[];
  run(options?: Task): Promise<Ended>;
  /** The same, unwatched: for ledgers that nobody can read. */
  bare(options?: Task): Promise<Ended>;
  /** Puts a key of this age into the store by hand, and adopts it. */
  adopt(ageDays: number, options?: Task): Promise<Ended>;
  adoptAgain(options?: Task): Promise<Ended>;
  /** Fresh runs, hours apart, with a person who does what is asked, until nothing changes any more. */
  untilRest(most?: number): Promise<void>;
  overwrite(text: string): Promise<void>;
  /** Takes the value away that consumers read. */
  remove(): void;
}

export function sceneOf(options: SceneOptions = {}): Scene {
  const clock = options.clock ?? virtualClock();
  const issuer = fakeIssuer(clock, options.traits);
  const shelf = options.shelf ?? createMemoryShelf();
  const store = createMemoryStore(shelf);
  const name = options.name ?? NAME;
  const location = options.location ?? name;
  const { fields } = options;
  const policy = policyOf(issuer, { shared: fields !== undefined, ...options.policy });
  const eye = watch({
    name,
    location,
    issuer,
    store,
    shelf,
    overlap: policy.overlap,
    now: clock.now,
    ...(options.others === undefined ? {} : { others: options.others }),
    ...(fields === undefined ? {} : { fields }),
  });
  const late: (() => Promise<unknown>)[] = [];

  const run = async (task: Task = {}): Promise<Ended> => {
    for (const arrive of late.splice(0)) await arrive().catch(() => undefined);
    await eye.look();
    const process = task.process ?? clock.process();
    let saved: number | null = null;
    const around: Around = async (call, perform) => {
      const performed: Perform = async (lately) => {
        const at = clock.now();
        const result = await perform(lately);
        if (call.op === 'ledger.save') saved = at;
        await eye.look();
        return result;
      };
      await process.turn();
      await eye.sending(call, saved);
      const result = task.around === undefined ? await performed() : await task.around(call, performed);
      await process.turn();
      return result;
    };
    const bare = runOf(process, issuer, store, {
      credential: { name, issuer: 'fake', location, tags: {}, ...(fields === undefined ? {} : { fields }) },
      policy,
      runner: runnerOf(task.runner),
      effects: (options.effects ?? []).map((effect) => tapped(effect, effect.kind, around)),
      gates: options.gates ?? [],
      sinks: options.sinks ?? [],
      report: eye.printed,
      ...task.patch,
    });
    const tappedRun: Run = {
      ...bare,
      issuer: tapped(bare.issuer, 'issuer', around),
      store: tapped(bare.store, 'store', around),
      ledgers: tapped(bare.ledgers, 'ledger', around),
    };
    const work = task.work ?? ((one: Run) => drive(one, task.order ?? { do: 'run' }));
    let done = false;
    const crashed = new Promise<'crashed'>((resolve) => {
      const poll = (): void => {
        if (process.dead) resolve('crashed');
        else if (!done) setImmediate(poll);
      };
      poll();
    });
    try {
      const ended = await Promise.race([work(tappedRun), crashed]);
      if (ended !== 'crashed') eye.printed({ ...ended, error: null });
      return ended;
    } catch (caught) {
      if (!(caught instanceof KeyturnError)) throw caught;
      eye.printed({ message: caught.message, hint: caught.hint });
      return caught;
    } finally {
      done = true;
    }
  };
  const adoptOld = async (ageDays: number, task: Task = {}): Promise<Ended> => {
    const key = issuer.make(ageDays * 24 * HOUR);
    const document = fields === undefined ? key.value : documentWith(store, location, fields, key.value);
    store.overwrite(location, await document);
    await eye.look();
    return adoptAgain(task);
  };
  const adoptAgain = (task: Task = {}): Promise<Ended> =>
    run({ ...task, work: async (one) => (await adopt(one, {})).outcome });

  const untilRest = async (most = 60): Promise<void> => {
    let quiet = 0;
    for (let round = 0; round < most && quiet < 3; round += 1) {
      clock.advance(7 * HOUR);
      await person();
      const ended = await run();
      if (ended instanceof KeyturnError) throw ended;
      if (ended === 'crashed') throw new Error('crashed');
      quiet = ended.outcome === 'none' ? quiet + 1 : 0;
    }
    await eye.atRest();
  };

  /** Makes the key that a rotation waits for, and removes those that are to be removed. */
  const person = async (): Promise<void> => {
    const ledger = await eye.ledger();
    if (ledger?.rotation?.waiting !== undefined) {
      const made = issuer.make();
      await run({ work: (one) => provide(one, Secret.of(made.value)) });
    }
    if (issuer.traits.revokesBy !== 'operator') return;
    const value = await eye.current();
    const retired = ledger?.keys.find((key) => key.state === 'retiring' && key.overlapFrom !== undefined);
    if (retired === undefined || Date.parse(retired.overlapFrom ?? '') + policy.overlap > clock.now()) return;
    for (const key of issuer.keys) if (key.value !== value) issuer.kill(key.value);
  };

  return {
    clock,
    issuer,
    store,
    watch: eye,
    policy: (patch) => ({ ...policy, ...patch }),
    late,
    run,
    bare: async (task = {}) => {
      try {
        return await drive(
          runOf(clock.process(), issuer, store, { policy, ...task.patch }),
          task.order ?? { do: 'run' },
        );
      } catch (caught) {
        if (caught instanceof KeyturnError) return caught;
        throw caught;
      }
    },
    adopt: adoptOld,
    adoptAgain,
    untilRest,
    remove: () => {
      const place = shelf.places.get(location);
      if (place !== undefined) place.current = null;
    },
    overwrite: async (text) => {
      await eye.look();
      store.overwrite(location, text);
      await eye.look();
    },
  };
}

async function documentWith(
  store: MemoryStore,
  location: string,
  fields: Readonly<Record<string, string>>,
  value: string,
): Promise<string> {
  const found = await store.read(location, 'current', new AbortController().signal);
  const document = JSON.parse(found?.text.open() ?? '{}') as Record<string, string>;
  return JSON.stringify({ ...document, [fields.value ?? 'value']: value });
}
