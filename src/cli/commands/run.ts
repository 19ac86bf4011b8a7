import { selectCredentials } from '../../config/select.ts';
import { durationOf, reasonOf, selectionOf } from '../change.ts';
import type { Perform } from '../command.ts';
import { carryOutOrder } from '../drive.ts';

/** Does all that is due: starts, resumes, finishes, pays debts. */
export const perform: Perform = async (invocation, context) => {
  const { options } = invocation;
  const timeout = durationOf(options, 'timeout', { zero: false });
  const reason = reasonOf(options);
  const chosen = selectCredentials(await context.config(), selectionOf(invocation), 'optional');
  return carryOutOrder(context, chosen, { do: 'run' }, options, {
    reason,
    ...(timeout === undefined ? {} : { timeout }),
  });
};
