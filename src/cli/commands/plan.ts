import { selectCredentials } from '../../config/select.ts';
import { selectionOf } from '../change.ts';
import { flag, type Perform } from '../command.ts';
import { planReport } from '../plan-report.ts';

/** What `run` would do now, and why. */
export const perform: Perform = async (invocation, context) => {
  const config = await context.config();
  const chosen = selectCredentials(config, selectionOf(invocation), 'optional');
  const live = flag(invocation.options, 'live');
  await context.requireReferences(chosen, live ? 'rotate' : 'read');
  return planReport(context, chosen, { do: 'run' }, { live, dry: false });
};
