import { KeyturnError } from '../../src/core/errors.ts';
import type { Issuer, IssuerTraits, Verification } from '../../src/core/issuer.ts';
import type { Policy } from '../../src/core/policy.ts';
import { Secret } from '../../src/core/secret.ts';
import type { SecretStore } from '../../src/core/store.ts';
import type { Run, Runner, World } from '../../src/engine/run.ts';

const DAY = 86_400_000;

/** A clock that moves only when somebody sleeps. */
export function virtualWorld(
  start = Date.parse('2026-11-22T00:00:00.000Z'),
): World & { advance(ms: number): void } {
  let now = start;
  let count = 0;
  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        // A deadline that never fires would otherwise hold the clock back: only short pauses move it.
        if (ms >= 10_000) {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          return;
        }
        now += ms;
        resolve();
      }),
    random: (bytes) => {
      count += 1;
      return Uint8Array.from({ length: bytes }, (_, index) => (count >> (8 * index)) & 0xff);
    },
    advance: (ms) => {
      now += ms;
    },
  };
}

export interface FakeKey {
  readonly id: string;
  readonly value: string;
  readonly mark: string | null;
  readonly issuedAt: number;
  diedAt: number | null;
}

export interface FakeIssuer extends Issuer {
  readonly keys: FakeKey[];
  make(): FakeKey;
  isAlive(value: string | null): boolean;
  /** What the next calls do instead of their work. */
  readonly faults: {
    create?: 'lost' | 'refused' | 'unsent' | 'same';
    verify?: 'unknown';
    revoke?: 'lost' | 'refused';
  };
}

const PLAIN: IssuerTraits = {
  secretFrom: 'issuer',
  maxLive: 'unknown',
  revokesBy: 'secret',
  proves: true,
  marks: false,
  lists: false,
  lastUsed: false,
  settles: 0,
  sweeps: false,
  longestLife: 60 * DAY,
};

/** An issuer in memory that keeps its contract, with faults on demand. Not a model of any provider. */
export function fakeIssuer(world: World, traits: Partial<IssuerTraits> = {}): FakeIssuer {
  const keys: FakeKey[] = [];
  const faults: FakeIssuer['faults'] = {};
  const make = (mark: string | null = null): FakeKey => {
    const id = `key-${keys.length + 1}`;
    const key: FakeKey = {
      id,
      value: `fake-value-of-${id}-0000000000`,
      mark,
      issuedAt: world.now(),
      diedAt: null,
    };
    keys.push(key);
    return key;
  };
  const all: IssuerTraits = { ...PLAIN, ...traits };
  const find = (value: string | null): FakeKey | undefined => keys.find((key) => key.value === value);
  const issuer: FakeIssuer = {
    kind: 'fake',
    traits: all,
    keys,
    faults,
    make: () => make(),
    isAlive: (value) => find(value)?.diedAt === null,
    create: async ({ mark }) => {
      const fault = faults.create;
      delete faults.create;
      if (fault === 'refused') throw new KeyturnError('REFUSED', 'the issuer refuses', { hint: 'mend it' });
      if (fault === 'unsent')
        throw new KeyturnError('UNREACHABLE', 'no route', { hint: 'wait', unsent: true });
      const twin = keys.find((key) => key.diedAt === null);
      const key = fault === 'same' && twin !== undefined ? twin : make(mark);
      if (fault === 'lost') throw new KeyturnError('TIMEOUT', 'no answer', { hint: 'wait' });
      const facts = {
        issuedAt: new Date(key.issuedAt).toISOString(),
        ...(all.revokesBy === 'id' ? { issuerKeyId: key.id } : {}),
      };
      return { secret: Secret.of(key.value), facts };
    },
    verify: async (secret): Promise<Verification> => {
      if (faults.verify === 'unknown') return { verdict: 'unknown', message: 'no answer' };
      const key = find(secret.open());
      if (key === undefined || key.diedAt !== null)
        return { verdict: 'refused', why: 'dead', message: 'it is dead' };
      return { verdict: 'works', facts: {}, findings: [] };
    },
    revoke: async ({ secret, issuerKeyId }) => {
      const fault = faults.revoke;
      delete faults.revoke;
      if (fault === 'refused')
        throw new KeyturnError('UNAVAILABLE', 'broken', { hint: 'wait', unsent: true });
      const key = keys.find((one) => one.id === issuerKeyId) ?? find(secret?.open() ?? null);
      if (key !== undefined) key.diedAt ??= world.now();
      if (fault === 'lost') throw new KeyturnError('TIMEOUT', 'no answer', { hint: 'wait' });
    },
  };
  if (all.marks) {
    issuer.find = async (mark) => {
      const key = keys.find((one) => one.mark === mark && one.diedAt === null);
      return key === undefined ? null : { issuerKeyId: key.id, mark, facts: {} };
    };
  }
  if (all.lists) {
    issuer.list = async () =>
      keys.filter((key) => key.diedAt === null).map((key) => ({ issuerKeyId: key.id, facts: {} }));
  }
  return issuer;
}

export function policyOf(issuer: Issuer, patch: Partial<Policy> = {}): Policy {
  return {
    maxAge: 90 * DAY,
    renewBefore: null,
    overlap: DAY,
    lead: 14 * DAY,
    acceptGap: false,
    strictScopes: false,
    scopes: [],
    gates: [],
    hooks: [],
    mirrors: [],
    shared: false,
    config: 'config-1',
    converges: 0,
    issuer: {
      ...issuer.traits,
      can: {
        register: issuer.register !== undefined,
        revoke: issuer.revoke !== undefined,
        find: issuer.find !== undefined,
        list: issuer.list !== undefined,
        slots: issuer.slots !== undefined,
      },
    },
    ...patch,
  };
}

let owners = 0;

export function runner(patch: Partial<Runner> = {}): Runner {
  owners += 1;
  return { owner: `run-${owners}`, host: 'host-a', isGone: () => false, by: 'test', ...patch };
}

export function runOf(world: World, issuer: Issuer, store: SecretStore, patch: Partial<Run> = {}): Run {
  if (store.ledgers === undefined) throw new Error('the store has no ledgers');
  return {
    credential: { name: 'wa-test', issuer: 'fake', location: 'wa-test', tags: {} },
    issuer,
    store,
    ledgers: store.ledgers,
    policy: policyOf(issuer),
    world,
    runner: runner(),
    signal: new AbortController().signal,
    siblings: async () => [],
    effects: [],
    gates: [],
    sinks: [],
    takeLease: false,
    deadline: world.now() + 15 * 60_000,
    waitForOverlap: false,
    report: () => undefined,
    ...patch,
  };
}
