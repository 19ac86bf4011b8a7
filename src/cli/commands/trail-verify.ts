import type { Config, ConfiguredCredential } from '../../config/config.ts';
import { selectCredentials } from '../../config/select.ts';
import { contradiction, type LedgerAround } from '../../trail/against-ledger.ts';
import { readTrailFile } from '../../trail/read-file.ts';
import { type BadEntry, createVerifier } from '../../trail/verify.ts';
import { selectionOf } from '../change.ts';
import { type Block, line, type Perform, toned } from '../command.ts';
import type { Context } from '../context.ts';
import { inParallel } from '../parallel.ts';
import { type CheckedPart, verifyLedger } from '../trail-ledger.ts';
import { fileSinks, type ReadableSink } from '../trail-source.ts';

export const perform: Perform = async ({ words, options }, context) => {
  const config = await context.config();
  const chosen = selectCredentials(config, selectionOf({ words, options }), 'optional');
  await context.requireReferences(chosen, 'read');
  const ledgers = await inParallel(chosen, (one) => verifyLedger(one, context));
  const files: CheckedPart[] = [];
  for (const sink of fileSinks(config, context)) files.push(await verifyFile(sink, chosen, context));
  sayWhatIsLeftOut(config, context);
  const parts = [...ledgers, ...files];
  const firstBad = parts.find((part) => part.firstBad !== null)?.firstBad ?? null;
  const checked = parts.reduce((sum, part) => sum + part.checked, 0);
  return {
    data: { ok: firstBad === null, checked, firstBad },
    blocks: [blockOf(firstBad, checked, files.length)],
    exitCode: firstBad === null ? 0 : 7,
  };
};

/** A file is read between two looks at the ledgers, because a run may be at work. */
async function verifyFile(
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

function sayWhatIsLeftOut({ trail }: Config, context: Context): void {
  const left = trail.sinks.filter((sink) => sink.kind !== 'file').length;
  if (left > 0) context.say(`${left} of ${trail.sinks.length} sinks cannot be read back and are not checked`);
}

function blockOf(bad: BadEntry | null, checked: number, files: number): Block {
  const about = `${checked} entries in ledgers and ${files} ${files === 1 ? 'file' : 'files'} checked`;
  if (bad === null) return line(toned('the trail is whole', 'good'), `; ${about}`);
  const what = bad.n === null ? 'a line' : `entry ${bad.n} of ${bad.credential}`;
  const where = bad.where === null ? '' : ` (${bad.where})`;
  return line(toned('the trail is broken', 'bad'), ` at ${what}${where}: ${bad.why}; ${about}`);
}
