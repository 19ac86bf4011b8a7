import { KeyturnError, toKeyturnError } from '../core/errors.ts';
import type { Ledger } from '../core/ledger.ts';
import { CLOCK_SKEW, type Policy } from '../core/policy.ts';
import { nextDue } from '../core/protocol/next.ts';
import type { Order } from '../core/protocol/orders.ts';
import type { Outcome } from './outcome.ts';
import { readLedger } from './plan.ts';
import { drive } from './rotate.ts';
import type { Run } from './run.ts';

/** How many credentials are worked on at once. */
const CONCURRENCY = 4;

export interface FleetResult {
  readonly name: string;
  readonly outcome: Outcome | null;
  /** Why there is no outcome. */
  readonly error: KeyturnError | null;
}

/**
 * Carries an order out on many credentials. Every one is tried; the failure of one stops no other. Under `run`,
 * credentials that share an identity at the issuer take turns, most urgent first.
 */
export async function driveFleet(runs: readonly Run[], order: Order): Promise<readonly FleetResult[]> {
  const lanes = order.do === 'run' ? await lanesByIdentity(runs) : runs.map((run) => [run]);
  const results = new Map<string, FleetResult>();
  const queue = [...lanes];
  const worker = async (): Promise<void> => {
    for (let lane = queue.shift(); lane !== undefined; lane = queue.shift()) {
      await workThrough(lane, order, results);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, lanes.length) }, worker));
  return runs.map(
    (run) => results.get(run.credential.name) ?? { name: run.credential.name, outcome: null, error: null },
  );
}

async function workThrough(
  lane: readonly Run[],
  order: Order,
  results: Map<string, FleetResult>,
): Promise<void> {
  let busy: string | null = null;
  for (const run of lane) {
    const { name } = run.credential;
    try {
      const holdBack = busy !== null && (await canWait(run));
      const outcome = await drive(run, holdBack ? { do: 'resume' } : order);
      const open = outcome.rotation;
      if (open?.promotedAt !== undefined && outcome.outcome === 'overlap') busy = name;
      results.set(name, { name, outcome: holdBack ? asked(outcome, busy ?? '') : outcome, error: null });
    } catch (caught) {
      results.set(name, { name, outcome: null, error: toKeyturnError(caught, `run ${name}`) });
    }
  }
}

function asked(outcome: Outcome, busy: string): Outcome {
  return outcome.outcome === 'none' ? { ...outcome, reason: `waits for its turn after ${busy}` } : outcome;
}

/** Groups those that share an identity, those with an open rotation first and then the most urgent. */
async function lanesByIdentity(runs: readonly Run[]): Promise<readonly (readonly Run[])[]> {
  const lanes = new Map<string, Run[]>();
  for (const run of runs) {
    const identity =
      run.issuer.identity === undefined ? run.credential.name : `${run.issuer.kind}/${run.issuer.identity}`;
    lanes.set(identity, [...(lanes.get(identity) ?? []), run]);
  }
  return Promise.all([...lanes.values()].map(async (lane) => (lane.length === 1 ? lane : inOrder(lane))));
}

async function inOrder(lane: readonly Run[]): Promise<readonly Run[]> {
  const ranked = await Promise.all(
    lane.map(async (run) => {
      const ledger = await ledgerOrNull(run);
      const open = ledger?.rotation?.promotedAt !== undefined ? 0 : ledger?.rotation !== undefined ? 1 : 2;
      const at = ledger === null ? 0 : (nextDue(ledger, run.policy) ?? Number.MAX_SAFE_INTEGER);
      return { run, open, at };
    }),
  );
  return ranked.sort((a, b) => a.open - b.open || a.at - b.at).map((one) => one.run);
}

/** Whether it is neither over age nor about to expire before the other one's overlap can be over. */
async function canWait(run: Run): Promise<boolean> {
  const ledger = await ledgerOrNull(run);
  if (ledger === null || ledger.rotation !== undefined) return false;
  return !isPressing(ledger, run.policy, run.world.now());
}

function isPressing(ledger: Ledger, policy: Policy, now: number): boolean {
  const current = ledger.keys.find((key) => key.state === 'current');
  if (current === undefined) return true;
  const soon = now + policy.overlap + CLOCK_SKEW;
  const byAge = current.issuedAt === undefined ? null : Date.parse(current.issuedAt) + policy.maxAge;
  const byExpiry =
    current.expiresAt === undefined || current.expiresAt === null ? null : Date.parse(current.expiresAt);
  return (byAge !== null && byAge < soon) || (byExpiry !== null && byExpiry < soon);
}

async function ledgerOrNull(run: Run): Promise<Ledger | null> {
  try {
    return await readLedger(run);
  } catch (caught) {
    // What is wrong with it is said by the run on that credential itself.
    if (caught instanceof KeyturnError) return null;
    throw caught;
  }
}
