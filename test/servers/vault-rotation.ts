import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SecretStore } from '../../src/core/store.ts';
import { adopt } from '../../src/engine/adopt.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import { readLedger } from '../../src/engine/plan.ts';
import { drive } from '../../src/engine/rotate.ts';
import type { Run } from '../../src/engine/run.ts';
import { type FakeIssuer, fakeIssuer } from '../engine/fake-issuer.ts';
import { DAY, policyOf, runOf } from '../engine/world.ts';

const { signal } = new AbortController();

/** One credential on a real store, with an issuer in memory and a clock that can be put forward. */
export interface Rotation {
  readonly issuer: FakeIssuer;
  readonly location: string;
  /** Puts the clock forward by days. */
  later(days: number): void;
  run(store: SecretStore, patch?: Partial<Run>): Promise<Outcome>;
  adopt(store: SecretStore): Promise<unknown>;
  ledger(store: SecretStore): ReturnType<typeof readLedger>;
  /** A first key, its replacement, the overlap, the end of the old key: all that a rotation does. */
  whole(store: SecretStore): Promise<void>;
  current(store: SecretStore): Promise<string | null>;
}

export function rotationAt(
  location: string,
  of: { readonly name?: string; readonly fields?: Readonly<Record<string, string>> } = {},
): Rotation {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const issuer = fakeIssuer({ now });
  const world = {
    now,
    monotonic: () => performance.now() + ahead,
    random: (bytes: number) => randomBytes(bytes),
    sleep: async (ms: number, until: AbortSignal) => {
      await delay(ms, undefined, { signal: until, ref: false });
    },
  };
  const runWith = (store: SecretStore, patch: Partial<Run> = {}) =>
    runOf(world, issuer, store, {
      credential: {
        name: of.name ?? 'wa-test',
        issuer: 'fake',
        location,
        tags: {},
        ...(of.fields === undefined ? {} : { fields: of.fields }),
      },
      policy: policyOf(issuer, { shared: of.fields !== undefined }),
      ...patch,
    });
  const rotation: Rotation = {
    issuer,
    location,
    later: (days) => {
      ahead += days * DAY;
    },
    run: (store, patch) => drive(runWith(store, patch), { do: 'run' }),
    adopt: (store) => adopt(runWith(store), {}),
    ledger: (store) => readLedger(runWith(store)),
    whole: async (store) => {
      done(await rotation.run(store), 'done');
      rotation.later(100);
      done(await rotation.run(store), 'overlap');
      rotation.later(2);
      done(await rotation.run(store), 'done');
    },
    current: async (store) => (await store.read(location, 'current', signal))?.text.open() ?? null,
  };
  return rotation;
}

function done({ outcome, error, reason, code }: Outcome, expected: Outcome['outcome']): void {
  if (error !== null) throw error;
  if (outcome !== expected)
    throw new Error(`the run ended as ${outcome}, not ${expected}: ${code} ${reason}`);
}
