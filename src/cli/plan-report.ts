import type { ConfiguredCredential } from '../config/config.ts';
import { KeyturnError, toKeyturnError } from '../core/errors.ts';
import type { Order } from '../core/protocol/orders.ts';
import { worst } from '../engine/outcome.ts';
import { type Planned, plan } from '../engine/plan.ts';
import { type Cell, type Report, table, toned } from './command.ts';
import type { Context } from './context.ts';
import { runMaker } from './runs.ts';
import { minutes } from './times.ts';

const REFUSED = 4;

/** One credential's plan, as the output has it. */
export interface PlanOutput {
  readonly name: string;
  readonly action: Planned['action'];
  readonly phase: string | null;
  readonly reason: string;
  readonly at: string | null;
}

interface Row {
  readonly output: PlanOutput;
  readonly exitCode: number;
  readonly error: KeyturnError | null;
}

/** What an order would do now. Writes nothing anywhere: no lease, no ledger, no trail. */
export async function planReport(
  context: Context,
  chosen: readonly ConfiguredCredential[],
  order: Order,
  { live, dry }: { readonly live: boolean; readonly dry: boolean },
): Promise<Report> {
  const make = await runMaker(context, { dry: true });
  const rows = await Promise.all(
    chosen.map(async (credential): Promise<Row> => {
      try {
        return rowOf(await plan(await make(credential), order, live), dry);
      } catch (caught) {
        const error = toKeyturnError(caught, `plan ${credential.name}`);
        if (error.code === 'BUG' || error.code === 'INTERRUPTED') throw caught;
        return unplanned(credential.name, error);
      }
    }),
  );
  return planned(rows);
}

/** The report of plans that were made elsewhere. */
export function reportOfPlan(one: Planned): Report {
  return planned([rowOf(one, true)]);
}

function planned(rows: readonly Row[]): Report {
  return {
    data: { credentials: rows.map((row) => row.output) },
    blocks: [table(['credential', 'action', 'when', 'why'], rows.map(cellsOf))],
    exitCode: worst(rows.map((row) => row.exitCode)),
    errors: rows.flatMap((row) => (row.error === null ? [] : [row.error])),
    next: rows.some(({ output }) => output.action !== 'none' && output.action !== 'refuse')
      ? ['keyturn run']
      : [],
  };
}

function rowOf({ name, action, phase, reason, at, step }: Planned, dry: boolean): Row {
  const output = { name, action, phase, reason, at: at === null ? null : new Date(at).toISOString() };
  if (action !== 'refuse') return { output, exitCode: 0, error: null };
  const stopped = step.do === 'stop' ? step : null;
  const hint = stopped?.hint ?? `run keyturn status ${name}`;
  const error = new KeyturnError(stopped?.code ?? 'PERSON', reason, { hint, credential: name });
  return { output, exitCode: dry && error.exitCode === 2 ? 2 : REFUSED, error };
}

/** What stands in the way of a plan is a refusal, too; whether it may pass is told by the exit code. */
function unplanned(name: string, error: KeyturnError): Row {
  const output = { name, action: 'refuse', phase: null, reason: error.message, at: null } as const;
  const told = new KeyturnError(error.code, error.message, { ...error.detail, credential: name });
  return { output, exitCode: error.exitCode, error: told };
}

function cellsOf({ output }: Row): readonly Cell[] {
  const { name, action, at, reason } = output;
  const when = at === null ? (action === 'none' || action === 'refuse' ? '-' : 'now') : minutes(at);
  const tone = action === 'none' ? 'faint' : action === 'refuse' ? 'bad' : 'good';
  return [name, toned(action, tone), when, reason];
}
