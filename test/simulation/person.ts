import { textWith } from '../../src/core/document.ts';
import { isDead, owedRevocations } from '../../src/core/rows.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Result, removeOrphan } from './commands.ts';
import type { Command } from './schedule.ts';
import type { Simulated, Simulation } from './simulate.ts';
import { DAY, HOUR, MINUTE } from './world.ts';

/**
 * So many commands, by a job and by a person who does what the output says, bring everything to rest (I7); so many more
 * for each key that the issuer gives meanwhile and that is of no use.
 */
const MOST_RUNS = 16;
const MORE_RUNS = 6;

/** Runs without faults, with a person at hand, until nothing is left to do. */
export async function settle(sim: Simulation, one: Simulated): Promise<void> {
  const credential = sim.credentials.indexOf(one);
  let command: Command = 'run';
  let last: Result | null = null;
  const useless = one.issuer.useless;
  const most = (): number => MOST_RUNS + MORE_RUNS * (one.issuer.useless - useless);
  for (let runs = 0; runs < most(); runs += 1) {
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
  sim.fail('I7', `after ${most()} runs: ${unrest(sim, one)}; the last said ${last?.text}`);
}

/** What is left to do, as issuer, store and ledger have it; null: nothing. */
function unrest(sim: Simulation, one: Simulated): string | null {
  const { watch, issuer, plan, taken } = one;
  const { ledger } = watch;
  if (ledger === null) return 'there is no ledger';
  if (ledger.rotation !== undefined) return `a rotation is open at ${ledger.rotation.phase}`;
  if (ledger.owed.length > 0) return 'hooks or mirrors are owed';
  if (owedRevocations(ledger).length > 0) return 'a revocation is owed';
  if (ledger.hold !== undefined) return `held: ${ledger.hold.reason}`;
  if (Date.parse(ledger.lease?.until ?? '2000') > sim.time.time + 6 * MINUTE) return 'a lease is left';
  if (ledger.keys.some((row) => isDead(row) && row.storeVersion !== undefined))
    return 'the value of a dead key is kept';
  if (plan.issuer.family === 'random') return null;
  const current = watch.current();
  if (current === null || !issuer.isLive(current)) return 'the key in current does not work';
  const { hooks, mirrors } = plan.policy;
  const untold = hooks.length > 0 && one.told !== current.value;
  const placed = ledger.keys.some(({ state, replaced }) => state === 'current' && replaced !== undefined);
  if (placed && untold) return 'the hook was not told';
  if (placed && mirrors.length > 0 && one.mirror !== current.value) return 'the mirror is behind';
  const rows = ledger.keys.filter((row) => !isDead(row) && row.state !== 'possible');
  if (rows[0] === undefined || rows.length > 1 || watch.keyOf(rows[0]) !== current) return 'rows are left';
  const waived = ledger.keys
    .filter(({ state }) => state === 'possible' || state === 'settled')
    .map(({ id }) => id);
  const other = issuer
    .live()
    .find((key) => key !== current && key.mark !== null && !waived.includes(key.mark));
  if (other !== undefined) return `${other.id} lives beside the one in current`;
  return sim.schedule.sink !== 'none' && taken.length < ledger.trail.count ? 'the sink lacks entries' : null;
}

/** What somebody would type who reads what the last command said. */
function nextCommand(sim: Simulation, one: Simulated, last: Result, runs: number): Command {
  const { watch, issuer, plan } = one;
  const { ledger } = watch;
  const { proves, revokesBy } = plan.issuer.traits;
  const said = last.outcome === null ? last.text : `${last.outcome.reason}; ${last.outcome.hint}`;
  const current = watch.current();
  const rows = ledger?.keys ?? [];
  // Where nothing moves and slots are few, a person looks at the issuer and removes what nobody reads.
  const crowded = runs === MOST_RUNS / 2 && typeof plan.issuer.traits.maxLive === 'number';
  if (crowded) for (const key of issuer.live()) if (key !== current) issuer.endByHand(key);
  if (ledger?.rotation?.waiting !== undefined) return 'provide';
  for (const row of revokesBy === 'operator' ? rows : []) {
    const key = watch.keyOf(row);
    const end = Date.parse(row.overlapFrom ?? '9999') + plan.policy.overlap + HOUR / 2;
    const over = row.state === 'retiring' && (end < sim.time.time || row.endNow !== undefined);
    const abandoned = row.state === 'pending' && row.id !== ledger?.rotation?.new;
    if (key === null || key === current || !(over || abandoned)) continue;
    if (!proves) return 'revoke --attest';
    issuer.endByHand(key);
  }
  if (said.includes('at the issuer by hand')) {
    const others = rows
      .filter((row) => row.state === 'retiring' || row.state === 'pending')
      .map((row) => watch.keyOf(row));
    for (const key of others) if (key !== null && key !== current) issuer.endByHand(key);
  }
  if (last.text.includes('slots')) {
    const known = rows.map((row) => watch.keyOf(row));
    for (const key of issuer.live()) if (!known.includes(key) && key.mark === null) issuer.endByHand(key);
    if (removeOrphan(one) !== 'none') return 'forget';
  }
  if (said.includes('put it back by hand')) {
    const held = watch.keyOf(rows.find(({ state }) => state === 'current'));
    if (held !== null && issuer.isLive(held)) {
      sim.store.overwrite(
        one.location,
        textWith(Secret.of(held.value), sim.store.current(one.location), one.fields),
      );
      return 'run';
    }
  }
  if (said.includes('keyturn rollback now') && runs % 3 > 0) return 'rollback';
  if (said.includes('--again')) return 'emergency --again';
  if (last.code === 6 || said.includes('keyturn emergency')) return 'emergency';
  if (said.includes('keyturn adopt')) {
    // A key that is dead is not adopted: the person puts one there that works.
    if (current === null || !issuer.isLive(current)) {
      const fresh = Secret.of(issuer.makeByHand(0).value);
      sim.store.overwrite(one.location, textWith(fresh, sim.store.current(one.location), one.fields));
    }
    return 'adopt';
  }
  if (said.includes('keyturn forget')) return 'forget';
  const held = ledger?.hold !== undefined && ledger.rotation === undefined;
  return said.includes('keyturn rotate') || held ? 'rotate' : 'run';
}

/** How long until that is typed. */
function pauseAfter(sim: Simulation, { watch, plan }: Simulated, last: Result, command: Command): number {
  if (command !== 'run') return MINUTE;
  const until = last.outcome?.until ?? null;
  if (until !== null) return Math.min(until - sim.time.time + 11 * MINUTE, 2 * DAY);
  const retiring = watch.ledger?.keys.some(({ state }) => state === 'retiring') ?? false;
  return retiring ? plan.policy.overlap + HOUR : 5 * HOUR;
}
