import { KeyturnError } from '../../core/errors.ts';
import type { IssuerTraits } from '../../core/issuer.ts';
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
    destroys: async () => {
      const { traits } = await context.issuer(credential.issuer);
      const how = attests ? 'is recorded as removed by you. Nothing proves it.' : ENDS[traits.revokesBy];
      const ledger = await context.ledger(credential);
      return saysOf(ledger, { attests, key, how, gates: credential.policy.gates });
    },
  });
};

const REVOKED = 'is revoked now. Consumers that still use it are refused.';
/** What becomes of a key whose overlap ends. */
const ENDS: Readonly<Record<IssuerTraits['revokesBy'], string>> = {
  id: REVOKED,
  secret: REVOKED,
  promotion: REVOKED,
  replacement: 'has no overlap any more. It ended when its successor was made.',
  operator: 'has no overlap any more. A person has to remove it at the issuer; until then it works.',
  nothing: 'has no overlap any more. Nobody can be told to refuse it.',
};

function saysOf(
  ledger: Ledger,
  about: {
    readonly attests: boolean;
    readonly key: string | undefined;
    readonly how: string;
    readonly gates: readonly string[];
  },
): readonly string[] {
  const { attests, key: only, how, gates } = about;
  const ending = attests ? settleable(ledger) : revocable(ledger);
  const retiring = ending.filter((key) => only === undefined || key.id === only);
  const says = retiring.map((key) => {
    const since = key.ceasedCurrentAt === undefined ? '' : `, replaced ${minutes(key.ceasedCurrentAt)}`;
    return `${key.id} of ${ledger.credential}${since}, ${how}`;
  });
  if (gates.length === 0 || attests) return says;
  return [...says, `These gates are skipped: ${gates.join(', ')}.`];
}
