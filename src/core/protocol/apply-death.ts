import { toInstant, toMs } from '../credential.ts';
import type { Key } from '../ledger.ts';
import { retryDelay } from '../policy.ts';
import { rowOf } from '../rows.ts';
import { failureData, toldBy } from './apply-rotation.ts';
import { type Handlers, NO_PROMOTE, withRow } from './record.ts';

const NO_REVOKE = { revokeEntered: undefined, revokeRepeated: undefined, tries: undefined } as const;

/** A clock that was set back makes no request older than its intention. */
function latest(row: Key | null, now: number): string {
  const entered = row?.revokeRepeated ?? row?.revokeEntered;
  return toInstant(Math.max(now, entered === undefined ? 0 : toMs(entered)));
}

/** How a key ends. */
export const deathChanges: Handlers<
  | 'used'
  | 'revoke-renewed'
  | 'revoke-sent'
  | 'revoke-failed'
  | 'revoke-taken-back'
  | 'dead'
  | 'settled'
  | 'discarded'
  | 'forgotten'
> = {
  used: (ledger, change) => ({ ledger: withRow(ledger, change.row, { usedAt: change.at }), note: null }),

  'revoke-renewed': (ledger, change, pen) => ({
    ledger: withRow(ledger, change.row, { revokeRepeated: latest(rowOf(ledger, change.row), pen.now) }),
    note: null,
  }),

  'revoke-sent': (ledger, change, pen) => {
    const row = rowOf(ledger, change.row);
    const pause = retryDelay(row?.tries ?? 1);
    return {
      ledger: withRow(ledger, change.row, {
        revokeAnswered: toInstant(pen.now),
        nextTry: toInstant(pen.now + pause),
        lastError: undefined,
      }),
      note: { event: 'revoke-sent', key: change.row },
    };
  },

  'revoke-failed': (ledger, change, pen) => {
    const row = rowOf(ledger, change.row);
    const tries = row?.tries ?? 1;
    const pause = Math.max(retryDelay(tries), change.failure.retryAfterMs ?? 0);
    return {
      ledger: withRow(ledger, change.row, {
        nextTry: toInstant(pen.now + pause),
        told: toldBy(change.failure, retryDelay(tries)),
        lastError: change.failure.message,
      }),
      note:
        tries === 1 && row?.lastError === undefined
          ? { event: 'revoke-failed', key: change.row, data: failureData(change.failure) }
          : null,
    };
  },

  'revoke-taken-back': (ledger, change) => {
    const row = rowOf(ledger, change.row);
    // Only a first intention can be taken back: an earlier one may have been sent.
    const first = (row?.tries ?? 1) <= 1 && row?.revokeAnswered === undefined;
    return {
      ledger: withRow(ledger, change.row, first ? NO_REVOKE : {}),
      note: { event: 'revoke-taken-back', key: change.row, data: { why: change.why } },
    };
  },

  dead: (ledger, change, pen) => ({
    ledger: withRow(ledger, change.row, {
      state: 'revoked',
      proof: { by: change.by, at: toInstant(pen.now) },
      nextTry: undefined,
      lastError: undefined,
      ...NO_PROMOTE,
    }),
    note: { event: 'proven-dead', key: change.row, data: { by: change.by } },
  }),

  settled: (ledger, change, pen) => ({
    ledger: withRow(ledger, change.row, {
      state: 'settled',
      proof: { by: 'operator', at: toInstant(pen.now), who: change.who },
      nextTry: undefined,
      lastError: undefined,
    }),
    note: { event: 'settled', key: change.row, data: { who: change.who, reason: change.reason } },
  }),

  discarded: (ledger, change) => {
    const row = rowOf(ledger, change.row);
    const spares = (row?.spares ?? []).filter((version) => version !== change.version);
    return {
      ledger: withRow(ledger, change.row, {
        spares: spares.length === 0 ? undefined : spares,
        ...(row?.storeVersion === change.version ? { storeVersion: undefined } : {}),
      }),
      note: { event: 'value-discarded', key: change.row },
    };
  },

  /** A possible key whose time has passed by itself. */
  forgotten: (ledger, change, pen) => ({
    ledger: withRow(ledger, change.row, {
      state: 'revoked',
      proof: { by: 'expiry', at: toInstant(pen.now) },
    }),
    note: { event: 'proven-dead', key: change.row, data: { by: 'expiry' } },
  }),
};
