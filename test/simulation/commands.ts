import { textWith } from '../../src/core/document.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import { type Order, settleable } from '../../src/core/protocol/orders.ts';
import { Secret } from '../../src/core/secret.ts';
import { adopt } from '../../src/engine/adopt.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import { provide } from '../../src/engine/provide.ts';
import { drive } from '../../src/engine/rotate.ts';
import type { Run } from '../../src/engine/run.ts';
import type { Command } from './schedule.ts';
import type { Simulated, Simulation } from './simulate.ts';
import { MINUTE } from './world.ts';

/** How a command ended, as far as who typed it can tell. */
export interface Result {
  readonly code: number;
  /** What it says, secrets and all if there are any. */
  readonly text: string;
  readonly outcome: Outcome | null;
}

/** The shortest overlap that an operator asks for. */
const SHORT_OVERLAP = 10 * MINUTE;
const reason = 'asked for';

/** Carries out one command of keyturn to its end. */
export async function obey(sim: Simulation, one: Simulated, run: Run, command: Command): Promise<Result> {
  const before = `${one.watch.ledger?.rotation?.id} ${one.watch.promotes}`;
  try {
    const outcome = await typed(one, run, command);
    const last = one.watch.ledger?.savedBy === run.runner.owner;
    if (last) saidAndDone(sim, one, command, outcome, before);
    const { exitCode: code, outcome: name, hint, problems } = outcome;
    return { code, text: `${code} ${JSON.stringify([name, outcome.reason, hint, problems])}`, outcome };
  } catch (caught) {
    const known = caught instanceof KeyturnError && caught.code !== 'BUG';
    if (!known)
      sim.fail('BUG', caught instanceof Error ? `${caught.message} ${caught.stack}` : String(caught));
    const { exitCode: code, message, hint } = known ? caught : { exitCode: 1, message: '', hint: '' };
    return { code, text: `${code} ${message}; ${hint}`, outcome: null };
  }
}

async function typed(one: Simulated, run: Run, command: Command): Promise<Outcome> {
  const { allowed } = one.watch;
  const order = (what: Order): Promise<Outcome> => drive(run, what);
  if (command.startsWith('emergency')) allowed.emergency = true;
  switch (command) {
    case 'rotate':
      return order({ do: 'rotate', reason });
    case 'rotate --overlap':
      allowed.overlap = Math.min(allowed.overlap, SHORT_OVERLAP);
      return order({ do: 'rotate', reason, overlap: SHORT_OVERLAP });
    case 'rollback':
      return order({ do: 'rollback', reason });
    case 'rollback --now':
      allowed.overlap = 0;
      return order({ do: 'rollback', reason, now: true });
    case 'revoke':
      allowed.revoke = true;
      return order({ do: 'revoke', reason });
    case 'revoke --attest':
      allowed.settle = true;
      return order({ do: 'revoke', reason, attest: 'a person', ...removeOne(one) });
    case 'emergency':
      return order({ do: 'emergency', reason });
    case 'emergency --again':
      return order({ do: 'emergency', reason, again: true });
    case 'emergency --revoke-first':
      allowed.revokeFirst = true;
      return order({ do: 'emergency', reason, revokeFirst: true });
    case 'provide':
      return provide(run, Secret.of(one.issuer.handed().value));
    case 'adopt':
      return (await adopt(run, {})).outcome;
    case 'adopt by hand':
      return (await adopt(run, { secret: Secret.of(one.issuer.makeByHand(0).value) })).outcome;
    case 'forget':
      allowed.settle = true;
      return order({ do: 'forget', orphan: removeOrphan(one), reason, who: 'a person' });
    default:
      return order({ do: 'run' });
  }
}

/** A person who attests a removal has removed the key, and names it. */
function removeOne(one: Simulated): { readonly key?: string } {
  const row = one.watch.ledger === null ? undefined : settleable(one.watch.ledger)[0];
  const key = row === undefined ? null : one.watch.keyOf(row);
  if (key !== null && key !== one.watch.current()) one.issuer.endByHand(key);
  return row === undefined ? {} : { key: row.id };
}

/** A person who settles an orphan has looked for it, and removed it where it was. */
export function removeOrphan(one: Simulated): string {
  const rows = one.watch.ledger?.keys ?? [];
  const row = rows.find(
    ({ state, valueLost }) => state === 'possible' || (state === 'pending' && valueLost === true),
  );
  const key = one.issuer.live().find(({ mark }) => mark === row?.id);
  // The issuer gave it twice, and it is in place under another name.
  const stays = rows.some((other) => other.state === 'current' && one.watch.keyOf(other) === key);
  if (key !== undefined && !stays) one.issuer.endByHand(key);
  return row?.id ?? 'none';
}

/** What somebody does who knows nothing of keyturn. */
export function intrude(sim: Simulation, one: Simulated, command: Command): void {
  const text = sim.store.current(one.location);
  const current = one.watch.current();
  const put = (value: string): void =>
    sim.store.overwrite(one.location, textWith(Secret.of(value), text, one.fields));
  const rows = one.watch.ledger?.keys ?? [];
  const retiring = rows.flatMap((row) =>
    row.state === 'retiring' ? (one.watch.keyOf(row)?.value ?? []) : [],
  );
  if (command === 'stranger: foreign') put(one.issuer.makeByHand(0).value);
  if (command === 'stranger: back' && retiring[0] !== undefined) put(retiring[0]);
  if (command === 'stranger: removes' && text !== null && one.fields === undefined)
    sim.store.overwrite(one.location, null);
  if (command === 'issuer: ends current' && current?.mark) one.issuer.endByHand(current);
  if (command === 'stranger: edits' && text !== null && one.fields !== undefined) {
    sim.store.overwrite(one.location, textWith(Secret.of(`${sim.time.time}`), text, { value: 'OTHER' }));
  }
}

/** A command that says that all is well has done what it was told. */
function saidAndDone(
  sim: Simulation,
  one: Simulated,
  command: Command,
  { exitCode, outcome }: Outcome,
  before: string,
): void {
  if (exitCode !== 0) return;
  if (command.startsWith('emergency') && outcome !== 'waiting') {
    const left = (one.watch.ledger?.keys ?? []).filter(
      ({ state }) => state === 'retiring' || state === 'pending',
    );
    if (left.length > 0)
      sim.fail('I10', `${command} ends with 0 ${outcome}, and ${left.length} keys are not dead`);
  }
  // Another run may have put a key in place meanwhile, and an open rotation is resumed and not doubled.
  const alone = before === `undefined ${one.watch.promotes}`;
  if (command.startsWith('rotate') && outcome === 'none' && alone)
    sim.fail('I7', `${command} ends with 0, and did nothing`);
}
