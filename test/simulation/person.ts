import { isDead, owedRevocations } from '../../src/core/rows.ts';
import { type Command, type Result, remove, removeOrphan } from './commands.ts';
import { makeByHand } from './issuer.ts';
import { operation } from './schedule.ts';
import { put } from './store.ts';
import type { Credential } from './truth.ts';
import { DAY, HOUR, MINUTE } from './world.ts';

/**
 * So many commands, by a job and by a person who does what the output says, bring everything to rest (I7); so many more
 * for each key that the issuer gives meanwhile and that is of no use, and for each stranger who comes in between.
 */
const MOST_RUNS = 16;
const MORE_RUNS = 6;

/** Runs without faults, with a person at hand, until nothing is left to do. */
export async function settle(one: Credential): Promise<void> {
  const { sim, again, keys } = one;
  const credential = sim.credentials.indexOf(one);
  const setbacks = (): number =>
    one.intrusions + again.size + keys.filter((key) => key.endedAt === key.issuedAt).length;
  const before = setbacks();
  const most = (): number => MOST_RUNS + MORE_RUNS * (setbacks() - before);
  let command: Command = 'run';
  let said = '';
  for (let runs = 0; runs < most(); runs += 1) {
    const typed = operation(10_000 + credential * 1_000 + runs, command, 0, runs % 2, credential);
    const last = (await sim.command(typed)) as Result;
    if (unrest(one) === null) return;
    said = last.text;
    command = nextCommand(one, last, runs);
    await sim.pause(pauseBefore(one, command, last));
  }
  sim.fail('I7', `after ${most()} runs: ${unrest(one)}; the last said ${said}`);
}

/** What is left to do, as issuer, store and ledger have it; null: nothing. */
function unrest(one: Credential): string | null {
  const { ledger, sim, sunk, plan } = one;
  const { hooks, mirrors } = plan.policy;
  if (ledger === null) return 'there is no ledger';
  const { rotation, owed, hold, lease, keys, trail } = ledger;
  const current = one.current();
  const value = one.valueIn(one.text());
  const rows = keys.filter((row) => !isDead(row) && row.state !== 'possible');
  const waived = keys.filter(({ state }) => state === 'possible' || state === 'settled').map(({ id }) => id);
  const beside = one.live().find((key) => key !== current && key.mark && !waived.includes(key.mark));
  // What was only written again tells nobody anything.
  const held = keys.find(({ state }) => state === 'current')?.id;
  const placed = one.said.has(`promoted ${held}`) || one.said.has(`current-moved-by-someone ${held}`);
  const behind = one.mirrorKnown && one.mirror !== value;
  const known = plan.family !== 'random'; // what nobody can tell of such a key
  const left: readonly (readonly [left: boolean, what: string])[] = [
    [rotation !== undefined, `a rotation is open at ${rotation?.phase}`],
    [owed.length > 0, 'hooks or mirrors are owed'],
    [owedRevocations(ledger).length > 0, 'a revocation is owed'],
    [hold !== undefined, `held: ${hold?.reason}`],
    [Date.parse(lease?.until ?? '2000') > sim.clock.time + 6 * MINUTE, 'a lease is left'],
    [keys.some((row) => isDead(row) && row.storeVersion !== undefined), 'the value of a dead key is kept'],
    [known && (current === null || !one.lives(current)), 'the key in current does not work'],
    [placed && hooks.length > 0 && one.told !== value, 'the hook was not told'],
    [placed && mirrors.length > 0 && behind, 'the mirror is behind'],
    [known && (rows.length !== 1 || one.keyOf(rows[0]) !== current), 'rows are left'],
    [known && beside !== undefined, `${beside?.id} lives beside the one in current`],
    [sim.schedule.sink !== 'none' && sunk.length < trail.count, 'the sink lacks entries'],
  ];
  return left.find(([is]) => is)?.[1] ?? null;
}

/** What somebody would type who reads what the last command said, and does by hand what it asks for. */
function nextCommand(one: Credential, { outcome, text, code }: Result, runs: number): Command {
  const { ledger, plan, sim } = one;
  const { proves, revokesBy, maxLive } = plan.traits;
  const said = outcome === null ? text : `${outcome.reason}; ${outcome.hint}`;
  const current = one.current();
  const rows = ledger?.keys ?? [];
  const idle = rows.filter(({ state }) => state === 'retiring' || state === 'pending');
  // Where nothing moves and slots are few, a person looks at the issuer and removes what nobody reads.
  if (runs === MOST_RUNS / 2 && typeof maxLive === 'number') remove(one, one.live());
  if (ledger?.rotation?.waiting !== undefined) return 'provide';
  for (const row of revokesBy === 'operator' ? idle : []) {
    const until = Date.parse(row.overlapFrom ?? '9999') + plan.policy.overlap + HOUR / 2;
    const over = row.state === 'retiring' && (until < sim.clock.time || row.endNow !== undefined);
    const abandoned = row.state === 'pending' && row.id !== ledger?.rotation?.new;
    const key = one.keyOf(row);
    if (key === null || key === current || !(over || abandoned)) continue;
    if (!proves) return 'revoke --attest';
    remove(one, [key]);
  }
  const named = /remove (\S+) at the issuer by hand/.exec(said)?.[1];
  const unused = idle.filter(({ id }) => !idle.some((row) => row.id === named) || id === named);
  const keysOf = unused.map((row) => one.keyOf(row));
  if (said.includes('at the issuer by hand')) remove(one, keysOf);
  if (said.includes('set accept: gap')) Object.assign(plan.policy, { acceptGap: true, config: 'config-2' });
  if (text.includes('slots')) {
    const known = rows.map((row) => one.keyOf(row));
    const unknown = one.live().filter((key) => !known.includes(key) && key.mark === null);
    remove(one, unknown);
    if (removeOrphan(one) !== 'none') return 'forget';
  }
  const mine = one.keyOf(rows.find(({ state }) => state === 'current'));
  if (said.includes('put it back by hand') && mine !== null && one.lives(mine)) {
    put(one, mine.value);
    return 'run';
  }
  if (/keyturn rollback (now|while)/.test(said) && runs % 3 > 0) return 'rollback';
  if (said.includes('--again')) return 'emergency --again';
  if (said.includes('keyturn emergency')) return 'emergency';
  if (said.includes('keyturn adopt')) {
    // A key that is dead is not adopted: the person puts one there that works.
    if (current === null || !one.lives(current)) put(one, makeByHand(one).value);
    return 'adopt';
  }
  if (said.includes('keyturn forget')) return 'forget';
  if (code === 6) return 'emergency';
  const held = ledger?.hold !== undefined && ledger.rotation === undefined;
  return said.includes('keyturn rotate') || held ? 'rotate' : 'run';
}

/** How long until that is typed. */
function pauseBefore({ ledger, plan, sim }: Credential, command: Command, { outcome }: Result): number {
  if (command !== 'run') return MINUTE;
  const until = outcome?.until ?? null;
  if (until !== null) return Math.min(until - sim.clock.time + 11 * MINUTE, 2 * DAY);
  const retiring = ledger?.keys.some(({ state }) => state === 'retiring') ?? false;
  return retiring ? plan.policy.overlap + HOUR : 5 * HOUR;
}
