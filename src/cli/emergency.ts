import type { ConfiguredCredential } from '../config/config.ts';
import { toKeyturnError } from '../core/errors.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Order } from '../core/protocol/orders.ts';
import { currentRow } from '../core/rows.ts';
import { driveFleet, type FleetResult } from '../engine/fleet.ts';
import type { Run } from '../engine/run.ts';
import type { Context } from './context.ts';
import { createDisplay } from './progress.ts';
import { runMaker } from './runs.ts';

export type EmergencyOrder = Extract<Order, { do: 'emergency' }>;

export interface EmergencyRequest {
  readonly order: EmergencyOrder;
  /** Keys that were issued at this instant or later are left out; null: none are. */
  readonly issuedBefore: string | null;
}

/** Drives an emergency on each credential by itself: what one lacks, or how it fails, stops no other. */
export async function driveEmergency(
  context: Context,
  chosen: readonly ConfiguredCredential[],
  { order, issuedBefore }: EmergencyRequest,
): Promise<readonly FleetResult[]> {
  const display = createDisplay(context);
  context.atEnd(display.stop);
  const { report, print } = display;
  const make = await runMaker(context, { emergency: true, takeLease: true, report, print });
  const results = await Promise.all(
    inLanes(chosen, async (credential): Promise<FleetResult> => {
      const { name } = credential;
      try {
        await context.requireReferences([credential], 'rotate');
        const run = await make(credential);
        const own = issuedBefore === null ? order : await orderFor(context, credential, order, issuedBefore);
        return await driveOne(run, own);
      } catch (caught) {
        return { name, outcome: null, error: toKeyturnError(caught, `emergency on ${name}`) };
      }
    }),
  );
  display.stop();
  return results;
}

async function driveOne(run: Run, order: Order): Promise<FleetResult> {
  const [result] = await driveFleet([run], order);
  return result ?? { name: run.credential.name, outcome: null, error: null };
}

/** How many credentials are worked on at once. */
const LANES = 8;

function inLanes<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): readonly Promise<Result>[] {
  const lanes: Promise<unknown>[] = [];
  return items.map((item, at) => {
    const before = lanes[at % LANES] ?? Promise.resolve();
    const mine = before.then(() => work(item));
    lanes[at % LANES] = mine;
    return mine;
  });
}

/** For a key that was replaced since: what it left behind dies, and nothing new is made. */
async function orderFor(
  context: Context,
  credential: ConfiguredCredential,
  order: EmergencyOrder,
  issuedBefore: string,
): Promise<Order> {
  const ledger = await context.ledger(credential);
  const issuedAt = currentRow(ledger)?.issuedAt;
  if (issuedAt === undefined || issuedAt < issuedBefore || isMoving(ledger)) return order;
  context.say(`${credential.name} is left out: its key was issued at ${issuedAt}`);
  const retiring = ledger.keys.some((key) => key.state === 'retiring');
  return retiring ? { do: 'revoke', reason: order.reason } : { do: 'resume' };
}

/** A rotation that has not put its key in place: what will be current is not known yet. */
function isMoving({ rotation }: Ledger): boolean {
  return rotation !== undefined && rotation.promotedAt === undefined;
}
