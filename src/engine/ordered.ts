import type { Change, Step } from '../core/protocol/changes.ts';
import type { Order } from '../core/protocol/orders.ts';
import { currentRow } from '../core/rows.ts';
import type { Session } from './session.ts';

/** After these nothing is left of an order but what `next` gives. */
export function isOrdersLast(change: Change): boolean {
  return ['opened', 'ended', 'settled', 'abandoned'].includes(change.type);
}

/** Whether what was asked for is to come yet, though nothing of the order is left: it is carried out once more. */
export function isUnfinished(session: Session, order: Order): boolean {
  return onlyFinished(session, order) || landedAfterAll(session, order);
}

/** It was told to rotate and has only closed a rotation whose overlap was over. */
function onlyFinished({ history }: Session, order: Order): boolean {
  const types = history.map((change) => change.type);
  return (
    order.do === 'rotate' &&
    types.includes('closed') &&
    !types.includes('opened') &&
    !types.includes('promoted')
  );
}

/** It was told to go back and gave up a rotation whose promote has landed since. */
function landedAfterAll({ book, history }: Session, order: Order): boolean {
  if (order.do !== 'rollback' || book.ledger.rotation !== undefined) return false;
  const types = history.map((change) => change.type);
  return types.includes('abandoned') && types.lastIndexOf('promoted') > types.lastIndexOf('abandoned');
}

/** It was told to rotate and went along with a rotation that another run has ended without a new key. */
export function endedWithout({ book, history }: Session, order: Order, began: string | undefined): boolean {
  const { ledger } = book;
  if (order.do !== 'rotate' || ledger.rotation !== undefined) return false;
  return currentRow(ledger)?.id === began && !history.some((change) => change.type === 'opened');
}

/** Another command has ended the emergency that was asked for, and what it was to end lives. */
export function givenUp({ book, history }: Session, order: Order, step: Step): Step | null {
  const { rotation, keys, credential } = book.ledger;
  const seemsWell = step.do === 'nothing' || (step.do === 'wait' && step.for === 'overlap');
  if (order.do !== 'emergency' || rotation?.kind === 'emergency' || !seemsWell) return null;
  if (history.some((change) => change.type === 'failed')) return null;
  if (!keys.some((key) => key.state === 'retiring' || key.state === 'pending')) return null;
  return {
    do: 'stop',
    code: 'GUARDED',
    reason: 'another command has given the emergency up, and a key that it was to end still works',
    hint: `run keyturn emergency ${credential} again, unless that was meant`,
  };
}
