import { KeyturnError } from '../core/errors.ts';
import { hasRoom } from '../core/ledger.ts';
import type { Step } from '../core/protocol/changes.ts';
import { next } from '../core/protocol/next.ts';
import { carryOut, type Order, opens } from '../core/protocol/orders.ts';
import { type Effect, effectName, type Seen } from '../core/protocol/seen.ts';
import { isActive } from '../core/protocol/steps.ts';
import { currentRow, rowOf } from '../core/rows.ts';
import { cleanUp, fateOf, unsavedCreation } from './clean-up.ts';
import { perform } from './effects.ts';
import { givesUp, holdsUnstaged, shelters, standsInTheWay, waitOut } from './in-hand.ts';
import { keepReplaced } from './keep.ts';
import { lookAt } from './looks.ts';
import { endedWithout, givenUp, isOrdersLast, isUnfinished } from './ordered.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { patienceFor } from './patience.ts';
import { leadsToKey, requireRights } from './rights.ts';
import type { Run } from './run.ts';
import { dropUnsaved, forgetAnswers, openSession, record, type Session, save } from './session.ts';
import { waited } from './waited.ts';

/** A run never takes more steps than this; reaching it is a defect, not a state of the world. */
const MOST_STEPS = 2_000;
const MOST_CONFLICTS = 8;
/** How old a look at `current` may be when a key is asked for. */
const OLDEST_LOOK = 60_000;
/** Characters of the ledger. */
const MOST_LISTED = 2_048;

/**
 * Carries out an order on one credential and does what is due and owed: looks, records, saves the intention, acts,
 * records the outcome, and looks again, until nothing can be done now.
 */
export async function drive(run: Run, order: Order): Promise<Outcome> {
  return continueWith(await openSession(run), order);
}

export async function continueWith(session: Session, order: Order): Promise<Outcome> {
  const patience = patienceFor(session.run);
  let ordered = false;
  let conflicts = 0;
  let lingered = false;
  let obstacle: KeyturnError | null = null;
  // What was recorded before this loop, or by the order itself, counts only once it is saved.
  let orderUnsaved = session.book.dirty;
  const handedOver = orderUnsaved;
  session.book.takesLease = order.do === 'emergency';
  const began = currentRow(session.book.ledger)?.id;
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    if (session.sheltered && !holdsUnstaged(session)) return await close(session, interruption());
    if (session.run.signal.aborted && !shelters(session)) return await close(session, interruption());
    const { run, book } = session;
    // A run that may not save draws no conclusions either: what it sees is another run's work half done.
    const refusal = book.leasedElsewhere;
    if (refusal !== null) return await fail(session, refusal);
    const now = run.world.now();
    const ask = ordered || obstacle !== null ? null : carryOut(order, book.ledger, run.policy, session.seen);
    if (ask === null && obstacle === null) ordered = true;
    const step: Step =
      obstacle !== null
        ? waitOut(obstacle, now)
        : (ask ?? next(book.ledger, run.policy, session.seen, now, { opens: opens(order), asks: true }));
    try {
      if (!isActive(step)) {
        if (ask === null && (await waited(session, step, patience))) {
          lingered ||= step.do === 'wait' && step.for === 'overlap';
          obstacle = null;
          continue;
        }
        if (givesUp(session, step)) {
          obstacle = null;
          continue;
        }
        if (obstacle !== null) return await fail(session, obstacle);
        if (ask === null && !lingered && isUnfinished(session, order)) {
          lingered = true;
          ordered = false;
          continue;
        }
        if (book.dirty || book.holdsLease) await save(session, 'release', run.signal);
        return await close(session, givenUp(session, order, step) ?? step);
      }
      const late = run.world.now() > run.deadline && !holdsUnstaged(session);
      if (late && step.do !== 'record') return await close(session, outOfTime());
      await take(session, step);
      if (ask !== null && step.do === 'record') orderUnsaved = true;
      if (ask !== null && step.do === 'record' && isOrdersLast(step.change)) ordered = true;
      if (!book.dirty) orderUnsaved = false;
    } catch (caught) {
      if (!(caught instanceof KeyturnError)) throw caught;
      if (standsInTheWay(session, caught)) {
        if (caught.code !== 'INTERRUPTED') obstacle = caught;
        continue;
      }
      const lost = handedOver && orderUnsaved;
      if (caught.code !== 'CONFLICT' || conflicts >= MOST_CONFLICTS || lost)
        return await fail(session, caught);
      conflicts += 1;
      if (orderUnsaved) ordered = false;
      await cleanUp(session);
      dropUnsaved(session);
      if (endedWithout(session, order, began)) ordered = false;
    }
  }
  throw new KeyturnError('BUG', `the run on ${session.run.credential.name} does not come to an end`, {
    hint: 'report this with the output of keyturn status --json',
  });
}

async function take(session: Session, step: Step): Promise<void> {
  const { run, book, values } = session;
  if (!session.allowed && leadsToKey(step, book.ledger)) {
    await requireRights(run);
    session.allowed = true;
  }
  switch (step.do) {
    case 'look':
      session.seen = await lookAt(run, values, book.ledger, session.seen, step.at);
      return;
    case 'record':
      record(session, step.change);
      if (step.change.type === 'revoke-taken-back') session.seen = forgetAnswers(session.seen);
      return;
    case 'intend':
      return intend(session, step.effect);
    case 'act':
      return act(session, step.effect);
  }
}

/**
 * A request for a key may end another, and what stands in `current` is handed on: somebody may have put another one in
 * place since it was looked at so long ago.
 */
function sleptSince({ run, seen }: Session, { kind }: Effect): boolean {
  const depends = kind === 'create' || kind === 'register' || kind === 'owed';
  return depends && Math.abs(run.world.now() - (seen.currentAskedAt ?? 0)) > OLDEST_LOOK;
}

async function intend(session: Session, effect: Effect): Promise<void> {
  const { run, book, seen } = session;
  if (effect.kind === 'create' && !hasRoom(await book.fitting(run.signal))) throw noRoom(run.credential.name);
  // Sinks get what is saved, and a key that is only in memory is staged whatever they say: else it would be lost.
  if (run.sinks.some((sink) => sink.required) && effect.kind !== 'stage') {
    if (book.dirty) await save(session, 'take', run.signal);
    await book.deliver(run.signal);
  }
  if (effect.kind === 'promote') for (const change of await keepReplaced(session)) record(session, change);
  if (sleptSince(session, effect)) {
    const { current: _, ...rest } = seen;
    session.seen = rest;
    return;
  }
  const hand = seen.hand?.row === effect.row ? { fingerprints: seen.hand.fingerprints } : {};
  const asks = effect.kind === 'create' || effect.kind === 'register';
  const listed = asks ? listedBefore(run, seen) : undefined;
  record(session, {
    type: 'intended',
    effect,
    ...hand,
    base: seen.base ?? null,
    longestLife: run.policy.issuer.longestLife,
    ...(listed === undefined ? {} : { listedBefore: listed }),
  });
  await save(session, 'take', run.signal);
  // The door for a revocation is looked through again after its intention is saved.
  session.seen = {
    ...(effect.kind === 'revoke' ? forgetAnswers(session.seen) : session.seen),
    entered: effectName(effect),
  };
}

/** The ids to remember; where the new key can be found by its mark as well, they may not fill the ledger. */
function listedBefore({ policy }: Run, seen: Seen): readonly string[] | undefined {
  const ids = (seen.listed ?? seen.slots?.keys)?.map((key) => key.issuerKeyId);
  const marks = policy.issuer.marks && policy.issuer.can.find;
  return marks && JSON.stringify(ids ?? []).length > MOST_LISTED ? undefined : ids;
}

async function act(session: Session, effect: Effect): Promise<void> {
  const { run, book, values } = session;
  await fetchSecret(session, effect);
  if (sleptSince(session, effect)) {
    const message = 'the run stood still before it asked for a key, and looks again first';
    const failure = { code: 'TIMEOUT', message } as const;
    if (effect.kind !== 'owed') record(session, { type: 'not-created', row: effect.row, failure });
    session.seen = forgetAnswers(session.seen);
    return;
  }
  const harmless = effect.kind === 'discard';
  if (harmless ? book.dirty || !book.holdsLease : !book.fresh) {
    // For how long an answer proves nothing counts from the request, not from an intention that lies far back.
    if (effect.kind === 'revoke') record(session, { type: 'revoke-renewed', row: effect.row });
    await save(session, 'take', run.signal);
    // What was read from the store before the pause is too old to revoke by; the issuer's answer about the key in
    // current came after the intention was saved, and asking a slow issuer again would never end.
    if (effect.kind === 'revoke') {
      const { works } = session.seen;
      session.seen = { ...forgetAnswers(session.seen), works, entered: effectName(effect) };
    }
    // The save itself may have taken longer than the fence lasts: it is looked at again.
    if (!harmless) return;
  }
  const changes = await perform(run, values, book.ledger, session.seen, effect);
  const created = changes.some((change) => change.type === 'created');
  for (const change of changes) record(session, change);
  session.seen = afterEffect(session, effect, created);
}

/** Reads what the effect sends before the fence is looked at: nothing slow may stand between fence and effect. */
async function fetchSecret({ run, book, values, seen }: Session, effect: Effect): Promise<void> {
  if (effect.kind !== 'register' && effect.kind !== 'stage' && effect.kind !== 'revoke') return;
  const row = rowOf(book.ledger, effect.row);
  if (row !== null) await values.secretOf(row, seen.current, run.signal);
}

/** What is still true of what was seen once an effect was performed. */
function afterEffect(session: Session, effect: Effect, created: boolean): Seen {
  const { entered: _, ...seen } = session.seen;
  if (effect.kind === 'create' && created) {
    const prints = session.values.held(effect.row)?.fingerprints() ?? {};
    const { twin: _twin, slots: _slots, listed: _listed, listedAt: _listedAt, ...rest } = seen;
    return { ...rest, hand: { row: effect.row, fingerprints: prints } };
  }
  if (effect.kind === 'discard') return seen;
  if (effect.kind === 'stage') return { ...seen, staged: {} };
  return forgetAnswers(seen);
}

/** Ends the run: saves what is not saved, lets go of the lease, hands the trail over, and says how it went. */
async function close(session: Session, step: Step): Promise<Outcome> {
  const { run, book } = session;
  const closing = new AbortController().signal;
  try {
    if (book.dirty || book.holdsLease) await save(session, 'release', closing);
    if (run.sinks.length > 0 && !run.signal.aborted && book.leasedElsewhere === null) {
      await handOver(session, closing);
      if (book.dirty) await save(session, 'release', closing);
    }
  } catch (caught) {
    if (!(caught instanceof KeyturnError)) throw caught;
    const made = unsavedCreation(session);
    if (caught.code === 'CONFLICT' || made !== null) await settled(cleanUp(session));
    dropUnsaved(session);
    const { code, message, detail } = caught;
    const error = new KeyturnError(code, message, { ...detail, hint: caught.hint + fateOf(session, made) });
    return outcomeOf(session, stopFor(error), error);
  }
  return outcomeOf(session, step, null);
}

/** What an emergency did is its outcome, also where a required sink is down: the trail waits in the ledger. */
async function handOver(session: Session, signal: AbortSignal): Promise<void> {
  try {
    await session.book.deliver(signal);
  } catch (caught) {
    const urgent = session.history.some((change) => change.type === 'opened' && change.kind === 'emergency');
    if (!urgent || !(caught instanceof KeyturnError)) throw caught;
  }
}

async function fail(session: Session, error: KeyturnError): Promise<Outcome> {
  if (error.code === 'BUG') throw error;
  if (error.code !== 'LEASED' && error.code !== 'CONFLICT') {
    const made = unsavedCreation(session);
    const closed = await close(session, stopFor(error));
    // What went wrong first is what a person mends. Where the end could not be saved either, that error says what became
    // of a new key.
    return { ...closed, error: made === null ? error : (closed.error ?? error) };
  }
  if (unsavedCreation(session) !== null) await settled(cleanUp(session));
  dropUnsaved(session);
  return outcomeOf(session, stopFor(error), error);
}

/** Waits for what is done at the end of a run; why that failed matters less than why the run ends. */
async function settled(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (caught) {
    if (!(caught instanceof KeyturnError)) throw caught;
  }
}

function stopFor(error: KeyturnError): Step {
  return { do: 'stop', code: error.code, reason: error.message, hint: error.hint };
}

function noRoom(name: string): KeyturnError {
  return new KeyturnError('FULL', `the ledger of ${name} is too full to begin anything but an emergency`, {
    hint: 'settle possible orphans that keyturn audit names, and mend what keeps debts from being paid',
    unsent: true,
  });
}

function interruption(): Step {
  return {
    do: 'stop',
    code: 'INTERRUPTED',
    reason: 'interrupted',
    hint: 'run again to resume; nothing is lost',
  };
}

function outOfTime(): Step {
  return {
    do: 'stop',
    code: 'TIMEOUT',
    reason: 'the time for this run is over',
    hint: 'run again to resume, or raise --timeout',
  };
}
