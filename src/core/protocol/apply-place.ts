import { toInstant } from '../credential.ts';
import type { Key, Ledger, Owed } from '../ledger.ts';
import { retryDelay } from '../policy.ts';
import { currentRow, makesKey, rowOf } from '../rows.ts';
import { factsOf, nextAttempt } from './apply-creation.ts';
import { beginOverlap, failureData, toldBy, withoutUnadopted } from './apply-rotation.ts';
import { type Handlers, NO_PROMOTE, type Pen, withRotation, withRow } from './record.ts';

/** What happens to a key's value in the store, and to what is current. */
export const placeChanges: Handlers<
  | 'staged'
  | 'stage-conflict'
  | 'restage'
  | 'value-lost'
  | 'given-up'
  | 'verified'
  | 'unverified'
  | 'promoted'
  | 'not-promoted'
  | 'promote-unsure'
  | 'rewritten'
  | 'rewrite-conflict'
  | 'promote-settled'
  | 'moved'
  | 'adopted'
  | 'mirrors-owed'
> = {
  staged: (ledger, change) => {
    const row = rowOf(ledger, change.row);
    const spare =
      row?.storeVersion !== undefined && row.storeVersion !== change.version ? [row.storeVersion] : [];
    const noted = withRow(ledger, change.row, {
      storeVersion: change.version,
      valueLost: undefined,
      ...(spare.length === 0 ? {} : { spares: [...(row?.spares ?? []), ...spare] }),
      ...(change.fingerprints === undefined ? {} : { fingerprints: change.fingerprints }),
    });
    const verify = { phase: 'verify', entered: undefined, tries: undefined, nextTry: undefined } as const;
    return {
      ledger: ledger.rotation?.new === change.row ? withRotation(noted, verify) : noted,
      note: { event: 'staged', key: change.row },
    };
  },

  'stage-conflict': (ledger, change) => ({
    ledger: withRotation(ledger, { attempt: (ledger.rotation?.attempt ?? 0) + 1, entered: undefined }),
    note: { event: 'stage-conflict', key: change.row },
  }),

  // A promote of the older document may land yet, so what is known of it stays.
  restage: (ledger, change) => ({
    ledger: withRotation(ledger, {
      phase: 'stage',
      attempt: (ledger.rotation?.attempt ?? 0) + 1,
      entered: undefined,
      nextTry: undefined,
    }),
    note: { event: 'restage', key: change.row },
  }),

  'value-lost': (ledger, change, pen) => ({
    ledger: withoutValue(ledger, change.row, pen),
    note: { event: 'value-lost', key: change.row },
  }),

  'given-up': (ledger, change, pen) => ({
    ledger: nextAttempt(ledger, pen),
    note: { event: 'given-up', key: change.row, data: { why: change.why } },
  }),

  verified: (ledger, change, pen) => ({
    ledger: withRotation(
      withRow(ledger, change.row, {
        ...factsOf(change.facts),
        ...(change.by === 'issuer' ? { verifiedAt: toInstant(pen.now) } : {}),
      }),
      {
        ...(ledger.rotation?.phase === 'verify' ? { phase: 'promote' as const } : {}),
        unverified: undefined,
        tries: undefined,
        nextTry: undefined,
        lastError: undefined,
      },
    ),
    note: {
      event: 'verified',
      key: change.row,
      data: { by: change.by, findings: change.findings.join('; ') },
    },
  }),

  unverified: (ledger, change) => ({
    ledger: withRotation(ledger, { unverified: true }),
    note: { event: 'promote-before-verify', key: change.row, data: { why: change.why } },
  }),

  promoted: (ledger, change, pen) => {
    const at = toInstant(pen.now);
    const emergency = ledger.rotation?.kind === 'emergency';
    const retired = retireCurrent(ledger, change.row, pen);
    const undated = rowOf(ledger, change.row)?.issuedAt === undefined;
    const promoted = withRow(retired, change.row, {
      state: 'current',
      // A secret that nobody hands out is as old as its place.
      ...(undated ? { issuedAt: at, issuedAtFrom: 'store' as const } : {}),
      currentAs: change.version,
      currentSince: at,
      replaced: rowOf(ledger, change.row)?.promoteBase ?? null,
      overlap: undefined,
      ...NO_PROMOTE,
      ceasedCurrentAt: undefined,
      overlapFrom: undefined,
      overlapClock: undefined,
      endNow: undefined,
    });
    const owing = withRotation(
      {
        ...owe(promoted, change, pen),
        failures: undefined,
        made: undefined,
        hold: emergency || isOver(promoted.hold) ? undefined : promoted.hold,
      },
      {
        phase: 'overlap',
        entered: undefined,
        promotedAt: at,
        tries: undefined,
        nextTry: undefined,
        lastError: undefined,
      },
    );
    return {
      ledger: owing.owed.length === 0 ? beginOverlap(owing, pen) : owing,
      note: { event: 'promoted', key: change.row, data: { version: change.version } },
    };
  },

  'promote-unsure': (ledger, change, pen) => {
    const doubted = withRow(ledger, change.row, { promoteDoubt: true });
    const tries = (ledger.rotation?.tries ?? 0) + 1;
    const pause = Math.max(retryDelay(tries), change.failure.retryAfterMs ?? 0);
    return {
      ledger: withRotation(doubted, {
        tries,
        nextTry: toInstant(pen.now + pause),
        told: toldBy(change.failure, retryDelay(tries)),
        lastError: change.failure.message,
      }),
      note: { event: 'promote-unsure', key: change.row, data: failureData(change.failure) },
    };
  },

  'not-promoted': (ledger, change, pen) => {
    // A refusal speaks of the last send only: that current has moved on may be the work of one before.
    const settles = rowOf(ledger, change.row)?.promoteDoubt === undefined;
    const cleared = settles ? withRow(ledger, change.row, NO_PROMOTE) : ledger;
    const tries = (ledger.rotation?.tries ?? 0) + 1;
    const pause = Math.max(retryDelay(tries), change.failure.retryAfterMs ?? 0);
    return {
      ledger: withRotation(cleared, {
        entered: undefined,
        tries,
        nextTry: toInstant(pen.now + pause),
        told: toldBy(change.failure, retryDelay(tries)),
        lastError: change.failure.message,
      }),
      note: { event: 'not-promoted', key: change.row, data: failureData(change.failure) },
    };
  },

  rewritten: (ledger, change, pen) => {
    const current = currentRow(ledger);
    const noted =
      current === null
        ? ledger
        : withRow(ledger, current.id, {
            currentAs: change.version,
            currentSince: toInstant(pen.now),
            replaced: current.currentAs ?? null,
            storeVersion: change.kept,
            spares: [
              ...(current.spares ?? []),
              ...(current.storeVersion === undefined ? [] : [current.storeVersion]),
            ],
          });
    return {
      ledger: settle(noted, change.row, pen),
      note: { event: 'current-rewritten', key: change.row, data: { version: change.version } },
    };
  },

  'rewrite-conflict': (ledger, change, pen) => ({
    ledger: withRow(ledger, change.row, {
      rewriting: undefined,
      nextTry: toInstant(pen.now + retryDelay(1)),
      spares: [...(rowOf(ledger, change.row)?.spares ?? []), change.version],
    }),
    note: { event: 'stage-conflict', key: change.row },
  }),

  'promote-settled': (ledger, change, pen) => ({
    ledger: settle(ledger, change.row, pen),
    note: { event: 'promote-settled', key: change.row },
  }),

  moved: (ledger, change, pen) => {
    const others = ledger.rotation?.new === change.row ? ledger : withoutUnadopted(ledger, pen);
    const retired = retireCurrent(others, change.row, pen);
    // An emergency goes on: this row too is to die, as soon as the new key is in place.
    const { rotation } = ledger;
    const goesOn = rotation?.kind === 'emergency' && rotation.promotedAt === undefined;
    const followed = withRow(retired, change.row, {
      state: 'current',
      currentAs: change.version,
      currentSince: toInstant(pen.now),
      replaced: currentRow(ledger)?.currentAs ?? null,
      overlap: undefined,
      ceasedCurrentAt: undefined,
      overlapFrom: undefined,
      overlapClock: undefined,
      endNow: goesOn ? 'emergency' : undefined,
      ...NO_PROMOTE,
    });
    // A hold that stands from an earlier move says what was done last.
    const { hold } = followed;
    const reason = `somebody made ${change.row} current again`;
    const restated = hold?.kind === 'moved' && hold.reason !== reason ? { ...hold, reason } : hold;
    const owing = owe(
      { ...followed, hold: restated, rotation: goesOn ? { ...rotation, old: change.row } : undefined },
      change,
      pen,
    );
    return {
      ledger: owing.owed.length === 0 ? beginOverlap(owing, pen) : owing,
      note: { event: 'current-moved-by-someone', key: change.row, data: { version: change.version } },
    };
  },

  'mirrors-owed': (ledger, change, pen) => {
    // Those who read the mirror lose the key only now: its overlap begins again.
    const held = withRow(ledger, change.row, { overlapFrom: undefined, overlapClock: undefined });
    return {
      ledger: owe(
        held,
        { row: currentRow(ledger)?.id ?? change.row, hooks: [], mirrors: change.mirrors },
        pen,
      ),
      note: { event: 'mirrors-owed', key: change.row, data: { mirrors: change.mirrors.join(' ') } },
    };
  },

  adopted: (ledger, change, pen) => {
    const at = toInstant(pen.now);
    const retired = retireCurrent(ledger, change.row, pen);
    const { kept, version } = change;
    const isKeptTwice = version !== kept && retired.keys.some((key) => key.storeVersion === version);
    const row: Key = {
      id: change.row,
      state: 'current',
      rotation: change.rotation,
      attempt: 1,
      issuedAt: at,
      ...factsOf(change.facts),
      issuedAtFrom: change.issuedAtFrom,
      storeVersion: kept,
      ...(isKeptTwice ? { spares: [version] } : {}),
      currentAs: version,
      currentSince: at,
      ...(change.by === 'shape' ? {} : { verifiedAt: at }),
    };
    // The same key may have been given up before: what is kept of it is this row's now, and goes with it.
    const others = retired.keys.map((key) =>
      key.storeVersion === kept || key.storeVersion === version ? { ...key, storeVersion: undefined } : key,
    );
    const taken = { ...retired, keys: [...others, row], hold: undefined, failures: undefined };
    // Where it takes the place of another key, those who are told of changes are told of this one.
    const isFirst = ledger.keys.every((key) => key.currentSince === undefined);
    const owing = isFirst ? taken : owe(taken, change, pen);
    return {
      ledger: owing.owed.length === 0 ? beginOverlap(owing, pen) : owing,
      note: { event: 'adopted', key: row.id, data: { issuedAtFrom: change.issuedAtFrom } },
    };
  },
};

/** Another key is made instead, unless the rotation was to place just this one. */
function withoutValue(ledger: Ledger, row: string, pen: Pen): Ledger {
  const noted = withRow(ledger, row, { valueLost: true });
  const { rotation } = ledger;
  return rotation !== undefined && !makesKey(rotation) ? noted : nextAttempt(noted, pen);
}

/** Every hook and mirror is owed for the key that is current now. */
function owe(
  ledger: Ledger,
  change: { readonly row: string; readonly hooks: readonly string[]; readonly mirrors: readonly string[] },
  pen: Pen,
): Ledger {
  const since = toInstant(pen.now);
  const one =
    (kind: Owed['kind']) =>
    (target: string): Owed => ({
      id: `${change.row}-${target}`,
      kind,
      target,
      since,
      tries: 0,
    });
  const owed = [...change.hooks.map(one('hook')), ...change.mirrors.map(one('mirror'))];
  const others = ledger.owed.filter((debt) => !owed.some((each) => each.target === debt.target));
  return { ...ledger, owed: [...others, ...owed] };
}

/** What a working key in place puts an end to. */
function isOver(hold: Ledger['hold']): boolean {
  return hold?.kind === 'gone' || hold?.kind === 'dead';
}

/** The key that was current retires from now on, with the overlap that the rotation asks for. */
function retireCurrent(ledger: Ledger, successor: string, pen: Pen): Ledger {
  const old = currentRow(ledger);
  if (old === null || old.id === successor) return ledger;
  // Where somebody else replaces the key that a rotation has put in place, what that asked for was meant for others.
  const rotation = ledger.rotation?.new === old.id ? undefined : ledger.rotation;
  return withRow(ledger, old.id, {
    state: 'retiring',
    ceasedCurrentAt: toInstant(pen.now),
    overlapFrom: undefined,
    overlapClock: undefined,
    overlap: rotation?.overlap,
    endNow: rotation?.kind === 'emergency' ? 'emergency' : undefined,
  });
}

/** A promote that can no longer land. Its key counts as having been current until now. */
function settle(ledger: Ledger, id: string, pen: Pen): Ledger {
  const at = toInstant(pen.now);
  return withRow(ledger, id, {
    state: 'retiring',
    ...NO_PROMOTE,
    rewriting: undefined,
    ceasedCurrentAt: at,
    overlapFrom: at,
    overlapClock: pen.clock,
  });
}
