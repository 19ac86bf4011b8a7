import type { Ledger } from '../../src/core/ledger.ts';
import type { SiblingKey } from '../../src/core/protocol/seen.ts';
import { isDead } from '../../src/core/rows.ts';
import type { Secret } from '../../src/core/secret.ts';
import type { TrailEntry } from '../../src/core/trail.ts';
import type { Run, World } from '../../src/engine/run.ts';
import { policyOf, runOf } from '../engine/world.ts';
import { issuerFor } from './issuer.ts';
import { sink as take } from './ledgers.ts';
import { handOn } from './look.ts';
import { reach } from './network.ts';
import { Dice } from './random.ts';
import type { Operation } from './schedule.ts';
import type { Simulation } from './simulate.ts';
import { storeFor } from './store.ts';
import { CANARY, type Credential } from './truth.ts';
import type { Host } from './world.ts';

/** One process of keyturn, which carries out one operation. */
export const newActor = (sim: Simulation, operation: Operation, number: number) => ({
  operation,
  owner: `p${number}`,
  chance: new Dice(sim.schedule.seed, 3, operation.id, number),
  one: sim.credentials[operation.credential] as Credential,
  host: sim.hosts[operation.host] as Host,
  controller: new AbortController(),
  dead: false, // it never goes on, whatever comes back to it
  die: (): void => undefined,
  calls: 0, // so far
  began: 0, // when it sent the request that is being answered
  readAt: 0, // when it sent its last read of `current` that was answered
  askedAt: 0, // and its last question about a key
  asked: new Map<string | null, number>(), // the last one about each
  heard: new Map<string | null, string>(), // the last answer that came back for each
  saved: null as { readonly at: number; readonly ledger: Ledger } | null, // what it saved last
});
export type Actor = ReturnType<typeof newActor>;

/** Everything that the engine is given in one process. */
export function runFor(actor: Actor): Run {
  const { one, owner, operation } = actor;
  const { sim, name, location, fields, plan } = one;
  const { hooks, mirrors, gates } = plan.policy;
  const { sink } = sim.schedule;
  const host = `host-${operation.host}`;
  const issuer = issuerFor(actor);
  const beyond = reach(actor, beyondOf(one));
  return runOf(worldFor(actor), issuer, storeFor(actor), {
    credential: { name, issuer: 'simulated', location, tags: {}, ...(fields && { fields }) },
    policy: policyOf(issuer, plan.policy),
    runner: {
      owner,
      host,
      process: owner,
      isGone: (where, process) => where === host && sim.gone.has(process),
      by: 'simulation',
    },
    signal: actor.controller.signal,
    siblings: async () =>
      sim.credentials.flatMap(({ name: credential, ledger }) => {
        const rows = credential === name ? [] : (ledger?.keys ?? []).filter((row) => !isDead(row));
        return rows.map((row) => ({ ...row, credential }) as SiblingKey);
      }),
    effects: [
      ...hooks.map((id) => ({ name: id, kind: 'hook' as const, perform: beyond.hook })),
      ...mirrors.map((id) => ({
        name: id,
        kind: 'mirror' as const,
        perform: beyond.mirror,
        holds: beyond['read mirror'],
      })),
    ],
    gates: gates.map((id) => ({ name: id, check: beyond.gate })),
    sinks: sink === 'none' ? [] : [{ id: 'sink', required: sink === 'required', take: beyond.sink }],
    takeLease: operation.takeLease,
    waitForOverlap: operation.waits,
    report: (progress) => {
      const told = JSON.stringify(progress);
      one.judge(`${owner} reports`, [['I6', 'a secret', told.includes(CANARY)]]);
    },
  });
}

/** What a process reaches beside issuer and store. */
const beyondOf = (one: Credential) => ({
  hook: async ({ text }: { readonly text: Secret }) => handOn(one, 'told', one.valueIn(text.open())),
  mirror: async ({ text }: { readonly text: Secret }) => handOn(one, 'mirror', one.valueIn(text.open())),
  'read mirror': async (text: Secret) => one.mirror === one.valueIn(text.open()),
  gate: async () => {
    if (!one.sim.calm && one.sim.dice.chance(0.5)) return 'it is in use';
    one.gatePassedAt = one.sim.clock.time;
    return null;
  },
  sink: async (entries: readonly TrailEntry[]) => take(one, entries),
});

/** One for all: to make an error costs more than all that follows from it here. */
const ABORTED = new Error('aborted');

/** Time and chance as a process is given them. */
function worldFor(actor: Actor): World {
  const { one, host, chance } = actor;
  const { clock } = one.sim;
  return {
    now: () => Math.floor(clock.time + host.offset),
    monotonic: () => clock.time - host.slept,
    random: (bytes) => Uint8Array.from({ length: bytes }, () => chance.int(256)),
    sleep: (ms, timer) =>
      new Promise((resolve, reject) => {
        const abort = (): void => reject(ABORTED);
        if (timer.aborted) abort();
        timer.addEventListener('abort', abort);
        clock.later(ms, actor, resolve, timer);
      }),
  };
}
