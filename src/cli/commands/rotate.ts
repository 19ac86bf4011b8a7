import type { ConfiguredCredential } from '../../config/config.ts';
import { selectCredentials } from '../../config/select.ts';
import { durationOf, reasonOf, selectionOf } from '../change.ts';
import { flag, type Perform } from '../command.ts';
import { carryOutOrder } from '../drive.ts';
import { span } from '../times.ts';

/** Rotates now, due or not. An overlap shorter than the policy's destroys sooner than was agreed, so it asks. */
export const perform: Perform = async (invocation, context) => {
  const { options } = invocation;
  const overlap = durationOf(options, 'overlap', { zero: true });
  const reason = reasonOf(options) ?? 'asked for with keyturn rotate';
  const chosen = selectCredentials(await context.config(), selectionOf(invocation), 'required');
  const destroys = async (): Promise<readonly string[]> => {
    const sooner = chosen.filter((one) => overlap !== undefined && overlap < one.policy.overlap);
    if (sooner.length === 0) return [];
    return [
      ...sooner.map((one) => warningFor(one, overlap ?? 0)),
      'Consumers that have not read the new key by then are refused.',
    ];
  };
  const wait = flag(options, 'wait');
  const order = { do: 'rotate', reason, ...(overlap === undefined ? {} : { overlap }) } as const;
  return carryOutOrder(context, chosen, order, options, {
    destroys,
    ...(wait ? { waitForOverlap: true, timeout: null } : {}),
  });
};

function warningFor({ name, policy }: ConfiguredCredential, overlap: number): string {
  return `The old key of ${name} dies ${span(overlap)} after the new one is in place, not ${span(policy.overlap)}.`;
}
