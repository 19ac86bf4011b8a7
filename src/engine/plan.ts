import type { Ledger } from '../core/ledger.ts';
import type { Change, Step } from '../core/protocol/changes.ts';
import { next } from '../core/protocol/next.ts';
import { carryOut, type Order, opens } from '../core/protocol/orders.ts';
import type { Look } from '../core/protocol/seen.ts';
import { isActive } from '../core/protocol/steps.ts';
import { Book } from './book.ts';
import { lookAt } from './looks.ts';
import { leadsToKey, requireRights } from './rights.ts';
import type { Run } from './run.ts';
import { openSession, record } from './session.ts';

/** What a run would do now. */
export interface Planned {
  readonly name: string;
  readonly action: 'none' | 'start' | 'resume' | 'wait' | 'revoke' | 'pay' | 'refuse';
  readonly phase: string | null;
  readonly reason: string;
  /** Milliseconds since the epoch; null: now, or not known. */
  readonly at: number | null;
  readonly ledger: Ledger;
  readonly step: Step;
}

/** Looks that ask the issuer; without `live` the plan ends where one is needed. */
const ASKS_ISSUER: ReadonlySet<Look['what']> = new Set([
  'works',
  'foreign-works',
  'found',
  'listed',
  'slots',
  'gates',
  'mirrored',
]);
const MOST_LOOKS = 50;
/** Records that are what a person asked for; others only lead up to them. */
const OUTCOMES: ReadonlySet<Change['type']> = new Set(['opened', 'abandoned', 'ended', 'settled']);

/** Decides as a run would, and writes nothing anywhere: no lease, no ledger, no trail. */
export async function plan(run: Run, order: Order, live: boolean): Promise<Planned> {
  const session = await openSession(run);
  const { book, values } = session;
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const now = run.world.now();
    const ask = carryOut(order, book.ledger, run.policy, session.seen);
    const step = ask ?? next(book.ledger, run.policy, session.seen, now, { opens: opens(order), asks: live });
    if (ask?.do === 'record' && !OUTCOMES.has(ask.change.type)) {
      // Only in memory: what the order comes to is told by what follows.
      record(session, ask.change);
      continue;
    }
    if (live && leadsToKey(step, book.ledger)) await requireRights(run);
    if (step.do !== 'look' || (!live && ASKS_ISSUER.has(step.at.what)) || step.at.what === 'invent') {
      return planned(run, book.ledger, step, ask !== null);
    }
    session.seen = await lookAt(run, values, book.ledger, session.seen, step.at);
  }
  return planned(run, book.ledger, { do: 'nothing', reason: 'nothing is due' }, false);
}

function planned(run: Run, ledger: Ledger, step: Step, ordered: boolean): Planned {
  const common = { name: run.credential.name, ledger, step, phase: ledger.rotation?.phase ?? null };
  if (step.do === 'nothing') return { ...common, action: 'none', reason: step.reason, at: null };
  if (step.do === 'stop') return { ...common, action: 'refuse', reason: step.reason, at: null };
  if (step.do === 'wait') return { ...common, action: 'wait', reason: step.reason, at: step.until };
  if (step.do === 'record' && step.change.type === 'opened') {
    return { ...common, action: 'start', phase: 'open', reason: step.change.reason, at: run.world.now() };
  }
  if (ordered && step.do === 'record') return { ...common, ...asOrdered(step.change), at: null };
  if (isActive(step) && ledger.rotation !== undefined && ledger.rotation.promotedAt === undefined) {
    return {
      ...common,
      action: 'resume',
      reason: `the open rotation goes on at ${ledger.rotation.phase}`,
      at: null,
    };
  }
  if (step.do === 'record' && (step.change.type === 'held' || step.change.type === 'abandoned')) {
    const reason = step.change.type === 'held' ? step.change.reason : step.change.why;
    return { ...common, action: 'refuse', reason, at: null };
  }
  if (step.do !== 'act' && step.do !== 'intend') {
    return { ...common, action: 'revoke', reason: 'a key that was replaced is owed a revocation', at: null };
  }
  return step.effect.kind === 'owed' || step.effect.kind === 'discard'
    ? { ...common, action: 'pay', reason: `owed: ${step.effect.row}`, at: null }
    : { ...common, action: 'revoke', reason: `${step.effect.kind} ${step.effect.row}`, at: null };
}

function asOrdered(change: Change): Pick<Planned, 'action' | 'reason'> {
  switch (change.type) {
    case 'abandoned':
      return { action: 'revoke', reason: 'the open rotation ends, and the key that it made is revoked' };
    case 'ended':
      return { action: 'revoke', reason: `the overlap of ${change.rows.join(', ')} ends now` };
    case 'settled':
      return { action: 'pay', reason: `${change.row} is settled by your word` };
    default:
      return { action: 'resume', reason: change.type };
  }
}

/** The ledger as it is, without any look. */
export async function readLedger(run: Run): Promise<Ledger> {
  return (await Book.open(run)).ledger;
}
