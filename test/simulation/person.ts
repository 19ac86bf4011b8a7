import { textWith } from '../../src/core/document.ts';
import { isDead, owedRevocations } from '../../src/core/rows.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Result, removeOrphan } from './commands.ts';
import { fail } from './invariants.ts';
import type { Command } from './schedule.ts';
import type { Simulated, Simulation } from './simulate.ts';
import { DAY, HOUR, MINUTE } from './world.ts';

/** So many commands, by a job and by a person who does what the output says, bring everything to rest (I7). */
export const MOST_RUNS = 16;

/** Runs without faults, with a person at hand, until nothing is left to do. */
export async function settle(sim: Simulation, one: Simulated): Promise<void> {
  let command: Command = 'run';
  let last: Result | null = null;
  for (let runs = 0; runs < MOST_RUNS; runs += 1) {
    const credential = sim.credentials.indexOf(one);
    const id = 10_000 + credential * 1_000 + runs;
    last = await sim.command({
      id,
      command,
      at: 0,
      host: runs % 2,
      credential,
      takeLease: false,
      waits: false,
    });
    if (unrest(sim, one) === null) return;
    command = nextCommand(sim, one, last, runs);
    await sim.pause(pauseAfter(sim, one, last, command));
  }
  fail('I7', `after ${MOST_RUNS} runs: ${unrest(sim, one)}; the last said ${last?.text}`);
}

/** What is left to do, as issuer, store and ledger have it; null: nothing. */
function unrest(sim: Simulation, one: Simulated): string | null {
  const { watch, issuer, plan } = one;
  const ledger = watch.ledger;
  if (ledger === null) return 'there is no ledger';
  if (ledger.rotation !== undefined) return `a rotation is open at ${ledger.rotation.phase}`;
  if (ledger.owed.length > 0) return 'hooks or mirrors are owed';
  if (owedRevocations(ledger).length > 0) return 'a revocation is owed';
  if (ledger.hold !== undefined) return `held: ${ledger.hold.reason}`;
  const current = watch.current();
  if (plan.issuer.family === 'random') return null;
  if (current === null || !issuer.isLive(current)) return 'the key in current does not work';
  const rows = ledger.keys.filter((row) => !isDead(row) && row.state !== 'possible');
  if (rows.length !== 1 || watch.keyOf(rows[0] as (typeof rows)[0]) !== current) return 'rows are left';
  const possible = new Set(ledger.keys.filter((row) => row.state === 'possible').map((row) => row.id));
  const settled = new Set(ledger.keys.filter((row) => row.state === 'settled').map((row) => row.id));
  const others = issuer
    .live()
    .filter(
      (key) => key !== current && key.mark !== null && !possible.has(key.mark) && !settled.has(key.mark),
    );
  if (others.length > 0) return `${others[0]?.id} lives beside the one in current`;
  return sim.schedule.sink !== 'none' && one.taken.length < ledger.trail.count
    ? 'the sink lacks entries'
    : null;
}

/** What somebody would type who reads what the last command said. */
function nextCommand(sim: Simulation, one: Simulated, last: Result | null, runs: number): Command {
  const { watch, issuer, plan } = one;
  const ledger = watch.ledger;
  const hint = last?.outcome?.hint ?? last?.text ?? '';
  const current = watch.current();
  if (ledger?.rotation?.waiting !== undefined) return 'provide';
  if (plan.issuer.traits.revokesBy === 'operator') {
    for (const row of ledger?.keys ?? []) {
      const key = watch.keyOf(row);
      const over =
        row.overlapFrom !== undefined &&
        Date.parse(row.overlapFrom) + plan.policy.overlap + HOUR / 2 < sim.time.time;
      if (row.state !== 'retiring' || key === null || key === current || !(over || row.endNow !== undefined))
        continue;
      if (!plan.issuer.traits.proves) return 'revoke --attest';
      issuer.endByHand(key);
    }
    for (const row of ledger?.keys ?? []) {
      const key = watch.keyOf(row);
      if (row.state !== 'pending' || row.id === ledger?.rotation?.new || key === null) continue;
      issuer.endByHand(key);
      if (!plan.issuer.traits.proves) return 'revoke --attest';
    }
  }
  if (last?.text.includes('all slots') || last?.text.includes('slots at the issuer are taken')) {
    const known = new Set((ledger?.keys ?? []).map((row) => watch.keyOf(row)));
    for (const key of issuer.live()) if (!known.has(key) && key.mark === null) issuer.endByHand(key);
    if (removeOrphan(one) !== 'none') return 'forget';
  }
  if (hint.includes('keyturn rollback now') && runs % 3 > 0) return 'rollback';
  if (hint.includes('--again')) return 'emergency --again';
  if (last?.code === 6 || hint.includes('keyturn emergency')) return 'emergency';
  if (hint.includes('keyturn adopt')) {
    // A key that is dead is not adopted: the person puts one there that works.
    if (current === null || !issuer.isLive(current)) {
      const text = sim.store.current(one.location);
      const fresh = Secret.of(issuer.makeByHand(0).value);
      sim.store.overwrite(one.location, textWith(fresh, text, one.fields));
    }
    return 'adopt';
  }
  if (hint.includes('keyturn forget')) return 'forget';
  if (hint.includes('keyturn rotate') || (ledger?.hold !== undefined && ledger.rotation === undefined))
    return 'rotate';
  return 'run';
}

/** How long until that is typed. */
function pauseAfter(sim: Simulation, one: Simulated, last: Result | null, command: Command): number {
  if (command !== 'run') return MINUTE;
  const until = last?.outcome?.until ?? null;
  if (until !== null) return Math.min(until - sim.time.time + 11 * MINUTE, 2 * DAY);
  return (one.watch.ledger?.keys ?? []).some(({ state }) => state === 'retiring')
    ? one.plan.policy.overlap + HOUR
    : 5 * HOUR;
}
