import { KeyturnError } from '../../core/errors.ts';
import type { Ledger } from '../../core/ledger.ts';
import { revocable, settleable } from '../../core/protocol/orders.ts';
import { reasonOf, selectOne } from '../change.ts';
import { flag, optionOf, type Perform } from '../command.ts';
import { carryOutOrder } from '../drive.ts';
import { actor } from '../runner.ts';
import { minutes } from '../times.ts';

/** Ends an overlap now, or records that a person has removed the key. */
export const perform: Perform = async (invocation, context) => {
  const { options } = invocation;
  const attests = flag(options, 'attest');
  const given = reasonOf(options);
  if (attests && given === undefined) {
    throw new KeyturnError('USAGE', '--attest needs a reason', { hint: 'say with --reason what you did' });
  }
  const credential = selectOne(await context.config(), invocation);
  const reason = given ?? 'asked for with keyturn revoke';
  const key = optionOf(options, 'key');
  if (key !== undefined && !attests) {
    throw new KeyturnError('USAGE', '--key goes with --attest', { hint: 'leave it out, or add --attest' });
  }
  const order = {
    do: 'revoke',
    reason,
    ...(attests ? { attest: actor(context.env) } : {}),
    ...(key === undefined ? {} : { key }),
  } as const;
  return carryOutOrder(context, [credential], order, options, {
    destroys: async () => saysOf(await context.ledger(credential), attests, key, credential.policy.gates),
  });
};

function saysOf(
  ledger: Ledger,
  attests: boolean,
  only: string | undefined,
  gates: readonly string[],
): readonly string[] {
  const ending = attests ? settleable(ledger) : revocable(ledger);
  const retiring = ending.filter((key) => only === undefined || key.id === only);
  const says = retiring.map((key) => {
    const since = key.ceasedCurrentAt === undefined ? '' : `, replaced ${minutes(key.ceasedCurrentAt)}`;
    return attests
      ? `${key.id} of ${ledger.credential}${since}, is recorded as removed by you. Nothing proves it.`
      : `${key.id} of ${ledger.credential}${since}, is revoked now. Consumers that still use it are refused.`;
  });
  if (gates.length === 0 || attests) return says;
  return [...says, `These gates are skipped: ${gates.join(', ')}.`];
}
