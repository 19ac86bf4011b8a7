import { toInstant, toMs } from '../credential.ts';
import type { Key, Ledger } from '../ledger.ts';
import { CLOCK_SKEW, type Policy } from '../policy.ts';
import {
  answersFrom,
  currentRow,
  hasExpired,
  isDead,
  isLive,
  LATE_CREATE,
  mayBeTooNew,
  overlapEnd,
  sameId,
} from '../rows.ts';
import type { Step } from './changes.ts';
import { door, isAnothers, unsettledPromote } from './door.ts';
import { wasListedBefore } from './own-id.ts';
import { cannotTellWhich, expiresSoon, otherLives, roleOf, tooYoungToTell } from './roles.ts';
import type { Answer, Seen } from './seen.ts';
import { emergencyCommand, look, retryStep, stop } from './steps.ts';

/** How long a person may take to remove a key before a run says so with its exit code. */
const REMOVAL_GRACE = 86_400_000;

/** The next step towards the proven death of a row. Null: it is dead, or left to time and a person as possible. */
export function revocation(ledger: Ledger, policy: Policy, seen: Seen, row: Key, now: number): Step | null {
  if (isDead(row) || row.state === 'possible') return null;
  if (hasExpired(row, now) && row.state !== 'current')
    return { do: 'record', change: { type: 'dead', row: row.id, by: 'expiry' } };
  if (neverAsked(policy, row)) return { do: 'record', change: { type: 'never-made', row: row.id } };
  return (
    perhapsStaged(seen, row) ??
    isAnothers(ledger, seen, row) ??
    unsettledPromote(ledger, policy, seen, row, now) ??
    tooEarly(policy, seen, row, now) ??
    mayStillArrive(policy, row, now) ??
    gated(ledger, policy, seen, row, now) ??
    (policy.issuer.can.revoke
      ? bySending(ledger, policy, seen, row, now)
      : byWaiting(ledger, policy, seen, row, now))
  );
}

function tooEarly(policy: Policy, seen: Seen, row: Key, now: number): Step | null {
  const end = overlapEnd(row, policy, seen.clock);
  if (end === null) {
    return {
      do: 'wait',
      for: 'retry',
      reason: 'its overlap begins when the hooks and mirrors are paid',
      until: null,
    };
  }
  if (now >= end) return null;
  return { do: 'wait', for: 'overlap', reason: `the old key works until ${toInstant(end)}`, until: end };
}

/** Its stage was entered and has no outcome: the store may have the value that is needed to revoke it. */
function perhapsStaged(seen: Seen, row: Key): Step | null {
  if (row.stagedAs === undefined || row.storeVersion !== undefined || row.valueLost === true) return null;
  const staged = seen.staged[row.id];
  if (staged === undefined) return look({ what: 'staged', row: row.id });
  if (staged?.same !== true) return null;
  return { do: 'record', change: { type: 'staged', row: row.id, version: staged.version } };
}

/** A secret that was invented here and that nobody was told of: there is nothing to revoke. */
function neverAsked(policy: Policy, row: Key): boolean {
  return (
    policy.issuer.secretFrom === 'client' &&
    row.state === 'pending' &&
    row.window === undefined &&
    row.storeVersion === undefined
  );
}

/** A registration without an answer may be on its way: a revocation before it arrives would end nothing. */
function mayStillArrive(policy: Policy, row: Key, now: number): Step | null {
  if (policy.issuer.secretFrom !== 'client' || row.state !== 'pending' || row.issuedAt !== undefined)
    return null;
  const to = row.window?.to ?? row.window?.from;
  if (to === undefined || now >= toMs(to) + LATE_CREATE) return null;
  const reason = `the registration of ${row.id} may still arrive at the issuer`;
  return { do: 'wait', for: 'proof', reason, until: toMs(to) + LATE_CREATE };
}

function gated(ledger: Ledger, policy: Policy, seen: Seen, row: Key, now: number): Step | null {
  if (policy.gates.length === 0 || row.endNow !== undefined || row.state !== 'retiring') return null;
  // Entered since its overlap began, the gates have passed; an emergency that was called off asked none.
  const entered = row.revokeRepeated ?? row.revokeEntered;
  const since = row.overlapFrom ?? row.ceasedCurrentAt ?? '';
  if (entered !== undefined && entered >= since) return null;
  const reasons = seen.gates[row.id];
  if (reasons === undefined) return look({ what: 'gates', row: row.id });
  const used = seen.used?.[row.id];
  if (used !== undefined && used !== row.usedAt)
    return { do: 'record', change: { type: 'used', row: row.id, at: used } };
  if (reasons.length === 0) return null;
  // Nobody uses a key that is dead, whatever a gate makes of that.
  const gone = endedByItself(ledger, policy, seen, row, now, 'leaves');
  if (gone !== null) return gone;
  return { do: 'wait', for: 'gate', reason: reasons.join('; '), until: null, late: true };
}

/** An issuer that is told to revoke: intention, the door again, the request, then proof. */
function bySending(ledger: Ledger, policy: Policy, seen: Seen, row: Key, now: number): Step | null {
  const role = roleOf(ledger, row);
  if (policy.issuer.revokesBy === 'promotion' && seen.current?.row === null) {
    return stop(
      'GUARDED',
      'which key the issuer would end cannot be told while current holds a key that keyturn does not know',
      `run keyturn adopt ${ledger.credential} first`,
    );
  }
  if (seen.entered === `revoke:${row.id}`) {
    const blocked =
      door(ledger, policy, seen, row, now) ??
      mayEndAnother(ledger, policy, seen, row, now) ??
      otherLives(ledger, policy, seen, row, now);
    if (blocked?.do === 'look') return blocked;
    if (blocked !== null) {
      const why =
        blocked.do === 'stop' || blocked.do === 'wait'
          ? blocked.reason
          : 'something else must be recorded first';
      return { do: 'record', change: { type: 'revoke-taken-back', row: row.id, why } };
    }
    return { do: 'act', effect: { kind: 'revoke', row: row.id, role: role ?? 'old' } };
  }
  if (row.revokeEntered !== undefined) {
    const proof = proofOfDeath(policy, seen, row, now);
    if (proof === 'dead') return { do: 'record', change: { type: 'dead', row: row.id, by: 'issuer' } };
    if (proof !== null) return proof;
  }
  const another = mayEndAnother(ledger, policy, seen, row, now);
  if (another !== null) return another;
  if (cannotBeNamed(policy, seen, row)) return unnamed(ledger, policy, seen, row);
  if (policy.issuer.revokesBy === 'promotion' && role === null)
    return (
      door(ledger, policy, seen, row, now) ??
      otherLives(ledger, policy, seen, row, now) ??
      cannotTellWhich(row)
    );
  if (row.nextTry !== undefined && toMs(row.nextTry) > now) {
    return retryStep(
      'proof',
      row.lastError ?? `${row.id} is revoked and not proven dead yet`,
      undefined,
      row,
      now,
    );
  }
  return (
    door(ledger, policy, seen, row, now) ??
    otherLives(ledger, policy, seen, row, now) ?? {
      do: 'intend',
      effect: { kind: 'revoke', row: row.id, role: role ?? 'old' },
    }
  );
}

/** An issuer that is told nothing: a person removes the key, another key's arrival ends it, or nobody can say. */
function byWaiting(ledger: Ledger, policy: Policy, seen: Seen, row: Key, now: number): Step | null {
  const { revokesBy, proves } = policy.issuer;
  if (revokesBy === 'nothing' && !proves) {
    const blocked = door(ledger, policy, seen, row, now);
    if (blocked !== null) return blocked;
    const reason = 'nobody accepts it any more once no consumer reads it';
    return { do: 'record', change: { type: 'settled', row: row.id, who: 'policy', reason } };
  }
  const gone = endedByItself(ledger, policy, seen, row, now, 'leaves');
  if (gone !== null) return gone;
  // Nobody has its value any more, so nobody can ask whether it lives.
  if (row.storeVersion === undefined) return { do: 'record', change: { type: 'possible', row: row.id } };
  if (revokesBy === 'operator') {
    // Nobody is asked to end what keyturn would not end itself.
    const blocked = door(ledger, policy, seen, row, now);
    if (blocked !== null) return blocked;
    const since = row.overlapFrom ?? row.window?.from;
    const end = overlapEnd(row, policy, seen.clock) ?? 0;
    const late = since !== undefined && now > Math.max(end, toMs(since)) + REMOVAL_GRACE;
    const reason = proves
      ? `a person removes ${row.id} at the issuer; its removal is noticed by itself`
      : `a person removes ${row.id} at the issuer and says so with keyturn revoke ${ledger.credential} --attest`;
    return { do: 'wait', for: 'operator', reason, until: null, late };
  }
  return retryStep('proof', `${row.id} is not proven dead yet`, undefined, row, now);
}

/**
 * What the issuer says of a key to which nothing was sent; null: it does not call it dead, or nobody can ask. Where it
 * could not tell, the key is left as it is, or that is waited for.
 */
function endedByItself(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  row: Key,
  now: number,
  untold: 'leaves' | 'waits',
): Step | null {
  if (!policy.issuer.proves || row.storeVersion === undefined) return null;
  const own = seen.works[row.id];
  if (own === undefined) return look({ what: 'works', row: row.id });
  if (own.verdict === 'unknown' && untold === 'waits') {
    const reason = `whether ${row.id} has ended could not be told: ${own.message}`;
    return retryStep('proof', reason, own.retryAfterMs, {}, now);
  }
  if (own.verdict !== 'refused' || own.why !== 'dead') return null;
  return (
    refusesEverything(ledger, policy, seen, row, now) ??
    tooYoungToTell(policy, seen, row, own.askedAt, now) ?? {
      do: 'record',
      change: { type: 'dead', row: row.id, by: 'issuer' },
    }
  );
}

/** An issuer that is not told which key to end, or that has one id for two, would end another one, were this one dead already. */
function mayEndAnother(ledger: Ledger, policy: Policy, seen: Seen, row: Key, now: number): Step | null {
  const { revokesBy } = policy.issuer;
  const hasTwoKeys =
    revokesBy === 'id' && ledger.keys.some((key) => key.id !== row.id && isLive(key) && sameId(key, row));
  const isTold = revokesBy !== 'promotion' && revokesBy !== 'replacement' && !hasTwoKeys;
  if (isTold) return null;
  if (expiresSoon(row, now)) {
    const until = toMs(row.expiresAt ?? '') + CLOCK_SKEW + 1;
    return {
      do: 'wait',
      for: 'proof',
      reason: `${row.id} is about to expire, which ends no other key`,
      until,
    };
  }
  return endedByItself(ledger, policy, seen, row, now, 'waits');
}

/** A test that refuses the key in current as well may be out of order: then its word proves nothing. */
function refusesEverything(ledger: Ledger, policy: Policy, seen: Seen, row: Key, now: number): Step | null {
  const current = currentRow(ledger);
  if (current === null || current.id === row.id) return null;
  const answer = seen.works[current.id];
  if (answer === undefined) return look({ what: 'works', row: current.id });
  if (answer.verdict === 'works') return null;
  if (answer.verdict === 'refused' && !mayBeTooNew(current, policy, answer.askedAt, seen.clock)) {
    return stop(
      'UNSAFE',
      `the key in current does not work: ${answer.message}`,
      `run ${emergencyCommand(ledger)} to put a new key in place, unless the issuer refuses every key`,
    );
  }
  return retryStep('proof', `the issuer does not accept ${current.id} either`, undefined, {}, now);
}

/** What is known about the death of a key whose revocation may have been sent. */
function proofOfDeath(policy: Policy, seen: Seen, row: Key, now: number): 'dead' | Step | null {
  const { revokesBy, settles, can } = policy.issuer;
  if ((row.storeVersion !== undefined && row.valueLost !== true) || seen.hand?.row === row.id) {
    const own = seen.works[row.id];
    if (own === undefined) return look({ what: 'works', row: row.id });
    if (own.verdict === 'refused' && own.why === 'dead') {
      return tooYoungToTell(policy, seen, row, own.askedAt, now) ?? 'dead';
    }
    // Ending it once more would end another key, where the issuer is not told which.
    const once = revokesBy === 'promotion' || revokesBy === 'replacement';
    if (row.revokeAnswered === undefined) return once ? perhapsEnded(policy, row, own, now) : null;
    if (now >= toMs(row.revokeAnswered) + settles && !once) return null;
    const reason = own.verdict === 'works' ? `the issuer still accepts ${row.id}` : own.message;
    return retryStep('proof', reason, own.verdict === 'unknown' ? own.retryAfterMs : undefined, {}, now);
  }
  if (can.list && row.issuerKeyId !== undefined) {
    if (seen.listed === undefined) return look({ what: 'listed' });
    if (seen.listed.some((key) => key.issuerKeyId === row.issuerKeyId)) return null;
    return tooYoungToTell(policy, seen, row, seen.listedAt ?? 0, now) ?? 'dead';
  }
  // Nothing is left to ask with: the issuer's own answer to the revocation is the proof. Where it takes the value to
  // end a key, who ended it could have asked.
  return row.revokeAnswered === undefined || revokesBy === 'secret' ? null : 'dead';
}

/**
 * Sent without an answer, it may have ended the key: an issuer that could not be asked, or that accepts a key for a
 * while after its end, is no reason to send it again.
 */
function perhapsEnded(policy: Policy, row: Key, own: Answer, now: number): Step | null {
  const until = answersFrom(policy, row.revokeRepeated ?? row.revokeEntered ?? '');
  if (own.verdict !== 'unknown' && !(now < until)) return null;
  const reason = `whether ${row.id} has ended could not be told`;
  const after = own.verdict === 'unknown' ? own.retryAfterMs : until - now;
  return retryStep('proof', reason, after, {}, now);
}

function cannotBeNamed(policy: Policy, seen: Seen, row: Key): boolean {
  if (policy.issuer.revokesBy === 'id') return row.issuerKeyId === undefined;
  return row.storeVersion === undefined && seen.hand?.row !== row.id;
}

/** The issuer may know the key by its mark; one that nobody can name is left to time and a person, unless it is in use. */
function unnamed(ledger: Ledger, policy: Policy, seen: Seen, row: Key): Step {
  const { can, marks, revokesBy } = policy.issuer;
  if (revokesBy === 'id' && can.find && marks && row.valueLost !== true) {
    const found = seen.found[row.id];
    if (found === undefined) return look({ what: 'found', row: row.id });
    const facts = { ...found?.facts, issuerKeyId: found?.issuerKeyId ?? '' };
    if (found !== null && !wasListedBefore(row, found.issuerKeyId))
      return { do: 'record', change: { type: 'identified', row: row.id, facts } };
  }
  if (row.state !== 'current') return { do: 'record', change: { type: 'possible', row: row.id } };
  return stop(
    'GUARDED',
    `the issuer ends keys by their id, and that of ${row.id} is not known`,
    `run ${emergencyCommand(ledger)} without --revoke-first, and remove the key at the issuer by hand`,
  );
}
