import { hostname } from 'node:os';
import type { ConfiguredCredential } from '../../config/config.ts';
import { selectCredentials } from '../../config/select.ts';
import { KeyturnError } from '../../core/errors.ts';
import { worst } from '../../engine/outcome.ts';
import { selectionOf } from '../change.ts';
import type { Perform } from '../command.ts';
import type { Context } from '../context.ts';
import { inParallel, READS_AT_ONCE } from '../parallel.ts';
import { type CredentialStatus, statusOf } from '../status.ts';
import { keyBlocks, statusBlocks } from '../status-text.ts';

/** Keys, ages, open rotations, overlap left, debts: from the ledgers alone. */
export const perform: Perform = async (invocation, context) => {
  const config = await context.config();
  const chosen = selectCredentials(config, selectionOf(invocation), 'optional');
  const read = await inParallel(chosen, (credential) => readStatus(credential, context), READS_AT_ONCE);
  const detailed = context.flags.verbose || (chosen.length === 1 && invocation.words.length > 0);
  const errors = read.filter((one) => one instanceof KeyturnError);
  // Says once, and together, what every one of them lacks.
  if (errors.some((one) => one.code === 'REFERENCE')) await context.requireReferences(chosen, 'read');
  const credentials = read.filter((one): one is CredentialStatus => !(one instanceof KeyturnError));
  return {
    data: { credentials },
    blocks: [
      ...statusBlocks(credentials, context.startedAt),
      ...(detailed ? credentials.flatMap(keyBlocks) : []),
    ],
    exitCode: worst(errors.map((error) => error.exitCode)),
    errors,
    ...(errors.length > 0 && credentials.length > 0 ? { status: 'partial' } : {}),
  };
};

/** One ledger that cannot be read hides no other. */
async function readStatus(
  credential: ConfiguredCredential,
  context: Context,
): Promise<CredentialStatus | KeyturnError> {
  try {
    const [ledger, store] = await Promise.all([context.ledger(credential), context.store(credential)]);
    const { converges } = store.traits;
    return statusOf(credential, ledger, { now: context.startedAt, clock: hostname(), converges });
  } catch (caught) {
    if (!(caught instanceof KeyturnError) || caught.code === 'INTERRUPTED') throw caught;
    return new KeyturnError(caught.code, caught.message, { ...caught.detail, credential: credential.name });
  }
}
