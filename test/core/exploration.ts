import type { Verification } from '../../src/core/issuer.ts';
import { emptyLedger, type Key, type Ledger, parseLedger } from '../../src/core/ledger.ts';
import type { Policy } from '../../src/core/policy.ts';
import { apply } from '../../src/core/protocol/apply.ts';
import type { Change, Step } from '../../src/core/protocol/changes.ts';
import { next } from '../../src/core/protocol/next.ts';
import { carryOut, type Order } from '../../src/core/protocol/orders.ts';
import { effectName, nothingSeen, type Seen } from '../../src/core/protocol/seen.ts';
import { canonical, EMPTY_TRAIL } from '../../src/core/trail.ts';
import { afterAct, afterIntend, answersTo, outcomesOf, printsOf } from './answers.ts';
import { enqueue, inTurns, type Waiting, walk } from './search-order.ts';
import { signature } from './signature.ts';

const DAY = 86_400_000;
export const NOW = Date.parse('2026-11-22T00:00:00.000Z');
const CLOCK = 'host-a';

/** How far the search goes. A ledger beyond it is reached, checked, and not gone on from. */
export interface Bound {
  readonly rows: number;
  readonly rotations: number;
  readonly attempts: number;
  readonly states: number;
}

/** One thing that a run can be in the middle of: the ledger as it holds it, and what it has seen. */
interface State {
  readonly ledger: Ledger;
  readonly seen: Seen;
  /** Rotations that were opened on the way. */
  readonly rotations: number;
  readonly now: number;
  /** The order that is being carried out; null: nothing but what is open, owed and due. */
  readonly order: Order | null;
}

export interface Visit {
  readonly ledger: Ledger;
  readonly step: Step;
  readonly policy: Policy;
  readonly now: number;
}

export interface Explored {
  readonly states: number;
  readonly ledgers: number;
  readonly beyond: number;
}

const ORDERS: readonly Order[] = [
  { do: 'run' },
  { do: 'rotate', reason: 'asked' },
  { do: 'emergency', reason: 'leaked' },
  { do: 'emergency', reason: 'leaked', revokeFirst: true },
  { do: 'rollback', reason: 'it fails' },
  { do: 'revoke', reason: 'done with it' },
  { do: 'revoke', reason: 'removed', attest: 'kim' },
];

/**
 * Every ledger that can be reached when every look can give every answer of its type, every effect every outcome,
 * every run can end after every step, every wait can pass and every order can come at rest. Throws where a promise of
 * the protocol's pure part is broken.
 */
export function explore(policy: Policy, bound: Bound, visit: (one: Visit) => void): Explored {
  const known = new Set<string>();
  const ledgers = new Set<string>();
  let beyond = 0;
  // Every phase gets its turn, so that a bound on the states cuts off detail and not the end of the story.
  const waiting = new Map<string, Waiting<State>>();

  const add = (state: State): void => {
    const inLedger = signature(state.ledger, policy, state.now);
    const key = `${inLedger}|${seenSignature(state.seen)}|${orderName(state.order)}|${state.rotations}`;
    if (known.has(key)) return;
    if (known.size >= bound.states) {
      beyond += 1;
      return;
    }
    known.add(key);
    deepFreeze(state.ledger);
    deepFreeze(state.seen);
    const isNew = !ledgers.has(inLedger);
    if (isNew) {
      ledgers.add(inLedger);
      const document = JSON.stringify(state.ledger);
      const again = parseLedger(document, state.ledger.credential);
      if (canonical(again) !== canonical(state.ledger))
        throw new Error(`it does not read back as it was written: ${document}`);
    }
    if (isBeyond(state, bound)) beyond += 1;
    else enqueue(waiting, state, isNew);
  };

  const begun = policy.issuer.secretFrom === 'issuer' ? [promotingLedger(policy)] : [];
  for (const ledger of [emptyLedger('wa-test'), adoptedLedger(), ...begun]) {
    for (const order of ORDERS) {
      const rotations = ledger.rotation === undefined ? 0 : 1;
      add({ ledger, seen: fresh(rotations), rotations, now: NOW, order });
    }
  }
  const goOn = (state: State): readonly State[] => {
    const { step, order } = decide(state, policy);
    visit({ ledger: state.ledger, step, policy, now: state.now });
    const after = [...successors({ ...state, order }, step, policy)];
    for (const one of after) add(one);
    return after;
  };
  const starts = [...waiting.values()].flatMap((queue) => queue.news.concat(queue.rest));
  walk(starts, goOn, (one) => known.size < bound.states * 0.5 && !isBeyond(one, bound));
  for (const state of inTurns(waiting)) goOn(state);
  return { states: known.size, ledgers: ledgers.size, beyond };
}

let turn = 0;

function decide(state: State, policy: Policy): { step: Step; order: Order | null } {
  const { ledger, seen, now, order } = state;
  const asked = order === null ? null : carryOut(order, ledger, policy, seen);
  if (asked !== null) return { step: asked, order };
  const drive = { opens: order === null || order.do === 'run', asks: true };
  const step = next(ledger, policy, seen, now, drive);
  turn += 1;
  if (turn % 20 === 0 && JSON.stringify(step) !== JSON.stringify(next(ledger, policy, seen, now, drive)))
    throw new Error('the same input gave two answers');
  return { step, order: order?.do === 'run' ? order : RESUMED };
}

/** Left of an order that was carried out: nothing is opened on the way. */
const RESUMED: Order = { do: 'resume' };

function* successors(state: State, step: Step, policy: Policy): Generator<State> {
  const { ledger, seen, rotations, now, order } = state;
  switch (step.do) {
    case 'look':
      for (const answer of answersTo(step.at, ledger, seen, now)) {
        const after = { ...state, seen: answer };
        const { step: then } = decide(after, policy);
        if (then.do === 'look' && JSON.stringify(then.at) === JSON.stringify(step.at))
          throw new Error(`it asks again for what it was told: ${JSON.stringify(step.at)}`);
        yield after;
      }
      return;
    case 'record':
      yield settled(state, step.change, policy);
      return;
    case 'intend': {
      const listed = seen.listed?.map((key) => key.issuerKeyId);
      const hand = seen.hand?.row === step.effect.row ? { fingerprints: seen.hand.fingerprints } : {};
      const change: Change = {
        type: 'intended',
        effect: step.effect,
        base: seen.base ?? null,
        ...hand,
        ...(listed === undefined ? {} : { listedBefore: listed }),
      };
      const entered = changed(ledger, [change], policy, now);
      yield { ...state, ledger: entered, seen: afterIntend(seen, step.effect) };
      // The process ends before the effect is sent, or after it and before anything is recorded.
      yield { ledger: entered, seen: fresh(rotations), rotations, now: now + DAY / 2, order: RESUMED };
      return;
    }
    case 'act': {
      if (seen.entered !== effectName(step.effect) && step.effect.kind !== 'discard')
        throw new Error(`${step.effect.kind} without its intention`);
      for (const outcome of outcomesOf(step.effect, ledger, policy)) {
        const after = changed(ledger, outcome, policy, now);
        yield { ...state, ledger: after, seen: afterAct(seen, step.effect, outcome) };
        yield { ledger: after, seen: fresh(rotations), rotations, now: now + DAY / 2, order: RESUMED };
      }
      return;
    }
    case 'wait':
      if (step.until !== null && step.until < now) throw new Error(`it waits for the past: ${step.reason}`);
      if (step.until !== null)
        yield { ledger, seen: fresh(rotations), rotations, now: step.until + 1, order: order ?? RESUMED };
      yield* atRest(state, policy);
      return;
    case 'stop':
    case 'nothing':
      yield* atRest(state, policy);
  }
}

/** Where a run ends, another one comes: later, or with an order. */
function* atRest({ ledger, rotations, now }: State, policy: Policy): Generator<State> {
  const common = { ledger, seen: fresh(rotations), rotations };
  yield { ...common, now: now + 100 * DAY, order: { do: 'run' } };
  for (const order of ORDERS) yield { ...common, now, order };
  const possible = ledger.keys.find((key) => key.state === 'possible');
  if (possible !== undefined)
    yield { ...common, now, order: { do: 'forget', orphan: possible.id, reason: 'removed', who: 'kim' } };
  for (const given of handed(ledger)) {
    const after = changed(ledger, [given.change], policy, now);
    const seen = given.hand === undefined ? common.seen : { ...common.seen, hand: given.hand };
    yield { ledger: after, seen, rotations, now, order: RESUMED };
  }
}

/** What a person hands over: the key that a rotation waits for, or the one that somebody put into the store. */
function handed(ledger: Ledger): readonly { readonly change: Change; readonly hand?: Seen['hand'] }[] {
  const { rotation, hold } = ledger;
  if (rotation?.waiting !== undefined) {
    const row = rotation.new ?? `${rotation.id}.${rotation.attempt}`;
    const hand = { row, fingerprints: printsOf(row) };
    return [{ change: { type: 'provided', row, facts: { fingerprints: hand.fingerprints } }, hand }];
  }
  if (rotation !== undefined || hold?.kind !== 'foreign') return [];
  const facts = { fingerprints: printsOf('foreign') };
  const at = { version: 'v-foreign', kept: 'v-foreign', issuedAtFrom: 'operator' } as const;
  return [{ change: { type: 'adopted', hooks: [], mirrors: [], row: 'r9.0', rotation: 'r9', facts, ...at } }];
}

/** A change of the ledger alone. Such steps must not go round in a circle. */
function settled(state: State, change: Change, policy: Policy): State {
  const ledger = changed(state.ledger, [change], policy, state.now);
  const opened = change.type === 'opened' ? 1 : 0;
  const rotations = state.rotations + opened;
  const last = ['opened', 'ended', 'settled', 'abandoned'].includes(change.type);
  const order = last && state.order !== null && state.order.do !== 'run' ? RESUMED : state.order;
  const { entered: _, ...takenBack } = state.seen;
  const kept = change.type === 'revoke-taken-back' ? takenBack : state.seen;
  const seen = opened === 1 ? { ...kept, freshId: freshId(rotations) } : kept;
  const before = signature(state.ledger, policy, state.now);
  const stands = order === state.order && seen === state.seen;
  if (stands && signature(ledger, policy, state.now) === before)
    throw new Error(`the record ${change.type} changes nothing, so it would be made for ever`);
  return { ...state, ledger, seen, rotations, order };
}

/** The ledger after these changes, without its trail and without dead rows that hold nothing. */
function changed(ledger: Ledger, changes: readonly Change[], policy: Policy, now: number): Ledger {
  const pen = { now, by: 'test', clock: CLOCK, config: policy.config };
  const after = changes.reduce((one, change) => apply(one, change, pen), ledger);
  const keys = after.keys.filter((key) => !isOver(key, after));
  return { ...after, keys, trail: EMPTY_TRAIL };
}

function isOver(key: Key, { rotation }: Ledger): boolean {
  const dead = key.state === 'revoked' || key.state === 'settled';
  const held = key.storeVersion !== undefined || key.spares !== undefined;
  return dead && !held && key.id !== rotation?.old && key.id !== rotation?.new;
}

function isBeyond({ ledger, rotations }: State, bound: Bound): boolean {
  return (
    ledger.keys.length > bound.rows ||
    rotations > bound.rotations ||
    (ledger.rotation?.attempt ?? 0) > bound.attempts
  );
}

function fresh(rotations: number): Seen {
  return nothingSeen(CLOCK, freshId(rotations));
}

function freshId(rotations: number): string {
  return `r${rotations + 1}`;
}

function adoptedLedger(): Ledger {
  const pen = { now: NOW - 100 * DAY, by: 'test', clock: CLOCK, config: 'config-1' };
  const facts = { fingerprints: { value: 'a'.repeat(16) }, issuerKeyId: 'id-r0.0' };
  const ledger = apply(
    emptyLedger('wa-test'),
    {
      type: 'adopted',
      hooks: [],
      mirrors: [],
      row: 'r0.0',
      rotation: 'r0',
      facts,
      issuedAtFrom: 'issuer',
      version: 'v-r0.0',
      kept: 'v-r0.0',
    },
    pen,
  );
  return { ...ledger, trail: EMPTY_TRAIL };
}

/** Where a run ended after the intention to promote was saved: the way there, made short. */
function promotingLedger(policy: Policy): Ledger {
  const row = 'r1.1';
  const version = 'v-r1.1';
  const facts = { fingerprints: printsOf(row), issuerKeyId: 'id-r1.1' };
  const changes: readonly Change[] = [
    { type: 'opened', id: 'r1', kind: 'manual', reason: 'asked' },
    { type: 'intended', effect: { kind: 'create', row } },
    { type: 'created', row, facts },
    { type: 'intended', effect: { kind: 'stage', row, mark: row }, base: 'v-r0.0' },
    { type: 'staged', row, version },
    { type: 'verified', row, by: 'issuer', facts: {}, findings: [] },
    { type: 'intended', effect: { kind: 'promote', row, version, base: 'v-r0.0' } },
  ];
  return changed(adoptedLedger(), changes, policy, NOW - DAY);
}

function orderName(order: Order | null): string {
  if (order === null) return '';
  return `${order.do}${'revokeFirst' in order ? '!' : ''}${'attest' in order ? '?' : ''}`;
}

function seenSignature(seen: Seen): string {
  const { current, hand, entered, listed, slots, siblings } = seen;
  const verdict = (one: Verification): string => (one.verdict === 'refused' ? one.why : one.verdict);
  return [
    current === undefined ? '' : current === null ? 'none' : `${current.row} ${current.version}`,
    seen.base,
    seen.foreignWorks === undefined ? '' : verdict(seen.foreignWorks),
    each(seen.works, verdict),
    each(seen.staged, (one) => one?.same),
    hand?.row,
    entered,
    each(seen.found, (one) => one !== null),
    listed?.length,
    slots?.used,
    siblings?.length,
    each(seen.sameBytes, String),
    each(seen.mirrored, (one) => one.length),
    each(seen.gates, (one) => one.length),
  ].join('|');
}

function each<T>(record: Readonly<Record<string, T>>, text: (value: T) => unknown): string {
  const rows = Object.keys(record);
  return rows.length === 0
    ? ''
    : rows
        .map((row) => `${row}=${text(record[row] as T)}`)
        .sort()
        .join(',');
}

function deepFreeze(value: unknown): void {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}
