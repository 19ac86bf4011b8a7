import type { ConfiguredCredential } from '../../config/config.ts';
import { contradiction, type LedgerAround } from '../../trail/against-ledger.ts';
import { readTrailFile } from '../../trail/read-file.ts';
import { type BadEntry, createVerifier } from '../../trail/verify.ts';
import type { Context } from '../context.ts';
import { inParallel } from '../parallel.ts';
import type { CheckedPart } from './ledger.ts';
import type { ReadableSink } from './source.ts';

/** Checks the file of a sink against the ledgers. It is read between two looks at them: a run may be at work. */
export async function verifyFile(
  { id, path }: ReadableSink,
  chosen: readonly ConfiguredCredential[],
  context: Context,
): Promise<CheckedPart> {
  const before = await inParallel(chosen, (one) => context.ledger(one));
  const verifier = createVerifier();
  const file = await readTrailFile(path, verifier);
  const after = await inParallel(chosen, (one) => context.ledger(one));
  if (file === null) context.warn(`${path} does not exist`);
  for (const where of file?.cut ?? []) context.warn(`${where}: this line was cut`);
  for (const { credential, from } of verifier.chains()) {
    if (from > 1) context.warn(`${path}: the entries of ${credential} begin with number ${from}`);
  }
  const { checked, firstBad } = verifier.result();
  const against = chosen.map(({ name }, at): BadEntry | null => {
    const around: LedgerAround = { credential: name, before: before[at] ?? null, after: after[at] ?? null };
    const bad = contradiction(verifier, id, around);
    return bad === null ? null : { ...bad, where: path };
  });
  return { checked, firstBad: firstBad ?? against.find((bad) => bad !== null) ?? null };
}
