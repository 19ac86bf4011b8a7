import { toMs } from '../credential.ts';
import type { Key, Ledger, Rotation } from '../ledger.ts';
import { backOffUntil, type DueFacts, due, dueAt, type Policy } from '../policy.ts';
import { currentRow, hasExpired, isDead, isStale, owedRevocations, rowOf, sameKey } from '../rows.ts';
import { askOfCaller, endedByAnother, isKnownDead, remedy, wayOut, whyNotBegun } from './asking.ts';
import type { Step } from './changes.ts';
import { creation } from './creation.ts';
import { debts } from './debts.ts';
import { overlapping } from './overlap.ts';
import { endWithout, landedUnseen, promoted, promoting, staging, verifying } from './placing.ts';
import { revocation } from './revocation.ts';
import { askOfPrevious, expiresSoon } from './roles.ts';
import { isForeign, type Seen } from './seen.ts';
import { emergencyCommand, isActive, look, mayBeOld, stop, weight } from './steps.ts';

/** Whether this run may open rotations that are due, or only drives what is open and owed. */
export interface Drive {
  readonly opens: boolean;
  /** Whether the issuer may be asked about a key that seems to need nothing. */
  readonly asks: boolean;
}

/**
 * The next step, given what is recorded, what is wanted, what was last seen, and the time. Pure and total: every
 * ledger that can be reached has a step, or a stated reason for none.
 */
export function next(ledger: Ledger, policy: Policy, seen: Seen, now: number, drive: Drive): Step {
  if (seen.current === undefined) return look({ what: 'current' });
  const outside = followStore(ledger, policy, seen);
  if (outside !== null && isActive(outside)) return outside;
  const open = parked(ledger, policy, seen, now, drive) ?? rotating(ledger, policy, seen, now, drive);
  if (open !== null && isActive(open)) return open;
  const owed = debts(ledger, policy, seen, now);
  if (owed !== null && isActive(owed)) return owed;
  const fresh =
    ledger.rotation === undefined && outside === null ? opening(ledger, policy, seen, now, drive) : null;
  if (fresh !== null && isActive(fresh)) return fresh;
  const passive = [outside, open, owed, fresh].filter((step) => step !== null);
  const first = passive.sort((a, b) => weight(b) - weight(a))[0];
  return first ?? unsure(ledger, policy, seen, now) ?? { do: 'nothing', reason: 'nothing is due' };
}

/** Nothing is not due where what is shown may be a change of somebody else, which is noticed later. */
function unsure(ledger: Ledger, policy: Policy, seen: Seen, now: number): Step | null {
  const inPlace = rowOf(ledger, seen.current?.row ?? undefined);
  const odd = seen.current !== null && (inPlace === null || isDead(inPlace));
  return odd && isStale(ledger, policy, seen) ? mayBeOld(now) : null;
}

/** Someone else's change wins: the ledger follows what the store holds. */
export function followStore(ledger: Ledger, policy: Policy, seen: Seen): Step | null {
  if (isStale(ledger, policy, seen)) return null;
  const held = currentRow(ledger);
  const rotation = ledger.rotation;
  const current = seen.current;
  if (current === undefined) return null;
  if (current === null) return held === null ? null : gone(ledger, policy, seen);
  if (isForeign(ledger, seen)) return foreign(ledger, seen);
  if (current.row === held?.id) {
    // It was missing, or a dead one stood there, and it is back.
    const over = ledger.hold?.kind === 'gone' || ledger.hold?.kind === 'dead';
    return over ? { do: 'record', change: { type: 'hold-lifted' } } : null;
  }
  const row = rowOf(ledger, current.row ?? undefined);
  if (row === null) return null;
  // Ours, and on its way: the phase itself records that it landed.
  if (current.row === rotation?.new && rotation.phase !== 'overlap' && !isDead(row)) {
    if (rotation.phase === 'promote') return null;
    return row.state === 'pending'
      ? promoted(row, current.version, policy)
      : moved(ledger, policy, row.id, current.version);
  }
  const twinDied = ledger.keys.some((key) => isDead(key) && sameKey(key, row));
  if (isDead(row) || twinDied || row.revokeEntered !== undefined)
    return deadInPlace(ledger, policy, seen, row.id);
  // A promote of ours that was thought to be lost: nobody else did that.
  if (row.promoteEntered !== undefined) {
    if (rotation === undefined) return promoted(row, current.version, policy);
    if (rotation.kind !== 'emergency' && rotation.promotedAt === undefined)
      return {
        do: 'record',
        change: { type: 'abandoned', why: `an earlier promote, of ${row.id}, has landed` },
      };
  }
  return moved(ledger, policy, row.id, current.version);
}

function moved(ledger: Ledger, policy: Policy, row: string, version: string): Step {
  // An emergency that has not put its key in place goes on, whatever it finds there.
  const goesOn = ledger.rotation?.kind === 'emergency' && ledger.rotation.promotedAt === undefined;
  if (ledger.hold?.kind !== 'moved' && !goesOn) {
    const reason = `somebody made ${row} current again`;
    return { do: 'record', change: { type: 'held', kind: 'moved', reason } };
  }
  const { hooks, mirrors } = policy;
  return { do: 'record', change: { type: 'moved', row, version, hooks, mirrors } };
}

function foreign(ledger: Ledger, seen: Seen): Step {
  const rotation = ledger.rotation;
  // An emergency replaces what it found, but not what somebody has put there since.
  const found =
    rotation?.kind === 'emergency' && (rotation.base === undefined || rotation.base === seen.base);
  const placed = rotation?.kind === 'emergency' && rotation.promotedAt !== undefined;
  if (rotation !== undefined && !found && !placed) {
    return { do: 'record', change: { type: 'abandoned', why: 'current was changed by someone else' } };
  }
  const known = ledger.keys.length > 0;
  const givenUp = seen.current?.row ?? null;
  const changed = givenUp === null ? 'was changed by someone else' : `holds ${givenUp}, which was given up`;
  const reason = known ? `current ${changed}` : 'the store holds a key that keyturn does not know';
  if (ledger.hold?.kind !== 'foreign' && known) {
    return { do: 'record', change: { type: 'held', kind: 'foreign', reason } };
  }
  return stop('PERSON', reason, `run keyturn adopt ${ledger.credential} to take that key under management`);
}

function gone(ledger: Ledger, policy: Policy, seen: Seen): Step | null {
  const rotation = ledger.rotation;
  // One that a person asked for fills the place, as long as it has put nothing there.
  const fills = rotation?.kind === 'manual' || rotation?.kind === 'emergency';
  if (fills && rotation.promotedAt === undefined) return null;
  if (rotation !== undefined) {
    return { do: 'record', change: { type: 'abandoned', why: 'the value in the store is gone' } };
  }
  const reason = 'the value that consumers read is gone from the store';
  if (ledger.hold?.kind !== 'gone') return { do: 'record', change: { type: 'held', kind: 'gone', reason } };
  const instead = remedy(`keyturn rotate ${ledger.credential}`, ledger, policy, seen);
  return stop('PERSON', reason, `put it back by hand, or ${instead}`);
}

function deadInPlace(ledger: Ledger, policy: Policy, seen: Seen, row: string): Step | null {
  const rotation = ledger.rotation;
  if (rotation !== undefined && rotation.phase !== 'overlap' && rotation.phase !== 'done') return null;
  const reason = `current holds ${row}, which is revoked`;
  if (ledger.hold?.kind !== 'dead') return { do: 'record', change: { type: 'held', kind: 'dead', reason } };
  return stop('UNSAFE', reason, remedy(`${emergencyCommand(ledger)} now`, ledger, policy, seen));
}

function rotating(ledger: Ledger, policy: Policy, seen: Seen, now: number, drive: Drive): Step | null {
  const rotation = ledger.rotation;
  if (rotation === undefined) return null;
  const row = rowOf(ledger, rotation.new);
  if (row !== null && isDead(row) && rotation.promotedAt === undefined) {
    return { do: 'record', change: { type: 'abandoned', why: `${row.id} is dead` } };
  }
  if (row !== null && isTooLate(rotation, row, seen, now)) {
    const why = `${row.id} is about to expire, or has, so nothing goes back to it`;
    return landedUnseen(ledger, seen, policy) ?? endWithout(rotation, why);
  }
  switch (rotation.phase) {
    case 'create':
      return creation(ledger, policy, seen, rotation, now);
    case 'stage':
      return staging(ledger, policy, seen, rotation, now);
    case 'verify':
      return verifying(ledger, policy, seen, rotation, now);
    case 'promote':
      return promoting(ledger, policy, seen, rotation, now);
    case 'overlap': {
      const pending = overlapping(ledger, policy, seen, rotation, now, drive.asks);
      if (pending !== null) return pending;
      const old = rowOf(ledger, rotation.old);
      const death = old === null ? null : revocation(ledger, policy, seen, old, now);
      return death ?? finish(ledger);
    }
    case 'done':
      return finish(ledger);
  }
}

/** It was to go back to a key that is about to expire. A copy that was sent is looked for first, or it stays for ever. */
function isTooLate(rotation: Rotation, target: Key, seen: Seen, now: number): boolean {
  const { kind, phase, entered, promotedAt } = rotation;
  if (kind !== 'rollback' || promotedAt !== undefined || !expiresSoon(target, now)) return false;
  return phase !== 'stage' || entered === undefined || seen.staged[target.id] === null;
}

/** Closes when every value that nobody needs is discarded; the discards themselves are debts. */
function finish(ledger: Ledger): Step | null {
  const old = rowOf(ledger, ledger.rotation?.old);
  const left =
    old !== null && isDead(old) && (old.storeVersion !== undefined || (old.spares ?? []).length > 0);
  if (ledger.rotation?.phase !== 'done')
    return { do: 'record', change: { type: 'entered-phase', phase: 'done' } };
  return left || ledger.owed.length > 0 ? null : { do: 'record', change: { type: 'closed' } };
}

function opening(ledger: Ledger, policy: Policy, seen: Seen, now: number, drive: Drive): Step | null {
  const current = currentRow(ledger);
  const facts = dueFacts(current, policy, seen, now);
  if (!drive.opens && !facts.dead) return null;
  const asked = drive.asks ? (askIssuer(current, policy, seen) ?? askOfCaller(ledger, policy, seen)) : null;
  if (!drive.opens) return asked ?? withoutKey(ledger, policy, seen, now, drive);
  const reason = due(current, policy, facts, ledger, now);
  if (reason === null) return drive.asks ? askIssuer(current, policy, seen) : null;
  const blocked =
    (facts.dead ? endedByAnother(ledger, policy, current, now) : null) ??
    whyNotBegun(ledger, policy, seen) ??
    mayOpen(ledger, policy, now, facts.dead);
  // What stands against a key that is merely old may not stand against one that is dead, and the other way round.
  const { maxLive, asksWith } = policy.issuer;
  const isPast = current !== null && hasExpired(current, now);
  const matters = blocked !== null || isPast || maxLive === 1 || asksWith === 'current';
  if (matters && asked !== null) return asked;
  if (blocked !== null)
    return blocked.do === 'wait' && facts.dead ? withoutKey(ledger, policy, seen, now, drive) : blocked;
  if (isStale(ledger, policy, seen)) return mayBeOld(now);
  const scopes = reason.rule === 'scope' ? { scopes: true as const } : {};
  return {
    do: 'record',
    change: { type: 'opened', id: seen.freshId, kind: 'scheduled', reason: reason.reason, ...scopes },
  };
}

/** A rotation that waits for a person may wait, unless consumers have no key that works. Null: it does, or may. */
function parked(ledger: Ledger, policy: Policy, seen: Seen, now: number, drive: Drive): Step | null {
  if (ledger.rotation?.waiting?.for !== 'operator' || !drive.asks) return null;
  const current = currentRow(ledger);
  if (seen.current?.row !== current?.id) return null;
  const isDown = current !== null && isKnownDead(current, policy, seen);
  return askIssuer(current, policy, seen) ?? (isDown ? withoutKey(ledger, policy, seen, now, drive) : null);
}

/** Consumers have no key that works, and nothing is done about that now: a person decides. */
function withoutKey(ledger: Ledger, policy: Policy, seen: Seen, now: number, drive: Drive): Step {
  const reason = 'the key in current does not work, or is being revoked';
  const asks = drive.asks ? askOfPrevious(ledger, policy, seen) : null;
  return asks ?? stop('UNSAFE', reason, wayOut(ledger, policy, seen, now));
}

/** A key that died early, or lacks a scope, is noticed only by asking. */
function askIssuer(current: Key | null, policy: Policy, seen: Seen): Step | null {
  if (current === null || !policy.issuer.proves) return null;
  return seen.works[current.id] === undefined ? look({ what: 'works', row: current.id }) : null;
}

/** What stands against opening a rotation that is due; null: nothing. */
function mayOpen(ledger: Ledger, policy: Policy, now: number, urgent: boolean): Step | null {
  const hold = ledger.hold;
  if (hold !== undefined && (hold.until === undefined || toMs(hold.until) > now)) {
    const reason = `held since ${hold.since}: ${hold.reason}`;
    return {
      do: 'wait',
      for: 'back-off',
      reason,
      until: hold.until === undefined ? null : toMs(hold.until),
      late: true,
    };
  }
  // Where consumers are without a working key, to stay away for hours would be to prolong that.
  const backOff = backOffUntil(ledger, policy, urgent);
  if (backOff !== null && backOff > now) {
    return {
      do: 'wait',
      for: 'back-off',
      reason: `the last rotation failed (${ledger.failures?.code}); the next try is at ${new Date(backOff).toISOString()}`,
      until: backOff,
      late: true,
    };
  }
  const serial = policy.issuer.revokesBy === 'replacement' || policy.issuer.revokesBy === 'promotion';
  // One that was never current ends with the arrival of the next key, so it is not waited for.
  const owed = owedRevocations(ledger).filter((row) => row.state === 'retiring');
  if (serial && owed.length > 0 && !urgent) {
    return { do: 'wait', for: 'proof', reason: `${owed[0]?.id} is not proven dead yet`, until: null };
  }
  return null;
}

/** What the issuer has said of the key in current, where it was asked in this run. */
function dueFacts(current: Key | null, policy: Policy, seen: Seen, now: number): DueFacts {
  const verdict = current === null ? undefined : seen.works[current.id];
  // An emergency that was called off may have sent it: nobody can say how long the key still works.
  if (current?.revokeEntered !== undefined) return { missingScopes: [], dead: true };
  const isPast = current !== null && hasExpired(current, now) && verdict?.verdict !== 'works';
  if (current === null || verdict?.verdict !== 'refused') return { missingScopes: [], dead: isPast };
  const have = new Set(verdict.facts?.scopes ?? []);
  const missing = verdict.why === 'scope-missing' ? policy.scopes.filter((scope) => !have.has(scope)) : [];
  return { missingScopes: missing, dead: isPast || isKnownDead(current, policy, seen) };
}

/** When the credential is next due, for people who plan; null: not by time alone. */
export function nextDue(ledger: Ledger, policy: Policy): number | null {
  const current = currentRow(ledger);
  return current === null ? null : dueAt(current, policy);
}
