import { KeyturnError } from '../../core/errors.ts';
import { forget } from '../../core/protocol/orders.ts';
import { reasonOf, selectOne } from '../change.ts';
import { optionOf, type Perform } from '../command.ts';
import { carryOutOrder } from '../drive.ts';
import { actor } from '../runner.ts';

/** Settles a possible orphan that a person has dealt with. */
export const perform: Perform = async (invocation, context) => {
  const { options } = invocation;
  const orphan = optionOf(options, 'orphan');
  const reason = reasonOf(options);
  if (orphan === undefined || reason === undefined) {
    throw new KeyturnError('USAGE', `forget needs ${orphan === undefined ? '--orphan' : '--reason'}`, {
      hint: 'say which key it is (--orphan ID, from keyturn status) and what you did (--reason TEXT)',
    });
  }
  const credential = selectOne(await context.config(), invocation);
  const order = { do: 'forget', orphan, reason, who: actor(context.env) } as const;
  return carryOutOrder(context, [credential], order, options, {
    destroys: async () => {
      const step = forget(order, await context.ledger(credential));
      if (step?.do === 'stop')
        throw new KeyturnError(step.code, step.reason, { hint: step.hint, credential: credential.name });
      return [
        `The possible key ${orphan} of ${credential.name} is recorded as settled by you. Nothing proves it,`,
        'and no audit reports it after that.',
      ];
    },
  });
};
