import type { Found, Subject } from './audit-subject.ts';
import { type Instant, toInstant, toMs } from './credential.ts';
import type { Hold, Key, Rotation } from './ledger.ts';
import { dueAt } from './policy.ts';
import { currentRow, overlapEnd, owedRevocations, possibleRows, possibleUntil, rowOf } from './rows.ts';

/** How long a rotation may stand still beyond what it waits for. */
const PATIENCE = 86_400_000;

/** What the ledger owes, and what does not move. */
export function checksOfLedger(subject: Subject): readonly Found[] {
  return [
    ...possibleRows(subject.ledger).map((key) => possible(subject, key)),
    ...owedRevocations(subject.ledger).flatMap((key) => owedRevocation(subject, key)),
    ...held(subject),
    ...standing(subject),
    ...owedEffects(subject),
  ];
}

function possible({ credential: { name } }: Subject, key: Key): Found {
  const suspects = key.suspects ?? [];
  const about = suspects.length === 0 ? '' : `; it may be ${suspects.join(' or ')}`;
  return {
    rule: 'possible-orphan',
    key: key.id,
    message: `a key may exist at the issuer that nobody holds${about}`,
    hint: remedyOfPossible(key, name),
    since: key.window?.from ?? null,
  };
}

/** What a person does about a key of this credential that may exist. */
export function remedyOfPossible(key: Key, name: string): string {
  const until = possibleUntil(key);
  const [suspect, ...others] = key.suspects ?? [];
  const made = key.window === undefined ? '' : `, or made about ${key.window.from}`;
  const which =
    suspect === undefined ? `one named after ${key.id}${made}` : [suspect, ...others].join(' or ');
  const wait = until === null ? '' : `, or wait until ${toInstant(until)}, when it has ended by itself`;
  const look = `look at the issuer for ${which}; remove it there, if it is there and nobody uses it`;
  return `${look}, and run keyturn forget ${name} --orphan ${key.id} --reason TEXT${wait}`;
}

/** A key whose overlap is not over is owed nothing yet. */
function owedRevocation({ credential: { name, policy, clock }, now }: Subject, key: Key): readonly Found[] {
  const end = overlapEnd(key, policy, clock);
  if (end === null || end > now) return [];
  const why = key.lastError === undefined ? '' : `: ${key.lastError}`;
  const since = key.revokeEntered ?? (end > 0 ? toInstant(end) : (key.ceasedCurrentAt ?? null));
  return [
    {
      rule: 'owed-revocation',
      key: key.id,
      message: `nobody needs it, and it is not proven dead${why}`,
      hint: `run keyturn run ${name}`,
      since,
    },
  ];
}

function held({ credential: { name }, ledger: { hold }, now }: Subject): readonly Found[] {
  if (hold === undefined || (hold.until !== undefined && toMs(hold.until) <= now)) return [];
  const message = `nothing scheduled begins: ${hold.reason}`;
  return [{ rule: 'stuck', message, hint: remedyOfHold(hold, name), since: hold.since }];
}

/** What a person does about a hold of this credential. */
export function remedyOfHold({ kind }: Pick<Hold, 'kind'>, name: string): string {
  const accept = `run keyturn adopt ${name} to accept what the store holds`;
  // What is in place is no key of ours, so that nothing of ours can be put in its place unseen.
  if (kind === 'foreign') return `${accept}, or put the key that was there back by hand`;
  if (kind === 'moved') return `${accept}, or keyturn rotate ${name} to replace it`;
  return `run keyturn rotate ${name} to go on`;
}

function standing(subject: Subject): readonly Found[] {
  const { credential, ledger, now } = subject;
  const { rotation } = ledger;
  if (rotation === undefined) return [];
  const waits = waitsUntil(subject, rotation);
  if (waits === null || now <= waits.until + PATIENCE) return [];
  const error = rotation.lastError === undefined ? '' : `: ${rotation.lastError}`;
  const message = `the rotation ${rotation.id} stands at ${rotation.phase}, ${waits.what}${error}`;
  const since = toInstant(waits.until);
  return [
    { rule: 'stuck', key: rotation.new ?? null, message, hint: `run keyturn run ${credential.name}`, since },
  ];
}

/** Until when a rotation has a reason to stand still. Null: it is a hook or mirror that holds it up, which says so. */
function waitsUntil(
  { credential: { policy, clock }, ledger }: Subject,
  rotation: Rotation,
): { readonly until: number; readonly what: string } | null {
  if (rotation.waiting !== undefined) {
    const since = toMs(rotation.waiting.since);
    const current = currentRow(ledger);
    const due = rotation.kind === 'scheduled' && current !== null ? dueAt(current, policy) : null;
    const who = rotation.waiting.for === 'operator' ? 'a person' : 'a free slot';
    return { until: Math.max(since, due ?? since), what: `waiting for ${who}` };
  }
  const moved = lastMove(ledger.trail.entries, rotation);
  const old = rowOf(ledger, rotation.old);
  if (rotation.phase !== 'overlap' || old === null) return { until: moved, what: 'and does not move' };
  const end = overlapEnd(old, policy, clock);
  if (end === null) return ledger.owed.length > 0 ? null : { until: moved, what: 'and does not move' };
  return {
    until: Math.max(end, toMs(rotation.promotedAt ?? rotation.startedAt)),
    what: 'and its overlap is over',
  };
}

function lastMove(
  entries: readonly { readonly at: Instant; readonly rotation?: string | undefined }[],
  rotation: Rotation,
): number {
  const noted = entries.filter((entry) => entry.rotation === rotation.id).map((entry) => toMs(entry.at));
  const known = [rotation.startedAt, rotation.entered, rotation.nextTry, rotation.promotedAt];
  return Math.max(...known.flatMap((at) => (at === undefined ? [] : [toMs(at)])), ...noted);
}

function owedEffects({ credential: { name }, ledger }: Subject): readonly Found[] {
  return ledger.owed.map((owed): Found => {
    const why = owed.lastError === undefined ? '' : `: ${owed.lastError}`;
    return {
      rule: owed.kind === 'hook' ? 'owed-hook' : 'owed-mirror',
      message: `the ${owed.kind} ${owed.target} is owed${why}`,
      hint: `mend it, then run keyturn run ${name}`,
      since: owed.since,
    };
  });
}
