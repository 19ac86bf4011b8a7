import { type KeyFacts, toInstant } from '../credential.ts';
import type { Key, Ledger } from '../ledger.ts';
import { retryDelay } from '../policy.ts';
import { rowOf } from '../rows.ts';
import type { Version } from '../store.ts';
import { calledOff, failureData, toldBy } from './apply-rotation.ts';
import { type Applied, type Handlers, type Pen, withoutRow, withRotation, withRow } from './record.ts';

const CREATIONS_KEPT = 8;

/** What happens to a key before consumers can read it. */
export const creationChanges: Handlers<
  | 'intended'
  | 'provided'
  | 'created'
  | 'registered'
  | 'not-created'
  | 'create-unsure'
  | 'possible'
  | 'found'
  | 'identified'
  | 'never-made'
  | 'merged'
  | 'same-key'
> = {
  intended: (ledger, change, pen) => {
    const { effect } = change;
    const at = toInstant(pen.now);
    const note = { event: `${effect.kind}-intended`, key: effect.row };
    switch (effect.kind) {
      case 'create': {
        const row: Key = {
          id: effect.row,
          state: 'intended',
          rotation: ledger.rotation?.id ?? effect.row,
          attempt: ledger.rotation?.attempt ?? 1,
          issuedAtFrom: 'unknown',
          window: { from: at, clock: pen.clock },
          longestLife: change.longestLife,
          ...(change.listedBefore === undefined ? {} : { listedBefore: [...change.listedBefore] }),
        };
        const keys = [...ledger.keys.filter((key) => key.id !== row.id), row];
        const made = [...(ledger.made ?? []), at].slice(-CREATIONS_KEPT);
        return {
          ledger: withRotation({ ...ledger, keys, made }, { new: row.id, entered: at, waiting: undefined }),
          note,
        };
      }
      case 'register': {
        const made = [...(ledger.made ?? []), at].slice(-CREATIONS_KEPT);
        const windowed = withRow({ ...ledger, made }, effect.row, {
          window: { from: at, clock: pen.clock },
          longestLife: change.longestLife,
          ...(change.listedBefore === undefined ? {} : { listedBefore: [...change.listedBefore] }),
        });
        return { ledger: withRotation(windowed, { entered: at }), note };
      }
      case 'stage': {
        const known = rowOf(ledger, effect.row);
        const fresh: Key = {
          id: effect.row,
          state: 'pending',
          rotation: ledger.rotation?.id ?? effect.row,
          attempt: ledger.rotation?.attempt ?? 1,
          issuedAtFrom: 'unknown',
        };
        const present = known === null ? { ...ledger, keys: [...ledger.keys, fresh] } : ledger;
        const marked = withRow(present, effect.row, {
          stagedAs: effect.mark,
          ...(change.fingerprints === undefined ? {} : { fingerprints: change.fingerprints }),
        });
        return {
          ledger: withRotation(marked, { new: effect.row, entered: at, base: change.base ?? null }),
          note,
        };
      }
      case 'promote': {
        const open = rowOf(ledger, effect.row);
        const doubted = open?.promoteEntered === undefined ? {} : { promoteDoubt: true as const };
        const older = olderBases(open, effect.base);
        const entered = withRow(ledger, effect.row, {
          promoteEntered: at,
          promoteBase: effect.base,
          ...doubted,
          ...older,
        });
        return { ledger: withRotation(entered, { entered: at, base: effect.base, phase: 'promote' }), note };
      }
      case 'rewrite':
        return { ledger: withRow(ledger, effect.row, { rewriting: effect.mark }), note };
      case 'revoke': {
        const row = rowOf(ledger, effect.row);
        return {
          ledger: withRow(ledger, effect.row, {
            revokeEntered: row?.revokeEntered ?? at,
            ...(row?.revokeEntered === undefined ? {} : { revokeRepeated: at }),
            tries: (row?.tries ?? 0) + 1,
          }),
          note,
        };
      }
      case 'owed':
        return {
          ledger: {
            ...ledger,
            owed: ledger.owed.map((debt) => (debt.id === effect.row ? { ...debt, entered: at } : debt)),
          },
          note: {
            event: 'owed-intended',
            data: { target: ledger.owed.find((debt) => debt.id === effect.row)?.target ?? null },
          },
        };
      default:
        return { ledger, note: null };
    }
  },

  provided: (ledger, change, pen) => {
    const at = toInstant(pen.now);
    const known = rowOf(ledger, change.row);
    const row: Key = {
      id: change.row,
      state: 'pending',
      rotation: ledger.rotation?.id ?? change.row,
      attempt: ledger.rotation?.attempt ?? 1,
      issuedAt: at,
      issuedAtFrom: 'operator',
      window: { from: known?.window?.from ?? at, to: at, clock: pen.clock },
      ...factsOf(change.facts),
      ...(change.issuedAtFrom === undefined ? {} : { issuedAtFrom: change.issuedAtFrom }),
    };
    const keys = [...ledger.keys.filter((key) => key.id !== row.id), row];
    return {
      ledger: withRotation(
        { ...ledger, keys },
        { new: row.id, phase: 'stage', waiting: undefined, entered: undefined },
      ),
      note: { event: 'key-provided', key: row.id },
    };
  },

  created: (ledger, change, pen) => made(ledger, change.row, change.facts, pen, 'stage', 'key-created'),

  registered: (ledger, change, pen) =>
    made(ledger, change.row, change.facts, pen, 'verify', 'key-registered'),

  'not-created': (ledger, change, pen) => {
    const rotation = ledger.rotation;
    const tries = (rotation?.tries ?? 0) + 1;
    const pause = Math.max(retryDelay(tries), change.failure.retryAfterMs ?? 0);
    // For a client-made secret the row holds what is staged, so it stays and goes with the attempt.
    const staged = rowOf(ledger, change.row)?.storeVersion !== undefined;
    const removed = staged ? ledger : withoutRow(ledger, change.row);
    const made = (ledger.made ?? []).slice(0, -1);
    return {
      ledger: withRotation(
        { ...removed, made },
        {
          ...(staged ? {} : { new: undefined, attempt: (rotation?.attempt ?? 0) + 1 }),
          entered: undefined,
          tries,
          nextTry: toInstant(pen.now + pause),
          told: toldBy(change.failure, retryDelay(tries)),
          lastError: change.failure.message,
        },
      ),
      note: { event: 'key-not-created', key: change.row, data: failureData(change.failure) },
    };
  },

  'create-unsure': (ledger, change, pen) => {
    const row = rowOf(ledger, change.row);
    const at = toInstant(pen.now);
    const tries = (ledger.rotation?.tries ?? 0) + 1;
    const noted = withRow(ledger, change.row, {
      window: { from: row?.window?.from ?? at, to: at, clock: pen.clock },
      lastError: change.failure.message,
    });
    return {
      ledger: withRotation(noted, { tries, lastError: change.failure.message }),
      note: { event: 'create-unsure', key: change.row, data: failureData(change.failure) },
    };
  },

  possible: (ledger, change, pen) => {
    const row = rowOf(ledger, change.row);
    const at = toInstant(pen.now);
    const noted = withRow(ledger, change.row, {
      state: 'possible',
      window: { from: row?.window?.from ?? at, to: row?.window?.to ?? at, clock: pen.clock },
      // Without suspects it is looked for again, by its mark.
      ...(change.suspects === undefined ? {} : { listedBefore: undefined, suspects: [...change.suspects] }),
    });
    return {
      ledger: ledger.rotation?.new === change.row ? nextAttempt(noted, pen) : noted,
      note: {
        event: 'possible-orphan',
        key: change.row,
        data: { suspects: (change.suspects ?? []).join(' ') },
      },
    };
  },

  found: (ledger, change, pen) => {
    const at = toInstant(pen.now);
    const known = withRow(ledger, change.row, {
      ...factsOf(change.facts),
      state: 'pending',
      window: { from: rowOf(ledger, change.row)?.window?.from ?? at, to: at, clock: pen.clock },
      valueLost: true,
      listedBefore: undefined,
    });
    const changed = ledger.rotation?.new === change.row ? nextAttempt(known, pen) : known;
    return { ledger: changed, note: { event: 'orphan-found', key: change.row } };
  },

  identified: (ledger, change) => ({
    ledger: withRow(ledger, change.row, { ...factsOf(change.facts), listedBefore: undefined }),
    note: { event: 'key-identified', key: change.row },
  }),

  'never-made': (ledger, change) => ({
    ledger: withoutRow(ledger, change.row),
    note: { event: 'never-made', key: change.row },
  }),

  merged: (ledger, change, pen) => {
    const known = rowOf(ledger, change.row);
    const at = toInstant(pen.now);
    const blank: Key = {
      id: change.row,
      state: 'pending',
      rotation: change.row.slice(0, change.row.lastIndexOf('.')),
      attempt: Number(change.row.slice(change.row.lastIndexOf('.') + 1)) || 1,
      issuedAtFrom: 'unknown',
      window: { from: at, to: at, clock: pen.clock },
    };
    const row: Key = {
      ...(known ?? blank),
      ...factsOf(change.facts),
      // It may have been made just now, when the request was thought to be lost.
      window: { from: known?.window?.from ?? at, to: at, clock: pen.clock },
      ...(known?.issuedAt === undefined && change.facts.issuedAt === undefined
        ? { issuedAt: at, issuedAtFrom: 'store' as const }
        : {}),
      ...(known === null || known.state === 'intended' || known.state === 'possible'
        ? { state: 'pending' as const }
        : {}),
      ...(change.revokeEntered === undefined
        ? {}
        : { revokeEntered: known?.revokeEntered ?? change.revokeEntered }),
    };
    const keys =
      known === null ? [...ledger.keys, row] : ledger.keys.map((key) => (key.id === row.id ? row : key));
    const data = { revoking: change.revokeEntered !== undefined };
    const merged = { ...ledger, keys };
    const note = { event: 'merged', key: row.id, data };
    if (ledger.rotation?.new !== row.id) return { ledger: merged, note };
    if (data.revoking) return { ledger: nextAttempt(merged, pen), note };
    // It is not asked for once more under its mark: it is there, and who holds its value goes on with it.
    const asked = ledger.rotation.phase === 'create';
    return { ledger: asked ? withRotation(merged, { phase: 'stage', entered: undefined }) : merged, note };
  },

  'same-key': (ledger, change, pen) => {
    // The issuer gave a key that is known already: its row here is dropped, the key it equals is left alone.
    const failures = {
      count: (ledger.failures?.count ?? 0) + 1,
      lastAt: toInstant(pen.now),
      code: 'GUARDED',
      config: pen.config,
    };
    return {
      ledger: { ...withoutRow(calledOff(ledger), change.row), rotation: undefined, failures },
      note: { event: 'same-key', key: change.row, data: { as: change.as } },
    };
  },
};

function made(
  ledger: Ledger,
  id: string,
  facts: KeyFacts,
  pen: Pen,
  phase: 'stage' | 'verify',
  event: string,
): Applied {
  const at = toInstant(pen.now);
  const row = rowOf(ledger, id);
  const noted = withRow(ledger, id, {
    state: 'pending',
    ...(facts.issuedAt === undefined ? { issuedAt: at } : {}),
    issuedAtFrom: facts.issuedAt === undefined ? 'store' : 'issuer',
    ...factsOf(facts),
    ...(facts.issuerKeyId === undefined ? {} : { listedBefore: undefined }),
    window: { from: row?.window?.from ?? at, to: at, clock: pen.clock },
  });
  return {
    ledger: withRotation(noted, {
      phase,
      entered: undefined,
      tries: undefined,
      nextTry: undefined,
      lastError: undefined,
    }),
    note: { event, key: id, data: facts.issuerKeyId === undefined ? {} : { issuerKeyId: facts.issuerKeyId } },
  };
}

/** Leaves the key of this attempt to its row and prepares the next attempt, after a pause. */
export function nextAttempt(ledger: Ledger, pen: Pen): Ledger {
  const rotation = ledger.rotation;
  const failed = rotation?.tries ?? 0;
  return withRotation(ledger, {
    phase: 'create',
    attempt: (rotation?.attempt ?? 0) + 1,
    new: undefined,
    entered: undefined,
    ...(failed > 0 ? { nextTry: toInstant(pen.now + retryDelay(failed)) } : {}),
  });
}

/** The row's fields for what the issuer said; what it did not say is left as it is. */
export function factsOf(facts: KeyFacts): Partial<Key> {
  return {
    ...(facts.issuerKeyId === undefined ? {} : { issuerKeyId: facts.issuerKeyId }),
    ...(facts.identity === undefined ? {} : { identity: facts.identity }),
    ...(facts.fingerprints === undefined ? {} : { fingerprints: { ...facts.fingerprints } }),
    ...(facts.issuedAt === undefined ? {} : { issuedAt: facts.issuedAt, issuedAtFrom: 'issuer' as const }),
    ...(facts.expiresAt === undefined ? {} : { expiresAt: facts.expiresAt }),
    ...(facts.scopes === undefined ? {} : { scopes: [...facts.scopes] }),
  };
}

/** A row whose promote was sent before against something else keeps what that was: it may land there yet. */
function olderBases(row: Key | null, base: Version | null): Pick<Key, 'promoteOlder'> {
  if (row?.promoteEntered === undefined) return {};
  const bases = new Set([...(row.promoteOlder ?? []), row.promoteBase ?? null]);
  bases.delete(base);
  return bases.size === 0 ? {} : { promoteOlder: [...bases] };
}
