import { textWith } from '../../src/core/document.ts';
import { KeyturnError } from '../../src/core/errors.ts';
import type { Order } from '../../src/core/protocol/orders.ts';
import { settleable } from '../../src/core/protocol/orders.ts';
import { Secret } from '../../src/core/secret.ts';
import { adopt } from '../../src/engine/adopt.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import { provide } from '../../src/engine/provide.ts';
import { drive } from '../../src/engine/rotate.ts';
import type { Run } from '../../src/engine/run.ts';
import { fail } from './invariants.ts';
import type { Operation } from './schedule.ts';
import type { Simulated, Simulation } from './simulate.ts';
import { type Actor, MINUTE } from './world.ts';

/** How a command ended, as far as who typed it can tell. */
export interface Result {
  readonly code: number;
  readonly text: string;
  readonly outcome: Outcome | null;
  readonly defect: boolean;
}

/** The shortest overlap that an operator asks for. */
const SHORT_OVERLAP = 10 * MINUTE;

/** Types one command, or does what a stranger does. */
export async function obey(
  sim: Simulation,
  one: Simulated,
  actor: Actor,
  operation: Operation,
): Promise<Result> {
  const { command } = operation;
  if (command.startsWith('stranger') || command.startsWith('issuer')) return strangerActs(sim, one, command);
  const before = `${one.watch.ledger?.rotation?.id} ${one.watch.promotes}`;
  try {
    const outcome = await typed(one, sim.runOf(one, actor, operation), command);
    const text = JSON.stringify([outcome.outcome, outcome.reason, outcome.hint, outcome.problems]);
    saidAndDone(one, command, outcome, before);
    return { code: outcome.exitCode, text: `${outcome.exitCode} ${text}`, outcome, defect: false };
  } catch (caught) {
    if (!(caught instanceof KeyturnError)) throw caught;
    const text = `${caught.exitCode} ${caught.code}: ${caught.message}; ${caught.hint}`;
    return { code: caught.exitCode, text, outcome: null, defect: caught.code === 'BUG' };
  }
}

async function typed(one: Simulated, run: Run, command: Operation['command']): Promise<Outcome> {
  const { allowed } = one.watch;
  const reason = 'asked for';
  const order = (what: Order): Promise<Outcome> => drive(run, what);
  switch (command) {
    case 'rotate':
      return order({ do: 'rotate', reason });
    case 'rotate --overlap':
      allowed.overlap = SHORT_OVERLAP;
      return order({ do: 'rotate', reason, overlap: SHORT_OVERLAP });
    case 'rollback':
      return order({ do: 'rollback', reason });
    case 'rollback --now':
      allowed.rollbackNow = true;
      return order({ do: 'rollback', reason, now: true });
    case 'revoke':
      allowed.revoke = true;
      return order({ do: 'revoke', reason });
    case 'revoke --attest':
      allowed.settle = true;
      return order({ do: 'revoke', reason, attest: 'a person', ...removeOne(one) });
    case 'emergency':
      allowed.emergency = true;
      return order({ do: 'emergency', reason });
    case 'emergency --again':
      allowed.emergency = true;
      return order({ do: 'emergency', reason, again: true });
    case 'emergency --revoke-first':
      allowed.emergency = true;
      allowed.revokeFirst = true;
      return order({ do: 'emergency', reason, revokeFirst: true });
    case 'provide':
      return provide(run, Secret.of(one.issuer.makeByHand(0).value));
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
  const row = one.watch.ledger?.keys.find(
    ({ state, valueLost }) => state === 'possible' || (state === 'pending' && valueLost === true),
  );
  const key = one.issuer.live().find(({ mark }) => mark === row?.id);
  if (key !== undefined) one.issuer.endByHand(key);
  return row?.id ?? 'none';
}

/** Someone who knows nothing of keyturn. */
function strangerActs(sim: Simulation, one: Simulated, command: Operation['command']): Result {
  const text = sim.store.current(one.location);
  const nothing = { code: 0, text: 'done', outcome: null, defect: false };
  if (command === 'issuer: ends current') {
    const key = one.watch.current();
    if (key !== null && key.mark !== null) one.issuer.endByHand(key);
    return nothing;
  }
  const retiring = (one.watch.ledger?.keys ?? []).filter(({ state }) => state === 'retiring');
  const value =
    command === 'stranger: foreign'
      ? one.issuer.makeByHand(0).value
      : retiring.map((row) => one.watch.keyOf(row)?.value).find((known) => known !== undefined);
  if (value !== undefined) sim.store.overwrite(one.location, textWith(Secret.of(value), text, one.fields));
  return nothing;
}

/** A command that says that all is well has done what it was told. */
function saidAndDone(one: Simulated, command: Operation['command'], outcome: Outcome, before: string): void {
  if (outcome.exitCode !== 0 || outcome.error !== null) return;
  if (command.startsWith('emergency')) {
    const left = (one.watch.ledger?.keys ?? []).filter(
      ({ state }) => state === 'retiring' || state === 'pending',
    );
    // Another emergency may have done it all meanwhile.
    const done = outcome.outcome === 'done' || outcome.outcome === 'none';
    if (!(done && left.length === 0) && outcome.outcome !== 'waiting') {
      fail('SAID', `${command} ends with 0 ${outcome.outcome}; ${left.length} keys are not dead`);
    }
  }
  // Another run may have put a key in place meanwhile, and an open rotation is resumed and not doubled.
  const alone = before === `undefined ${one.watch.promotes}`;
  if (command.startsWith('rotate') && outcome.outcome === 'none' && alone) {
    fail('SAID', `${command} ends with 0 and has done nothing`);
  }
}
