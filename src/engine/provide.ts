import { KeyturnError } from '../core/errors.ts';
import type { Rotation } from '../core/ledger.ts';
import { rowOf, sameKey } from '../core/rows.ts';
import type { Secret } from '../core/secret.ts';
import { verified } from './looks.ts';
import type { Outcome } from './outcome.ts';
import type { Planned } from './plan.ts';
import { continueWith } from './rotate.ts';
import type { Run } from './run.ts';
import { openSession, record, type Session } from './session.ts';

/**
 * Hands a key that a person made to the rotation that waits for it, and goes on with that rotation.
 * Throws USAGE where none waits, BAD_VALUE for a value that cannot be a key of this issuer.
 */
export async function provide(run: Run, secret: Secret): Promise<Outcome> {
  run.issuer.checkShape?.(secret);
  const session = await openSession(run);
  const rotation = waitingIn(session);
  await refuseKnown(session, rotation, secret);
  const row = rowFor(session, rotation, secret);
  session.values.hold(row, secret);
  session.seen = { ...session.seen, hand: { row, fingerprints: secret.fingerprints() } };
  record(session, { type: 'provided', row, facts: { fingerprints: secret.fingerprints() } });
  return continueWith(session, { do: 'resume' });
}

/** A key that is in use already is no new one: most likely the old key was pasted. The rotation goes on waiting. */
async function refuseKnown({ run, book }: Session, rotation: Rotation, secret: Secret): Promise<void> {
  const key = { fingerprints: secret.fingerprints() };
  const row = book.ledger.keys.find((one) => one.id !== rotation.new && sameKey(one, key));
  const sibling = (await run.siblings()).find((one) => sameKey(one, key));
  if (row === undefined && sibling === undefined) return;
  const as = row?.id ?? sibling?.credential ?? '';
  throw new KeyturnError('BAD_VALUE', `this key is known already, as ${as}`, {
    hint: 'make a new key at the issuer and hand that one over; the rotation still waits for it',
  });
}

/** The row for this key: the one that waits, unless it has another key already, which then is a matter of its own. */
function rowFor(session: Session, rotation: Rotation, secret: Secret): string {
  const known = rowOf(session.book.ledger, rotation.new);
  if (known === null) return `${rotation.id}.${rotation.attempt}`;
  if (known.fingerprints === undefined || sameKey(known, { fingerprints: secret.fingerprints() }))
    return known.id;
  record(session, { type: 'given-up', row: known.id, why: 'another key was handed over' });
  return `${rotation.id}.${rotation.attempt + 1}`;
}

/** What `provide` would do, with the issuer asked about the key. Writes nothing; throws what `provide` would throw. */
export async function previewProvide(run: Run, secret: Secret): Promise<Planned> {
  run.issuer.checkShape?.(secret);
  const session = await openSession(run);
  const rotation = waitingIn(session);
  await refuseKnown(session, rotation, secret);
  const { phase } = rotation;
  const answer = await verified(run, secret, 'the key that was provided');
  const common = { name: run.credential.name, ledger: session.book.ledger, phase, at: null };
  if (answer.verdict === 'refused') {
    const reason = `the key does not work: ${answer.message}`;
    const hint = 'hand over a key that works';
    return { ...common, action: 'refuse', reason, step: { do: 'stop', code: 'GUARDED', reason, hint } };
  }
  const reason = 'the open rotation goes on with this key';
  return { ...common, action: 'resume', reason, step: { do: 'nothing', reason } };
}

function waitingIn({ run, book }: Session): Rotation {
  const { rotation } = book.ledger;
  if (rotation?.waiting?.for === 'operator') return rotation;
  throw new KeyturnError('USAGE', `no rotation of ${run.credential.name} waits for a key`, {
    hint: `run keyturn rotate ${run.credential.name} to open one, or keyturn adopt for a key that is in use already`,
  });
}
