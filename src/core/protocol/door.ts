import { type KeyFacts, toMs } from '../credential.ts';
import type { Verification } from '../issuer.ts';
import type { Key, Ledger } from '../ledger.ts';
import { CLOCK_SKEW, type Policy } from '../policy.ts';
import {
  isDead,
  isLive,
  isStale,
  makesKey,
  mayBeTooNew,
  rowOf,
  sameId,
  sameKey,
  wasCurrent,
} from '../rows.ts';
import { fingerprint, sameFingerprints } from '../secret.ts';
import { remedy, wayOut } from './asking.ts';
import type { Step } from './changes.ts';
import { askOfPrevious, wayBack } from './roles.ts';
import type { Seen } from './seen.ts';
import { look, mayBeOld, replaceCommand, retryStep, stop } from './steps.ts';

/**
 * The one door for every revocation. Null: it is open, the target may be revoked now. Otherwise the step that must
 * come first, or the reason why nothing is sent. It is looked through before the intention is saved and again after.
 */
export function door(ledger: Ledger, policy: Policy, seen: Seen, target: Key, now: number): Step | null {
  if (seen.current === undefined) return look({ what: 'current' });
  if (mayDieUnguarded(ledger, policy, target)) return null;
  return (
    isAnothers(ledger, seen, target) ??
    endsAnother(ledger, policy, seen, target) ??
    unsettledPromote(ledger, policy, seen, target, now) ??
    isCurrent(ledger, policy, seen, target, now) ??
    isMirrored(ledger, policy, seen, target, now) ??
    successorWorks(ledger, policy, seen, target, now)
  );
}

/** Only `--revoke-first` and an accepted gap kill what consumers are using. */
function mayDieUnguarded(ledger: Ledger, policy: Policy, target: Key): boolean {
  const rotation = ledger.rotation;
  const revokeFirst =
    rotation?.revokeFirst === true && rotation.old === target.id && rotation.promotedAt === undefined;
  // Its successor has ended it: the one that this rotation made, or, where no issuer can be told to revoke, any.
  const ended =
    !policy.issuer.can.revoke || (rotation !== undefined && makesKey(rotation) && rotation.old === target.id);
  const gap = policy.acceptGap && policy.issuer.maxLive === 1 && target.state === 'retiring' && ended;
  return revokeFirst || gap;
}

/**
 * An issuer may give a key once more, and the run that asked may end before it could tell. The key belongs to the row
 * or the credential that has it already: a row that never held its value is dropped, and nothing is revoked by it.
 */
export function isAnothers(ledger: Ledger, seen: Seen, target: Key): Step | null {
  if (wasCurrent(target) || target.storeVersion !== undefined) return null;
  const isInHand = seen.hand?.row === target.id;
  if (isInHand && seen.twin === undefined) return look({ what: 'twin', row: target.id });
  const twin = isInHand && seen.twin !== undefined && seen.twin !== null;
  if (!twin && target.issuerKeyId === undefined && target.fingerprints === undefined) return null;
  const here =
    twin ||
    ledger.keys.some((key) => key.id !== target.id && key.state !== 'revoked' && sameKey(key, target));
  if (!here && seen.siblings === undefined) return look({ what: 'siblings' });
  const isKnown = here || seen.siblings?.some((key) => sameKey(key, target)) === true;
  return isKnown ? { do: 'record', change: { type: 'never-made', row: target.id } } : null;
}

/** An issuer that ends keys by their id ends whatever has that id, so none is ended by one that another living key has. */
function endsAnother(ledger: Ledger, policy: Policy, seen: Seen, target: Key): Step | null {
  const { issuerKeyId, fingerprints } = target;
  if (policy.issuer.revokesBy !== 'id' || issuerKeyId === undefined) return null;
  const row = ledger.keys.find((key) => key.id !== target.id && isLive(key) && sameId(key, target));
  const sibling = seen.siblings?.find(
    (key) =>
      sameId(key, target) ||
      (key.idElsewhere === issuerKeyId && sameFingerprints(key.fingerprints, fingerprints) === null),
  );
  const other =
    row?.id ?? (wasCurrent(target) || target.storeVersion !== undefined ? null : sibling?.credential);
  if (other === undefined || other === null) return null;
  return stop(
    'GUARDED',
    `to end ${target.id} by its id at the issuer, ${issuerKeyId}, might end the key of ${other}, which has the same id`,
    target.storeVersion === undefined
      ? `look at the issuer whether these are two keys: if so, remove ${target.id} there by hand and settle it with keyturn forget ${ledger.credential} --orphan ${target.id}`
      : `look at the issuer whether these are two keys: if so, remove ${target.id} there by hand; its removal is noticed by itself`,
  );
}

/** A promote of the target that may still land is made impossible first: `current` gets a new version. */
export function unsettledPromote(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  target: Key,
  now: number,
): Step | null {
  if (target.promoteEntered === undefined) return null;
  if (seen.current === undefined) return look({ what: 'current' });
  const current = seen.current;
  if (current?.row === target.id) return null;
  const bases = [target.promoteBase ?? null, ...(target.promoteOlder ?? [])];
  const moved = !bases.includes(seen.base ?? null);
  if (moved && !rewroteUnseen(ledger, seen, target)) {
    // What the promote was to replace stood there when it was entered: until the store has to show that, it may show less.
    const shownAt = toMs(target.promoteEntered) + policy.converges + CLOCK_SKEW;
    if (policy.converges > 0 && (seen.currentAskedAt ?? 0) < shownAt) {
      const reason = 'whether the store shows what is current or what was before it cannot be told yet';
      return retryStep('retry', reason, undefined, {}, now);
    }
    return { do: 'record', change: { type: 'promote-settled', row: target.id } };
  }
  if (current === null || current === undefined) {
    return stop(
      'GUARDED',
      `a promote of ${target.id} may still land, and there is no current value to stand against it`,
      'run keyturn rotate to put a new key in place; the old attempt can be ended after that',
    );
  }
  // One mark for each version that is written again, so that what lies under it is the same text.
  const mark = target.rewriting ?? `${target.id}.s${fingerprint(current.version)}`;
  const effect = { kind: 'rewrite', row: target.id, mark, base: current.version } as const;
  if (seen.entered === `rewrite:${target.id}`) return { do: 'act', effect };
  if (target.nextTry !== undefined && toMs(target.nextTry) > now)
    return retryStep('retry', target.lastError ?? 'current is written again soon', undefined, target, now);
  return { do: 'intend', effect };
}

/** `current` was written again and the outcome never recorded: the same once more records it and changes nothing. */
function rewroteUnseen(ledger: Ledger, seen: Seen, target: Key): boolean {
  const row = rowOf(ledger, seen.current?.row ?? undefined);
  return (
    target.rewriting !== undefined && row?.state === 'current' && row.currentAs !== seen.current?.version
  );
}

function isCurrent(ledger: Ledger, policy: Policy, seen: Seen, target: Key, now: number): Step | null {
  const current = seen.current;
  if (current === null || current === undefined) return null;
  const isAtHand = target.storeVersion !== undefined || seen.hand?.row === target.id;
  if (!current.complete && isAtHand && seen.sameBytes[target.id] === undefined) {
    return look({ what: 'same-bytes', row: target.id });
  }
  const row = rowOf(ledger, current.row ?? undefined);
  const same =
    seen.sameBytes[target.id] === true ||
    current.row === target.id ||
    current.version === target.currentAs ||
    sameKey({ fingerprints: current.fingerprints }, target) ||
    (row !== null && sameKey(row, target));
  if (!same) return null;
  if (isStale(ledger, policy, seen)) {
    return retryStep('retry', `the store still shows ${target.id}, which was replaced`, undefined, {}, now);
  }
  return stop(
    'GUARDED',
    `${target.id} is what consumers read now, so it is not revoked`,
    'run keyturn rotate to replace it, or keyturn emergency --revoke-first to kill it now',
  );
}

function isMirrored(ledger: Ledger, policy: Policy, seen: Seen, target: Key, now: number): Step | null {
  if (policy.mirrors.length === 0) return null;
  const holders = seen.mirrored[target.id];
  if (holders === undefined) return look({ what: 'mirrored', row: target.id });
  if (holders.length === 0) return null;
  const unpaid = holders.filter((name) => ledger.owed.some((debt) => debt.target === name));
  if (unpaid.length < holders.length) {
    return { do: 'record', change: { type: 'mirrors-owed', row: target.id, mirrors: holders } };
  }
  return retryStep(
    'retry',
    `the mirror ${holders.join(', ')} still holds ${target.id}`,
    undefined,
    target,
    now,
  );
}

/**
 * Nobody here holds the value of the target, so its bytes cannot be compared with those in current: it is told from the
 * key in place by its fingerprints or id, or because that one was there before it was asked for.
 */
function cannotBeTold(ledger: Ledger, seen: Seen, target: Key): Step | null {
  const current = seen.current;
  if (sameFingerprints(current?.fingerprints, target.fingerprints) === false) return null;
  const place = ledger.keys.findIndex((key) => key.id === current?.row);
  const inPlace = ledger.keys[place];
  if (inPlace !== undefined) {
    const hasId = inPlace.issuerKeyId !== undefined && target.issuerKeyId !== undefined;
    if (hasId || place < ledger.keys.indexOf(target)) return null;
  } else if (seen.foreignWorks === undefined) {
    return look({ what: 'foreign-works' });
  }
  const answer = inPlace === undefined ? seen.foreignWorks : undefined;
  const id = answer === undefined || answer.verdict === 'unknown' ? undefined : answer.facts?.issuerKeyId;
  if (id !== undefined && target.issuerKeyId !== undefined && id !== target.issuerKeyId) return null;
  return stop(
    'GUARDED',
    `whether ${target.id} is the key in current cannot be told: its value is lost`,
    inPlace === undefined
      ? `run keyturn adopt ${ledger.credential} to take the key in current under management`
      : `remove ${target.id} at the issuer by hand, unless it is the key in current`,
  );
}

/**
 * Whether the key in `current` has expired by some clock: an issuer may accept it for a while after its end. One that
 * knows at once is believed where an emergency needs the slot, and of a key that nobody has read. Where an issuer is not
 * told which of two keys to end, this is asked apart, and has remedies of its own.
 */
function mayBePast(
  inPlace: Key | null,
  said: KeyFacts,
  { issuer }: Policy,
  target: Key,
  now: number,
): boolean {
  const expiresAt = said.expiresAt === undefined ? inPlace?.expiresAt : said.expiresAt;
  if (expiresAt === undefined || expiresAt === null || issuer.revokesBy === 'promotion') return false;
  if (issuer.settles === 0 && (target.endNow === 'emergency' || !wasCurrent(target))) return false;
  const end = toMs(expiresAt);
  return now >= end - CLOCK_SKEW && now < end + issuer.settles + CLOCK_SKEW;
}

/** Somebody must be able to go on when the target is dead. */
function successorWorks(ledger: Ledger, policy: Policy, seen: Seen, target: Key, now: number): Step | null {
  const current = seen.current;
  const never = !wasCurrent(target);
  if (current === null || current === undefined) {
    if (never) return null;
    return stop(
      'GUARDED',
      `there is no current value, and consumers may still use ${target.id}`,
      remedy(`keyturn rotate ${ledger.credential}`, ledger, policy, seen),
    );
  }
  if (isStale(ledger, policy, seen)) return mayBeOld(now);
  const isNowhere = target.storeVersion === undefined && seen.hand?.row !== target.id;
  if (never && (target.valueLost === true || isNowhere)) return cannotBeTold(ledger, seen, target);
  const inPlace = rowOf(ledger, current.row ?? undefined);
  if (inPlace !== null && (inPlace.revokeEntered !== undefined || isDead(inPlace))) {
    // It may still be accepted for a while: that says nothing about the minute after.
    return retryStep('retry', `${inPlace.id} in current is being revoked itself`, undefined, target, now);
  }
  // Where nobody can tell, what stands in current was put there on its shape alone, and nothing more can be known.
  if (!policy.issuer.proves) return null;
  const verdict = current.row === null ? seen.foreignWorks : seen.works[current.row];
  if (verdict === undefined) {
    return look(current.row === null ? { what: 'foreign-works' } : { what: 'works', row: current.row });
  }
  if (verdict.verdict === 'works' && !mayBePast(inPlace, verdict.facts, policy, target, now)) return null;
  if (target.storeVersion !== undefined) {
    const own = seen.works[target.id];
    if (own === undefined) return look({ what: 'works', row: target.id });
    const young = mayBeTooNew(target, policy, own.askedAt, seen.clock);
    if (own.verdict === 'refused' && own.why === 'dead' && !young) return null;
    // Nobody could go on with it, and it may hold the slot that its successor needs.
    if (own.verdict === 'refused' && own.why === 'wrong-kind' && never) return null;
  }
  return whyNotTaken(ledger, policy, seen, target, verdict, now);
}

/** The key in `current` is not known to take over: what is waited for, or what a person does. */
function whyNotTaken(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  target: Key,
  verdict: Verification,
  now: number,
): Step {
  if (verdict.verdict === 'works') {
    const reason = 'the key in current expires about now, whatever the issuer says of it';
    return retryStep('retry', reason, undefined, target, now);
  }
  if (verdict.verdict === 'unknown') {
    return retryStep(
      'retry',
      `whether the key in current works could not be told: ${verdict.message}`,
      verdict.retryAfterMs,
      target,
      now,
    );
  }
  const inPlace = rowOf(ledger, seen.current?.row ?? undefined);
  const asked = inPlace === null ? undefined : seen.works[inPlace.id];
  if (inPlace !== null && asked !== undefined && mayBeTooNew(inPlace, policy, asked.askedAt, seen.clock)) {
    return retryStep(
      'retry',
      `${inPlace.id} in current is so new that a refusal proves nothing yet`,
      undefined,
      target,
      now,
    );
  }
  const asks = askOfPrevious(ledger, policy, seen);
  if (asks !== null) return asks;
  if (verdict.why === 'dead') {
    const reason = `the key in current does not work: ${verdict.message}`;
    return stop('UNSAFE', reason, wayOut(ledger, policy, seen, now));
  }
  return stop(
    'GUARDED',
    `the key in current is not fit to take over: ${verdict.message}`,
    wayBack(ledger, seen, now) === null
      ? `mend it at the issuer, or ${remedy(replaceCommand(ledger), ledger, policy, seen)}`
      : 'mend the new key at the issuer, or run keyturn rollback while the old key lives',
  );
}
