import type { ConfiguredCredential } from '../config/config.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Order } from '../core/protocol/orders.ts';
import { driveFleet, type FleetResult } from '../engine/fleet.ts';
import type { Run } from '../engine/run.ts';
import { prepareChange } from './change.ts';
import { flag, line, type Options, type Report } from './command.ts';
import { confirmFor } from './confirm.ts';
import type { Context } from './context.ts';
import { planReport } from './plan-report.ts';
import { createDisplay } from './progress.ts';
import { rotationReport } from './rotation-report.ts';
import { type RunRequest, runMaker } from './runs.ts';

export interface OrderRequest extends RunRequest {
  /** What is destroyed, a line each, which has to be confirmed first; empty: nothing. */
  readonly destroys?: () => Promise<readonly string[]>;
}

/** One order on the chosen credentials, or with `--dry-run` what it would do. */
export async function carryOutOrder(
  context: Context,
  chosen: readonly ConfiguredCredential[],
  order: Order,
  options: Options,
  { destroys, ...request }: OrderRequest = {},
): Promise<Report> {
  const dry = flag(options, 'dryRun');
  await prepareChange(context, chosen, { dry });
  if (dry) return planReport(context, chosen, order, { live: true, dry: true });
  const says = (await destroys?.()) ?? [];
  if (says.length > 0) await confirmFor(context, chosen, options, says);
  const results = await driveAll(context, chosen, order, {
    takeLease: flag(options, 'takeLease'),
    ...request,
  });
  return withInstructions(context, chosen, results, rotationReport(results));
}

/** Drives every credential and shows what happens. Throws where a run cannot even be made, before any effect. */
export async function driveAll(
  context: Context,
  chosen: readonly ConfiguredCredential[],
  order: Order,
  request: RunRequest,
): Promise<readonly FleetResult[]> {
  return withRuns(context, chosen, request, (runs) => driveFleet(runs, order));
}

/** Makes the runs, shows what they do while `work` has them, and takes the live lines away. */
export async function withRuns<Result>(
  context: Context,
  chosen: readonly ConfiguredCredential[],
  request: RunRequest,
  work: (runs: readonly Run[]) => Promise<Result>,
): Promise<Result> {
  const display = createDisplay(context);
  context.atEnd(display.stop);
  const { report, print } = display;
  const make = await runMaker(context, { ...request, report, print });
  const runs = await Promise.all(chosen.map(make));
  try {
    return await work(runs);
  } finally {
    display.stop();
  }
}

/** Adds what a person has to do now, where a rotation waits for one. */
export async function withInstructions(
  context: Context,
  chosen: readonly ConfiguredCredential[],
  results: readonly FleetResult[],
  report: Report,
): Promise<Report> {
  const blocks = [...report.blocks];
  for (const { name, outcome } of results) {
    if (outcome?.outcome !== 'waiting') continue;
    const credential = chosen.find((one) => one.name === name);
    const issuer = credential === undefined ? null : await context.issuer(credential.issuer);
    const instructions = issuer?.instructions?.(outcome.rotation?.phase === 'create' ? 'create' : 'remove');
    if (instructions === undefined) continue;
    blocks.push(line(''), line(`${name}: what you have to do`));
    blocks.push(...instructions.steps.map((step, at) => line(`  ${at + 1}. ${step}`)));
  }
  return { ...report, blocks };
}

/** The only one of a list that must have one. */
export function only<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined) throw new KeyturnError('BUG', 'nothing was driven', { hint: 'report this' });
  return item;
}
