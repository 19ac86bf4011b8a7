import { KeyturnError } from '../../core/errors.ts';
import { previewProvide, provide } from '../../engine/provide.ts';
import { prepareChange, reasonOf, selectOne } from '../change.ts';
import { flag, type Perform } from '../command.ts';
import { only, withInstructions, withRuns } from '../drive.ts';
import { reportOfPlan } from '../plan-report.ts';
import { rotationReport } from '../rotation-report.ts';

/** Hands a key that was made at a dashboard to the rotation that waits for it. */
export const perform: Perform = async (invocation, context) => {
  const { options } = invocation;
  const reason = reasonOf(options);
  const credential = selectOne(await context.config(), invocation);
  const { name } = credential;
  const dry = flag(options, 'dryRun');
  await prepareChange(context, [credential], { dry });
  const ledger = await context.ledger(credential);
  if (ledger.rotation?.waiting?.for !== 'operator') {
    throw new KeyturnError('USAGE', `no rotation of ${name} waits for a key`, {
      hint: `keyturn status ${name} shows which keys it has; keyturn rotate ${name} opens a rotation, keyturn adopt ${name} takes on a key that is in use already`,
      credential: name,
    });
  }
  const issuer = await context.issuer(credential.issuer);
  const secret = await context.terminal.readKey({
    stdin: flag(options, 'stdin'),
    parts: issuer.parts,
    what: `the new key of ${name}`,
  });
  const request = { takeLease: flag(options, 'takeLease'), reason, dry };
  return withRuns(context, [credential], request, async (runs) => {
    const run = only(runs);
    if (dry) return reportOfPlan(await previewProvide(run, secret));
    const result = { name, outcome: await provide(run, secret), error: null };
    return withInstructions(context, [credential], [result], rotationReport([result]));
  });
};
