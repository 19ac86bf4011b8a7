import type { Issuer } from '../../src/core/issuer.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { SecretStore } from '../../src/core/store.ts';
import type { Run, Runner, World } from '../../src/engine/run.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const NAME = 'wa-test';

export function policyOf(issuer: Issuer, patch: Partial<Policy> = {}): Policy {
  return {
    maxAge: 90 * DAY,
    renewBefore: null,
    overlap: DAY,
    lead: 14 * DAY,
    acceptGap: false,
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

export function runnerOf(patch: Partial<Runner> = {}): Runner {
  owners += 1;
  return { owner: `run-${owners}`, host: 'host-a', isGone: () => false, by: 'test', ...patch };
}

export function runOf(world: World, issuer: Issuer, store: SecretStore, patch: Partial<Run> = {}): Run {
  if (store.ledgers === undefined) throw new Error('the store has no ledgers');
  return {
    credential: { name: NAME, issuer: 'fake', location: NAME, tags: {} },
    issuer,
    store,
    ledgers: store.ledgers,
    policy: policyOf(issuer),
    world,
    runner: runnerOf(),
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
