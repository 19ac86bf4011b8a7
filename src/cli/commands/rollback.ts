import type { Order } from '../../core/protocol/orders.ts';
import { reasonOf, selectOne } from '../change.ts';
import { flag, type Perform } from '../command.ts';
import { carryOutOrder } from '../drive.ts';

/** Makes the previous key current again. */
export const perform: Perform = async (invocation, context) => {
  const { options } = invocation;
  const credential = selectOne(await context.config(), invocation);
  const reason = reasonOf(options) ?? 'asked for with keyturn rollback';
  const now = flag(options, 'now');
  const destroys = async (): Promise<readonly string[]> => {
    const open = (await context.ledger(credential)).rotation;
    const abandons = open !== undefined && open.promotedAt === undefined;
    return [
      abandons
        ? `The open rotation of ${credential.name} ends, and the key that it made is revoked.`
        : `The previous key of ${credential.name} becomes current again; the present one ${now ? 'is revoked at once' : 'retires'}.`,
      'No rotation opens by itself after that, until keyturn rotate.',
    ];
  };
  const order: Order = { do: 'rollback', reason, ...(now ? { now: true } : {}) };
  return carryOutOrder(context, [credential], order, options, { destroys });
};
