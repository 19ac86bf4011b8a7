import { toInstant, toMs } from '../credential.ts';
import type { Verification } from '../issuer.ts';
import type { Key, Ledger, Rotation } from '../ledger.ts';
import { CLOCK_SKEW, type Policy, retryDelay } from '../policy.ts';
import { currentRow, hasExpired, isDead, isStale, makesKey, mayBeTooNew, rowOf, settledAt } from '../rows.ts';
import type { Step } from './changes.ts';
import { knownAs } from './creation.ts';
import type { Answer, CurrentSeen, Seen } from './seen.ts';
import { look, mayBeOld, retryStep, stop } from './steps.ts';

/** The phase in which the value is written where consumers do not see it. */
export function staging(ledger: Ledger, policy: Policy, seen: Seen, rotation: Rotation, now: number): Step {
  const row = rowOf(ledger, rotation.new);
  const id = row?.id ?? `${rotation.id}.${rotation.attempt}`;
  if (row?.revokeEntered !== undefined) return giveUp(rotation, id);
  const twin = row === null ? null : sameAsKnown(ledger, seen, row, rotation);
  if (twin !== null) return twin;
  const mark = `${rotation.id}.${rotation.attempt}`;
  const isKept = row?.storeVersion !== undefined && (row.valueLost !== true || makesKey(rotation));
  const holds = seen.hand?.row === id || isKept;
  if (rotation.entered !== undefined) {
    const entered = row?.stagedAs ?? mark;
    if (seen.entered === `stage:${id}`)
      return { do: 'act', effect: { kind: 'stage', row: id, mark: entered } };
    const staged = seen.staged[id];
    if (staged === undefined) return look({ what: 'staged', row: id });
    if (staged?.same === true)
      return { do: 'record', change: { type: 'staged', row: id, version: staged.version } };
    if (staged !== null) return { do: 'record', change: { type: 'stage-conflict', row: id } };
  }
  // What was sent under this mark is a document that others have changed since, and it may land yet.
  const isOutdated = policy.shared && row?.stagedAs === mark && rotation.base !== (seen.base ?? null);
  if (holds && isOutdated) return { do: 'record', change: { type: 'restage', row: id } };
  if (holds) return paused(rotation, now) ?? { do: 'intend', effect: { kind: 'stage', row: id, mark } };
  if (!makesKey(rotation)) return lost(ledger, rotation, id);
  if (policy.issuer.secretFrom === 'client') return look({ what: 'invent', row: id });
  if (policy.issuer.secretFrom === 'operator' && row !== null) {
    // The key exists and nobody here has it any more: the person who made it is asked for it again.
    return { do: 'record', change: { type: 'parked', row: id } };
  }
  return lost(ledger, rotation, id);
}

/** A key whose revocation was entered is not placed any more. */
function giveUp(rotation: Rotation, row: string): Step {
  const why = 'its revocation was entered';
  if (!makesKey(rotation)) return endWithout(rotation, `${row}: ${why}`);
  return { do: 'record', change: { type: 'given-up', row, why } };
}

/** Without its value a key cannot be placed: another one is made, where the rotation was to make one. */
function lost(ledger: Ledger, rotation: Rotation, row: string): Step {
  const reason = `the value of ${row} is not there any more`;
  // Nothing else takes its place by itself: that is for whoever has it, or gives it up.
  if (rotation.kind === 'adopt') {
    const again = `hand the key over again with keyturn adopt ${ledger.credential} --stdin`;
    const gives = `give that up with keyturn rollback ${ledger.credential}`;
    return stop(
      'PERSON',
      reason,
      rotation.attempt === 1 ? `${again}, or ${gives}` : `${gives}, then ${again}`,
    );
  }
  if (!makesKey(rotation)) return endWithout(rotation, reason);
  return { do: 'record', change: { type: 'value-lost', row } };
}

/** What a person asked for is not done, and cannot be. */
export function endWithout({ kind }: Rotation, message: string): Step {
  const hint =
    kind === 'adopt'
      ? 'hand the key over again with keyturn adopt --stdin'
      : 'run keyturn rotate to put a new key in place';
  return { do: 'record', change: { type: 'failed', failure: { code: 'GUARDED', message, hint } } };
}

/** Whether the arrival of the new key has ended the one in `current`, and a person has accepted that. */
export function endsOld({ acceptGap, issuer }: Policy, rotation: Rotation): boolean {
  return acceptGap && issuer.maxLive === 1 && makesKey(rotation);
}

/** A key that is known already is no new key: nothing is staged and nothing is revoked. */
function sameAsKnown(ledger: Ledger, seen: Seen, row: Key, rotation: Rotation): Step | null {
  if (rotation.kind === 'rollback' || row.storeVersion !== undefined) return null;
  const known = knownAs(ledger, seen, row);
  if (known === null && seen.siblings === undefined) return look({ what: 'siblings' });
  const isInHand = seen.hand?.row === row.id;
  if (known === null && isInHand && seen.twin === undefined) return look({ what: 'twin', row: row.id });
  const as = known ?? seen.twin ?? null;
  return as === null ? null : { do: 'record', change: { type: 'same-key', row: row.id, as } };
}

/** The phase in which the issuer is asked about the staged bytes, before anyone can read them. */
export function verifying(ledger: Ledger, policy: Policy, seen: Seen, rotation: Rotation, now: number): Step {
  const row = rowOf(ledger, rotation.new);
  if (row === null) return { do: 'record', change: { type: 'entered-phase', phase: 'create' } };
  const staged = seen.staged[row.id];
  if (staged === undefined) return look({ what: 'staged', row: row.id });
  if (staged === null || !staged.same) {
    // Whoever has it has handed it over once more; that a second copy is not there either is for a person to look at.
    const isBack = rotation.kind === 'adopt' && seen.hand?.row === row.id && rotation.attempt === 1;
    return isBack
      ? { do: 'record', change: { type: 'restage', row: row.id } }
      : lost(ledger, rotation, row.id);
  }
  const registers = policy.issuer.secretFrom === 'client' && policy.issuer.can.register;
  if (registers && row.state === 'pending' && row.window === undefined)
    return { do: 'record', change: { type: 'entered-phase', phase: 'create' } };
  const why = knownDead(ledger, policy, seen, rotation, now);
  const verdict = policy.issuer.proves ? seen.works[row.id] : ON_ITS_SHAPE;
  // Where consumers are without a key already, nothing is asked first; where that is only so, one answer is waited for.
  const atOnce = rotation.revokeFirst === true || endsOld(policy, rotation);
  if (why !== null && (atOnce || verdict !== undefined) && !isUnfit(row, policy, seen, verdict)) {
    if (verdict?.verdict !== 'works') return promotion(ledger, policy, seen, rotation, why, now);
  }
  if (verdict === undefined) return look({ what: 'works', row: row.id });
  if (verdict.verdict === 'works') {
    return rotation.phase === 'verify'
      ? nowVerified(row, verdict)
      : promotion(ledger, policy, seen, rotation, null, now);
  }
  return doubtful(ledger, policy, seen, rotation, row, now);
}

/** The issuer has refused it, and no delay on its side explains that: to put it in place would help nobody. */
function isUnfit(row: Key, policy: Policy, seen: Seen, answer: Answer | undefined): boolean {
  if (answer?.verdict !== 'refused') return false;
  return answer.why === 'wrong-kind' || !mayBeTooNew(row, policy, answer.askedAt, seen.clock);
}

/** The answer where nobody can be asked. */
export const ON_ITS_SHAPE: Answer = {
  verdict: 'works',
  facts: {},
  findings: [{ rule: 'other', message: 'taken by its shape; nothing tests it' }],
  askedAt: 0,
};

export function nowVerified(row: Key, answer: Extract<Verification, { verdict: 'works' }>): Step {
  const findings = answer.findings.map((finding) => finding.message);
  const by = answer === ON_ITS_SHAPE ? 'shape' : 'issuer';
  return { do: 'record', change: { type: 'verified', row: row.id, by, facts: answer.facts, findings } };
}

/** Why the key in `current` is known to be of no use; null: it is not known to be. */
function knownDead(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  rotation: Rotation,
  now: number,
): string | null {
  const current = currentRow(ledger);
  const old = rowOf(ledger, rotation.old);
  // What is known of the key that the ledger calls current says nothing of one that somebody else has put there.
  const placed = rowOf(ledger, seen.current?.row ?? undefined);
  const isOther = placed === null || (placed.id !== current?.id && placed.id !== old?.id && !isDead(placed));
  if (seen.current !== undefined && seen.current !== null && isOther) return null;
  if (rotation.revokeFirst === true && old !== null && (isDead(old) || old.revokeAnswered !== undefined))
    return 'the old key was revoked first';
  if (current === null) return null;
  if (endsOld(policy, rotation)) return 'making the new key ended the old one';
  if (hasExpired(current, now)) return 'the old key has expired';
  const verdict = seen.works[current.id];
  if (verdict?.verdict !== 'refused' || verdict.why !== 'dead') return null;
  return mayBeTooNew(current, policy, verdict.askedAt, seen.clock) ? null : verdict.message;
}

/** Not seen to work: whether `current` still does decides if there is time to wait. */
function doubtful(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  rotation: Rotation,
  row: Key,
  now: number,
): Step {
  const current = currentRow(ledger);
  if (current !== null && current.id !== row.id && seen.works[current.id] === undefined) {
    return look({ what: 'works', row: current.id });
  }
  const verdict = seen.works[row.id];
  const message = verdict === undefined || verdict.verdict === 'works' ? 'no answer yet' : verdict.message;
  if (verdict?.verdict === 'refused' && verdict.askedAt >= settledAt(row, policy, seen.clock)) {
    return { do: 'record', change: { type: 'failed', failure: { code: 'REFUSED', message } } };
  }
  const after = verdict?.verdict === 'unknown' ? verdict.retryAfterMs : undefined;
  return retryStep(
    'retry',
    `whether ${row.id} works could not be told: ${message}`,
    after,
    pause(rotation, now),
    now,
  );
}

/** The phase in which exactly the verified version becomes current. */
export function promotion(
  ledger: Ledger,
  policy: Policy,
  seen: Seen,
  rotation: Rotation,
  dead: string | null,
  now: number,
): Step {
  const row = rowOf(ledger, rotation.new);
  if (row === null || row.storeVersion === undefined)
    return { do: 'record', change: { type: 'entered-phase', phase: 'stage' } };
  if (row.revokeEntered !== undefined) return giveUp(rotation, row.id);
  const current = seen.current;
  if (current === undefined) return look({ what: 'current' });
  if (hasLanded(row, policy, current, seen)) return promoted(row, current.version, policy);
  // An emergency does not wait for that, nor what fills an empty place: compare-and-set decides.
  if (rotation.kind !== 'emergency' && current !== null && isStale(ledger, policy, seen))
    return mayBeOld(now);
  const base = seen.base ?? null;
  if (policy.shared && rotation.base !== undefined && rotation.base !== base) {
    return { do: 'record', change: { type: 'restage', row: row.id } };
  }
  const effect = { kind: 'promote', row: row.id, version: row.storeVersion, base } as const;
  if (seen.entered === `promote:${row.id}` && row.promoteBase === base) return { do: 'act', effect };
  if (dead !== null && rotation.unverified !== true) {
    return { do: 'record', change: { type: 'unverified', row: row.id, why: dead } };
  }
  return paused(rotation, now) ?? { do: 'intend', effect };
}

/** Entered, and perhaps landed. What it replaced decides, and the verified version may be sent again. */
export function promoting(ledger: Ledger, policy: Policy, seen: Seen, rotation: Rotation, now: number): Step {
  const row = rowOf(ledger, rotation.new);
  if (seen.current === undefined) return look({ what: 'current' });
  if (row !== null && hasLanded(row, policy, seen.current, seen))
    return promoted(row, seen.current.version, policy);
  if (row !== null && seen.current?.row === row.id && seen.current.version !== row.currentAs) {
    const reason = 'whether the store shows what is current or what was before it cannot be told yet';
    return retryStep('retry', reason, undefined, {}, now);
  }
  if (seen.entered === `promote:${row?.id}`) return promotion(ledger, policy, seen, rotation, null, now);
  return verifying(ledger, policy, seen, rotation, now);
}

/**
 * Whether `current` holds the key because this promote put it there: not where it stood before it was replaced, which
 * the store may still show for a while.
 */
function hasLanded(
  row: Key,
  policy: Policy,
  current: CurrentSeen | null,
  { currentAskedAt = 0 }: Seen,
): current is CurrentSeen {
  if (current === null || current.row !== row.id || current.version === row.currentAs) return false;
  if (!policy.shared || policy.converges === 0 || row.ceasedCurrentAt === undefined) return true;
  return currentAskedAt >= toMs(row.ceasedCurrentAt) + policy.converges + CLOCK_SKEW;
}

/** A promote of the open rotation that landed and has no outcome yet is recorded before anything else is decided. */
export function landedUnseen(ledger: Ledger, seen: Seen, policy: Policy): Step | null {
  const { rotation } = ledger;
  const row = seen.current?.row;
  if (rotation?.phase !== 'promote' || row === undefined || row === null || row !== rotation.new) return null;
  const version = seen.current?.version ?? '';
  const target = rowOf(ledger, row);
  // A key that was current before may only be what the store still shows.
  const isPast =
    target?.currentAs === version || (policy.shared && policy.converges > 0 && target?.ceasedCurrentAt);
  if (target?.promoteEntered === undefined || isPast) return null;
  return promoted(target, version, policy);
}

/** The key is in place: consumers read it from now on, and all that has to hear of that is owed. */
export function promoted(row: Key, version: string, { hooks, mirrors }: Policy): Step {
  return { do: 'record', change: { type: 'promoted', row: row.id, version, hooks, mirrors } };
}

/** An effect that failed is not sent again before its pause is over. */
function paused(rotation: Rotation, now: number): Step | null {
  if (rotation.nextTry === undefined || toMs(rotation.nextTry) <= now) return null;
  const reason = rotation.lastError ?? `${rotation.phase} is tried again soon`;
  return retryStep('retry', reason, undefined, rotation, now);
}

function pause(rotation: Rotation, now: number): { nextTry?: string } {
  const tries = rotation.tries ?? 0;
  return { nextTry: toInstant(now + Math.min(retryDelay(tries + 1), 5_000)) };
}
