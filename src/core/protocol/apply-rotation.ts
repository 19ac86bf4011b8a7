import { toInstant } from '../credential.ts';
import type { Ledger, Rotation } from '../ledger.ts';
import { retryDelay } from '../policy.ts';
import { currentRow, isDead, rowOf } from '../rows.ts';
import { type Handlers, type Pen, withoutRow, withRotation, withRow } from './record.ts';

const MANY_FAILURES = 1000;

/** What happens to the rotation as a whole. */
export const rotationChanges: Handlers<
  | 'opened'
  | 'closed'
  | 'failed'
  | 'postponed'
  | 'abandoned'
  | 'entered-phase'
  | 'parked'
  | 'held'
  | 'hold-lifted'
  | 'ended'
  | 'owed-paid'
  | 'owed-failed'
> = {
  opened: (before, change, pen) => {
    const ledger = withoutUnadopted(before, pen);
    const old = currentRow(ledger);
    const rotation: Rotation = {
      id: change.id,
      kind: change.kind,
      reason: change.reason,
      by: pen.by,
      startedAt: toInstant(pen.now),
      phase: change.target === undefined ? 'create' : 'stage',
      attempt: 1,
      ...(old === null ? {} : { old: old.id }),
      ...(change.target === undefined ? {} : { new: change.target }),
      ...(change.overlap === undefined ? {} : { overlap: change.overlap }),
      ...(change.revokeFirst === undefined ? {} : { revokeFirst: true }),
    };
    const emergency = change.kind === 'emergency';
    const keys = emergency
      ? ledger.keys.map((key) =>
          isDead(key) || key.state === 'possible' ? key : { ...key, endNow: key.endNow ?? 'emergency' },
        )
      : ledger.keys;
    return {
      ledger: {
        ...ledger,
        keys,
        rotation,
        ...(change.scopes === undefined ? {} : { scopesTriedFor: pen.config }),
        ...(emergency || change.kind === 'scheduled' ? {} : { failures: undefined, made: undefined }),
      },
      note: { event: 'rotation-opened', data: { kind: change.kind, reason: change.reason } },
    };
  },

  closed: (ledger) => ({
    ledger: { ...ledger, rotation: undefined },
    note: { event: 'rotation-closed' },
  }),

  failed: (ledger, change, pen) => {
    const count = Math.min((ledger.failures?.count ?? 0) + 1, MANY_FAILURES);
    const failures = { count, lastAt: toInstant(pen.now), code: change.failure.code, config: pen.config };
    return {
      ledger: { ...withoutUnadopted(calledOff(ledger), pen), rotation: undefined, failures },
      note: {
        event: 'rotation-failed',
        data: { code: change.failure.code, message: change.failure.message },
      },
    };
  },

  abandoned: (ledger, change, pen) => ({
    ledger: { ...withoutUnadopted(calledOff(ledger), pen), rotation: undefined },
    note: { event: 'rotation-abandoned', data: { why: change.why } },
  }),

  postponed: (ledger, change, pen) => {
    const tries = (ledger.rotation?.tries ?? 0) + 1;
    const pause = Math.max(retryDelay(tries), change.failure.retryAfterMs ?? 0);
    const changed = withRotation(ledger, {
      tries,
      nextTry: toInstant(pen.now + pause),
      told: toldBy(change.failure, retryDelay(tries)),
      lastError: change.failure.message,
    });
    // A retry counts on its record; the trail gets an entry when it begins to fail.
    const note = tries === 1 ? { event: 'postponed', data: failureData(change.failure) } : null;
    return { ledger: changed, note };
  },

  'entered-phase': (ledger, change) => ({
    ledger: withRotation(ledger, {
      phase: change.phase,
      entered: undefined,
      tries: undefined,
      nextTry: undefined,
    }),
    note: null,
  }),

  parked: (ledger, change, pen) => ({
    ledger: withRotation(ledger, {
      phase: 'create',
      waiting: { for: 'operator', since: toInstant(pen.now) },
      entered: undefined,
    }),
    note: { event: 'waiting-for-person', key: change.row },
  }),

  held: (ledger, change, pen) => ({
    ledger: {
      ...ledger,
      hold: { kind: change.kind, reason: change.reason, since: toInstant(pen.now), by: pen.by },
    },
    note: { event: 'held', data: { kind: change.kind, reason: change.reason } },
  }),

  'hold-lifted': (ledger) => ({ ledger: { ...ledger, hold: undefined }, note: { event: 'hold-lifted' } }),

  ended: (ledger, change) => ({
    ledger: change.rows.reduce((changed, row) => withRow(changed, row, { endNow: change.why }), ledger),
    note: { event: 'overlap-ended', data: { why: change.why, keys: change.rows.join(' ') } },
  }),

  'owed-paid': (ledger, change, pen) => {
    const owed = ledger.owed.filter((debt) => debt.id !== change.owed);
    const target = ledger.owed.find((debt) => debt.id === change.owed)?.target ?? change.owed;
    const paid = { ...ledger, owed };
    return {
      ledger: owed.length === 0 ? beginOverlap(paid, pen) : paid,
      note: { event: 'owed-paid', data: { target } },
    };
  },

  'owed-failed': (ledger, change, pen) => {
    const owed = ledger.owed.map((debt) => {
      if (debt.id !== change.owed) return debt;
      const tries = debt.tries + 1;
      const pause = Math.max(retryDelay(tries), change.failure.retryAfterMs ?? 0);
      return {
        ...debt,
        entered: undefined,
        tries,
        nextTry: toInstant(pen.now + pause),
        lastError: change.failure.message,
      };
    });
    const debt = owed.find((one) => one.id === change.owed);
    const first = debt?.tries === 1;
    return {
      ledger: { ...ledger, owed },
      note: first
        ? { event: 'owed-failed', data: { target: debt.target, ...failureData(change.failure) } }
        : null,
    };
  },
};

/** An emergency that ends before its key is in place takes back that every other key was to die at once. */
export function calledOff(ledger: Ledger): Ledger {
  if (ledger.rotation?.kind !== 'emergency' || ledger.rotation.promotedAt !== undefined) return ledger;
  const keys = ledger.keys.map((key) => (key.endNow === 'emergency' ? { ...key, endNow: undefined } : key));
  return { ...ledger, keys };
}

/** A key that was to be adopted and was not is not ours to kill: its row is settled as it is. */
export function withoutUnadopted(ledger: Ledger, pen: Pen): Ledger {
  const rotation = ledger.rotation;
  const row = rowOf(ledger, rotation?.new);
  if (rotation?.kind !== 'adopt' || row === null || row.state !== 'pending') return ledger;
  if (row.storeVersion === undefined) return withoutRow(ledger, row.id);
  const proof = { by: 'operator', at: toInstant(pen.now), who: `${pen.by}: not adopted` } as const;
  return withRow(ledger, row.id, { state: 'settled', proof });
}

/** Starts the overlap of every key whose overlap waits for the last hook and mirror. */
export function beginOverlap(ledger: Ledger, pen: Pen): Ledger {
  return {
    ...ledger,
    keys: ledger.keys.map((key) =>
      key.ceasedCurrentAt !== undefined &&
      key.overlapFrom === undefined &&
      rowOf(ledger, key.id)?.state === 'retiring'
        ? { ...key, overlapFrom: toInstant(pen.now), overlapClock: pen.clock }
        : key,
    ),
  };
}

/** Marks a pause that the other side asked for. */
export function toldBy(failure: { readonly retryAfterMs?: number }, own: number): true | undefined {
  return (failure.retryAfterMs ?? 0) >= own ? true : undefined;
}

export function failureData(failure: {
  readonly code: string;
  readonly message: string;
}): Record<string, string> {
  return { code: failure.code, message: failure.message };
}
