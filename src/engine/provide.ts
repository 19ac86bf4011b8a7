import { KeyturnError } from '../core/errors.ts';
import { rowOf } from '../core/rows.ts';
import type { Secret } from '../core/secret.ts';
import type { Outcome } from './outcome.ts';
import { continueWith } from './rotate.ts';
import type { Run } from './run.ts';
import { openSession, record } from './session.ts';

/**
 * Hands a key that a person made to the rotation that waits for it, and goes on with that rotation.
 * Throws USAGE where none waits, BAD_VALUE for a value that cannot be a key of this issuer.
 */
export async function provide(run: Run, secret: Secret): Promise<Outcome> {
  run.issuer.checkShape?.(secret);
  const session = await openSession(run);
  const rotation = session.book.ledger.rotation;
  if (rotation?.waiting?.for !== 'operator') {
    throw new KeyturnError('USAGE', `no rotation of ${run.credential.name} waits for a key`, {
      hint: `run keyturn rotate ${run.credential.name} to open one, or keyturn adopt for a key that is in use already`,
    });
  }
  const known = rowOf(session.book.ledger, rotation.new);
  const row = known?.id ?? `${rotation.id}.${rotation.attempt}`;
  session.values.hold(row, secret);
  session.seen = { ...session.seen, hand: { row, fingerprints: secret.fingerprints() } };
  record(session, { type: 'provided', row, facts: { fingerprints: secret.fingerprints() } });
  return continueWith(session, { do: 'resume' });
}
