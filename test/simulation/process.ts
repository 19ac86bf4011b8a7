import type { SiblingKey } from '../../src/core/protocol/seen.ts';
import { isDead } from '../../src/core/rows.ts';
import type { Secret } from '../../src/core/secret.ts';
import type { Run } from '../../src/engine/run.ts';
import { policyOf, runOf } from '../engine/world.ts';
import { issuerFor } from './issuer.ts';
import { sink as take } from './ledgers.ts';
import { mirrored } from './look.ts';
import { call, EFFECTS } from './network.ts';
import { Dice } from './random.ts';
import type { Operation } from './schedule.ts';
import { storeFor } from './store.ts';
import { CANARY } from './truth.ts';
import type { Actor } from './world.ts';

/** Everything that the engine is given in one process. */
export function runFor(actor: Actor, { takeLease, waits }: Operation): Run {
  const { one, owner, host, op } = actor;
  const { sim, name, location, fields, plan } = one;
  const { hooks, mirrors, gates } = plan.policy;
  const { seed, sink } = sim.schedule;
  const issuer = issuerFor(actor);
  const send = <T>(what: string, land: () => T): Promise<T> =>
    call(actor, what, EFFECTS.includes(what), land);
  const gate = (): string | null => {
    if (!sim.calm && sim.dice.chance(0.5)) return 'it is in use';
    one.gatePassedAt = sim.clock.time;
    return null;
  };
  const tell = (text: Secret): void => {
    one.told = one.valueIn(text.open());
  };
  const world = sim.clock.worldOf(actor, new Dice(seed, 3, op, Number(owner.slice(1))));
  const isGone = (where: string, process: string): boolean => where === host.name && sim.gone.has(process);
  return runOf(world, issuer, storeFor(actor), {
    credential: { name, issuer: 'simulated', location, tags: {}, ...(fields && { fields }) },
    policy: policyOf(issuer, plan.policy),
    runner: { owner, host: host.name, process: owner, isGone, by: 'simulation' },
    signal: actor.controller.signal,
    siblings: async () =>
      sim.credentials.flatMap((other) => {
        const rows = other === one ? [] : (other.ledger?.keys ?? []).filter((row) => !isDead(row));
        return rows.map((row) => ({ ...row, credential: other.name }) as SiblingKey);
      }),
    effects: [
      ...hooks.map((id) => ({
        name: id,
        kind: 'hook' as const,
        perform: ({ text }: { text: Secret }) => send('hook', () => tell(text)),
      })),
      ...mirrors.map((id) => ({
        name: id,
        kind: 'mirror' as const,
        perform: ({ text }: { text: Secret }) =>
          send('mirror', () => mirrored(one, one.valueIn(text.open()))),
        holds: (text: Secret) => send('read mirror', () => one.mirror === one.valueIn(text.open())),
      })),
    ],
    gates: gates.map((id) => ({ name: id, check: () => send('gate', gate) })),
    sinks:
      sink === 'none'
        ? []
        : [{ id: 'sink', required: sink === 'required', take: (all) => send('sink', () => take(one, all)) }],
    takeLease,
    waitForOverlap: waits,
    report: (progress) => {
      const told = JSON.stringify(progress);
      one.judge(`${owner} reports`, [['I6', 'a secret', told.includes(CANARY)]]);
    },
  });
}
