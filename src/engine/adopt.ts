import type { KeyFacts } from '../core/credential.ts';
import { KeyturnError } from '../core/errors.ts';
import type { Key } from '../core/ledger.ts';
import type { Step } from '../core/protocol/changes.ts';
import { adoptionRefusal, alreadyManaged, givesWay } from '../core/protocol/orders.ts';
import { emergencyCommand, stop } from '../core/protocol/steps.ts';
import { currentRow, isLive, isStale, rowOf, sameKey } from '../core/rows.ts';
import type { Secret } from '../core/secret.ts';
import { guarded } from './guard.ts';
import { keepValue } from './keep.ts';
import { lookAt, verified } from './looks.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { Planned } from './plan.ts';
import { continueWith } from './rotate.ts';
import type { Run } from './run.ts';
import { openSession, record, type Session } from './session.ts';

export interface AdoptRequest {
  /** A key that is not in the store yet; absent: the one that is. */
  readonly secret?: Secret;
  /** When it was issued, by a person's word: ISO 8601, or `unknown`. */
  readonly issuedAt?: string;
  /** The issuer's id of it, by a person's word, where the key itself does not tell. */
  readonly issuerKeyId?: string;
}

export interface Adopted {
  readonly outcome: Outcome;
  readonly key: Key | null;
  /** It was under management already; nothing was changed. */
  readonly same: boolean;
}

/**
 * Takes an existing key under management, touching nothing at the issuer: the one in the store, or one that is
 * verified and then stored as current. Throws USAGE where that is refused and UNVERIFIED where the issuer could not
 * tell whether the key works.
 */
export async function adopt(run: Run, request: AdoptRequest): Promise<Adopted> {
  const session = await openSession(run);
  const { secret, facts, isStored, managed } = await consider(session, request);
  if (managed !== null) {
    const hold = session.book.ledger.hold?.kind;
    if (hold === 'foreign' || hold === 'moved') record(session, { type: 'hold-lifted' });
    return { outcome: await continueWith(session, NOTHING), key: managed, same: true };
  }
  return isStored ? adoptCurrent(session, facts, request) : adoptNew(session, secret, facts, request);
}

/** What `adopt` would do, with the issuer asked. Writes nothing; throws what `adopt` would throw. */
export async function previewAdopt(run: Run, request: AdoptRequest): Promise<Planned> {
  const session = await openSession(run);
  const { isStored, managed } = await consider(session, request);
  const ledger = session.book.ledger;
  const reason = isStored ? 'the key in the store would be taken on' : 'the key would be stored as current';
  const common = { name: run.credential.name, ledger, at: null };
  if (managed === null)
    return { ...common, action: 'start', phase: 'open', reason, step: { do: 'nothing', reason } };
  const same = 'this key is under management already';
  return { ...common, action: 'none', phase: null, reason: same, step: { do: 'nothing', reason: same } };
}

interface Considered {
  readonly secret: Secret;
  readonly facts: KeyFacts;
  /** It is what the store holds. */
  readonly isStored: boolean;
  /** The row that it has already. */
  readonly managed: Key | null;
}

/** Everything that is looked at and asked before anything is written. Throws where the key is not to be adopted. */
async function consider(session: Session, request: AdoptRequest): Promise<Considered> {
  const { run } = session;
  await see(session, 'current');
  await see(session, 'siblings');
  if (isStale(session.book.ledger, run.policy, session.seen)) {
    throw new KeyturnError('UNAVAILABLE', 'the store may still show what was there before', {
      hint: `wait a few minutes, then run keyturn adopt ${run.credential.name} again`,
    });
  }
  const inStore = session.values.current?.key ?? null;
  const secret = request.secret ?? inStore;
  if (secret === null) {
    throw new KeyturnError('USAGE', `there is no value at ${run.credential.location} to adopt`, {
      hint: `hand the key over with keyturn adopt ${run.credential.name} --stdin, or make one with keyturn rotate`,
    });
  }
  run.issuer.checkShape?.(secret);
  const isStored = inStore?.equals(secret) === true;
  const managed = isStored ? alreadyManaged(session.book.ledger, session.seen) : null;
  if (managed !== null) return { secret, facts: {}, isStored, managed };
  const facts = await factsOf(session, secret, isStored, request);
  refuse(session, facts);
  refusePlace(session, isStored);
  return { secret, facts, isStored, managed };
}

/** Drives nothing that is not open already. */
const NOTHING = { do: 'resume' } as const;

async function see(session: Session, what: 'current' | 'siblings'): Promise<void> {
  const { run, values, book } = session;
  session.seen = await lookAt(run, values, book.ledger, session.seen, { what });
}

async function factsOf(
  session: Session,
  secret: Secret,
  isStored: boolean,
  request: AdoptRequest,
): Promise<KeyFacts> {
  const { run } = session;
  // Where nobody can be asked, its shape has to do.
  const answer = run.issuer.traits.proves
    ? await verified(run, secret, 'the key to adopt')
    : ({ verdict: 'works', facts: {}, findings: [] } as const);
  if (answer.verdict === 'unknown') {
    throw new KeyturnError('UNVERIFIED', `whether the key works could not be told: ${answer.message}`, {
      hint: 'try again when the issuer answers',
    });
  }
  if (answer.verdict === 'refused' && answer.why !== 'scope-missing') {
    throw new KeyturnError('GUARDED', `the key does not work: ${answer.message}`, {
      hint: hintForDead(session, isStored),
    });
  }
  const described = await describe(run, secret);
  const { alive: _, ...said } = described ?? { alive: null };
  const asked = { ...answer.facts, ...said, fingerprints: secret.fingerprints() };
  const known = { ...(await namedFacts(run, secret, asked, request)), ...asked };
  const word =
    request.issuedAt === undefined || request.issuedAt === 'unknown' ? {} : { issuedAt: request.issuedAt };
  return known.issuedAt === undefined ? { ...known, ...word } : known;
}

/** A rotation would not overwrite what the ledger does not know; an emergency replaces what it finds in a managed place. */
function hintForDead({ run, book }: Session, isStored: boolean): string {
  const { name } = run.credential;
  if (!isStored) return `adopt a key that works, or make one with keyturn rotate ${name}`;
  if (run.policy.issuer.asksWith === 'current') return 'put a key there that works and adopt that';
  if (currentRow(book.ledger) !== null)
    return `put a key there that works and adopt that, or make one with ${emergencyCommand(book.ledger)}`;
  return `put a key there that works and adopt that, or remove the value and run keyturn rotate ${name}`;
}

/** What the issuer lists of the key that a person names. Throws USAGE where it lists none, or the key is another one. */
async function namedFacts(
  run: Run,
  secret: Secret,
  asked: KeyFacts,
  request: AdoptRequest,
): Promise<KeyFacts> {
  const { issuerKeyId } = request;
  if (issuerKeyId === undefined) return {};
  if (asked.issuerKeyId !== undefined && asked.issuerKeyId !== issuerKeyId) {
    throw new KeyturnError('USAGE', 'the key has another id than the one that is given', {
      hint: 'leave --key out: the key itself tells its id',
    });
  }
  if (run.issuer.list === undefined) return { issuerKeyId };
  const listed = await guarded(
    run.world,
    'list the keys at the issuer',
    run.signal,
    async (signal) => run.issuer.list?.(signal, secret) ?? [],
  );
  const found = listed.find((key) => key.issuerKeyId === issuerKeyId);
  if (found !== undefined) return { ...found.facts, issuerKeyId };
  throw new KeyturnError('USAGE', 'the issuer lists no key with the id that is given', {
    hint: `look at keyturn keys ${run.credential.issuer}`,
  });
}

async function describe(run: Run, secret: Secret): Promise<(KeyFacts & { alive: boolean | null }) | null> {
  if (run.issuer.describe === undefined) return null;
  return guarded(
    run.world,
    'describe the key',
    run.signal,
    async (signal) => run.issuer.describe?.(secret, signal) ?? null,
  );
}

function refuse(session: Session, facts: KeyFacts): void {
  const { run, book, seen } = session;
  const refusal = adoptionRefusal(book.ledger, seen, facts);
  if (refusal?.do === 'stop') throw new KeyturnError(refusal.code, refusal.reason, { hint: refusal.hint });
  if (run.issuer.traits.revokesBy === 'id' && facts.issuerKeyId === undefined) {
    throw new KeyturnError('USAGE', 'this issuer revokes by id, and the id of the key is not known', {
      hint: `find it with keyturn keys ${run.credential.issuer} (with --stdin where the issuer is asked with the key itself) and adopt it with --key ID`,
    });
  }
}

async function adoptCurrent(session: Session, facts: KeyFacts, request: AdoptRequest): Promise<Adopted> {
  const { run, values, seen } = session;
  const value = values.current;
  if (value === null)
    throw new KeyturnError('CONFLICT', 'the value in the store went away', { hint: 'run adopt again' });
  const row = rowOf(session.book.ledger, seen.current?.row ?? undefined);
  if (row !== null && isLive(row)) return followTo(session, row, value.version);
  const byStore =
    facts.issuedAt === undefined && request.issuedAt !== 'unknown' ? value.writtenAt : undefined;
  const known = byStore === undefined ? facts : { ...facts, issuedAt: byStore };
  const rotation = seen.freshId;
  const kept = await keepValue(run, value, rotation);
  if (givesWay(session.book.ledger, seen))
    record(session, { type: 'abandoned', why: 'the key that somebody put in place was adopted' });
  record(session, {
    type: 'adopted',
    row: `${rotation}.0`,
    rotation,
    facts: known,
    issuedAtFrom: sourceOf(facts, request, byStore),
    ...(run.policy.issuer.proves ? {} : { by: 'shape' as const }),
    version: value.version,
    kept: kept.version,
    hooks: run.policy.hooks,
    mirrors: run.policy.mirrors,
  });
  session.seen = { ...session.seen, current: { ...presentOf(session), row: `${rotation}.0` } };
  const outcome = await continueWith(session, NOTHING);
  return { outcome, key: currentRow(session.book.ledger), same: false };
}

/** The key has a row already: the ledger follows the store to it, by a person's word. */
async function followTo(session: Session, row: Key, version: string): Promise<Adopted> {
  const { hooks, mirrors } = session.run.policy;
  record(session, { type: 'moved', row: row.id, version, hooks, mirrors });
  record(session, { type: 'hold-lifted' });
  const outcome = await continueWith(session, NOTHING);
  return { outcome, key: currentRow(session.book.ledger), same: false };
}

function presentOf(session: Session): NonNullable<Session['seen']['current']> {
  const { current } = session.seen;
  if (current === null || current === undefined)
    throw new KeyturnError('BUG', 'nothing was seen', { hint: 'report this' });
  return current;
}

function sourceOf(facts: KeyFacts, request: AdoptRequest, byStore: string | undefined): Key['issuedAtFrom'] {
  if (byStore !== undefined) return 'store';
  if (facts.issuedAt === undefined) return 'unknown';
  return facts.issuedAt === request.issuedAt ? 'operator' : 'issuer';
}

/** A key that is not in the store: a rotation of its own kind that begins at stage. */
async function adoptNew(
  session: Session,
  secret: Secret,
  facts: KeyFacts,
  request: AdoptRequest,
): Promise<Adopted> {
  const { ledger } = session.book;
  const begun = ledger.rotation?.kind === 'adopt' ? rowOf(ledger, ledger.rotation.new) : null;
  const same = begun !== null && sameKey(begun, { fingerprints: secret.fingerprints() });
  const id = session.seen.freshId;
  const row = same ? begun.id : `${id}.1`;
  if (!same) record(session, { type: 'opened', id, kind: 'adopt', reason: 'adopted from a person' });
  session.values.hold(row, secret);
  session.seen = { ...session.seen, hand: { row, fingerprints: secret.fingerprints() } };
  const issuedAtFrom = sourceOf(facts, request, undefined);
  if (!same) record(session, { type: 'provided', row, facts, issuedAtFrom });
  const outcome = await continueWith(session, NOTHING);
  const { rotation } = session.book.ledger;
  const key = currentRow(session.book.ledger);
  const isOvertaken = outcome.exitCode === 0 && rotation?.new !== row && key?.id !== row;
  return { outcome: isOvertaken ? outcomeOf(session, overtaken(session), null) : outcome, key, same: false };
}

/** Another command has ended this adoption, or what it had put in place. */
function overtaken({ run }: Session): Step {
  return stop(
    'GUARDED',
    'another command has put another key in place than the one that was handed over',
    `look at keyturn status ${run.credential.name} for what became of both`,
  );
}

/** Refuses where the place is another key's. */
function refusePlace({ run, book, seen }: Session, isStored: boolean): void {
  const managed = currentRow(book.ledger);
  if (isStored) {
    if (managed === null || book.ledger.hold?.kind === 'foreign' || seen.current?.row !== managed.id) return;
    throw new KeyturnError('USAGE', 'another key is managed under this name', { hint: 'run keyturn status' });
  }
  if (managed !== null) {
    throw new KeyturnError('USAGE', `another key of ${run.credential.name} is managed already`, {
      hint: `replace it with keyturn rotate ${run.credential.name}, or put the other key into the store by hand and adopt that`,
    });
  }
  if (seen.current !== null) {
    throw new KeyturnError('USAGE', `another value is stored at ${run.credential.location}`, {
      hint: 'adopt that one, or remove it from the store first',
    });
  }
}
