import type { Config } from '../../config/config.ts';
import { selectCredentials } from '../../config/select.ts';
import type { BadEntry } from '../../trail/verify.ts';
import { selectionOf } from '../change.ts';
import { type Block, line, type Perform, toned } from '../command.ts';
import type { Context } from '../context.ts';
import { inParallel } from '../parallel.ts';
import { verifyFile } from '../trail/file.ts';
import { type CheckedPart, verifyLedger } from '../trail/ledger.ts';
import { fileSinks } from '../trail/source.ts';

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
