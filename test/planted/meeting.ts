import type { Bug } from './bug.ts';

const ORDERS = 'src/core/protocol/orders.ts';
const NEXT = 'src/core/protocol/next.ts';
const LEASE = 'src/engine/lease.ts';
const APPLY_ROTATION = 'src/core/protocol/apply-rotation.ts';

/** Rules 9 to 15: others, going back, failure, debts, strangers, runs that meet, and a key in hand. */
export const MEETING: readonly Bug[] = [
  {
    name: 'what the store still shows is taken for a change by someone else',
    rule: 9,
    breaks: 'I7',
    among: ['converges'],
    file: NEXT,
    find: '  if (isStale(ledger, policy, seen)) return null;\n  const held = currentRow(ledger);',
    replace:
      '  if (policy.converges === 0 && isStale(ledger, policy, seen)) return null;\n  const held = currentRow(ledger);',
    why: 'what is read is what is there',
  },
  {
    name: 'a hold is no reason to wait where a key is over age',
    rule: 9,
    breaks: 'I8',
    among: ['rollback | rollback --now | stranger: back'],
    file: NEXT,
    find: '  if (hold !== undefined && (hold.until === undefined || toMs(hold.until) > now)) {',
    replace: '  if (hold !== undefined && hold.until !== undefined && toMs(hold.until) > now) {',
    why: 'a hold without an end is a mistake',
  },
  {
    name: 'rollback ends the overlap of the key that it leaves',
    rule: 10,
    breaks: 'I3',
    among: ['rollback'],
    file: ORDERS,
    find: 'const overlap = order.now === true ? 0 : policy.overlap;',
    replace: 'const overlap = order.now === true || ledger.rotation !== undefined ? 0 : policy.overlap;',
    why: 'a key that is left is broken',
  },
  {
    name: 'a pause after a failure has no end',
    rule: 11,
    breaks: 'I7',
    among: ['fault refused', 'begins empty'],
    file: NEXT,
    find: 'if (backOff !== null && backOff > now) {',
    replace: 'if (backOff !== null && backOff > 0) {',
    why: 'a person is to look at it',
  },
  {
    name: 'a failure is not remembered',
    rule: 11,
    breaks: 'I8',
    among: ['fault refused', 'often'],
    file: APPLY_ROTATION,
    find: "rotation: undefined, failures },\n      note: {\n        event: 'rotation-failed',",
    replace:
      "rotation: undefined, failures: count > 1 ? failures : undefined },\n      note: {\n        event: 'rotation-failed',",
    why: 'one failure may be chance',
  },
  {
    name: 'a row is dropped with its rotation',
    rule: 11,
    breaks: 'I4',
    among: ['fault refused', 'often'],
    file: APPLY_ROTATION,
    find: 'ledger: { ...withoutUnadopted(calledOff(ledger), pen), rotation: undefined, failures },',
    replace:
      "ledger: {\n        ...withoutRow(withoutUnadopted(calledOff(ledger), pen), ledger.rotation?.new ?? ''),\n        rotation: undefined,\n        failures,\n      },",
    why: 'a failed rotation leaves nothing behind',
  },
  {
    name: 'a hook or mirror that failed is not tried again',
    rule: 12,
    breaks: 'I7',
    among: ['hooks | mirrors', 'often'],
    file: 'src/core/protocol/debts.ts',
    find: "if (debt.nextTry === undefined || toMs(debt.nextTry) <= now) return { do: 'intend', effect };",
    replace: "if (debt.nextTry === undefined) return { do: 'intend', effect };",
    why: 'what failed once fails again',
  },
  {
    name: 'a hook or mirror is performed without an intention',
    rule: 12,
    breaks: 'I9',
    among: ['hooks | mirrors'],
    file: 'src/core/protocol/debts.ts',
    find: "if (debt.nextTry === undefined || toMs(debt.nextTry) <= now) return { do: 'intend', effect };",
    replace: "if (debt.nextTry === undefined || toMs(debt.nextTry) <= now) return { do: 'act', effect };",
    why: 'it is written down as owed, which looks like an intention',
  },
  {
    name: 'after a conflict a run saves over the other',
    rule: 14,
    breaks: 'I9',
    file: 'src/engine/book.ts',
    find: "      const again = caught.code === 'CONFLICT' ? doubt !== null : caught.ambiguous || caught.retryable;\n      if (!again) throw caught;",
    replace:
      "      if (caught.code === 'CONFLICT' && doubt === null) return put(run, ledger, (await load(run, signal)).revision, signal);\n      const again = caught.code === 'CONFLICT' || caught.ambiguous || caught.retryable;\n      if (!again) throw caught;",
    why: 'another try with the newest revision makes the error go away',
  },
  {
    name: 'a key in hand is revoked before a ledger says so',
    rule: 15,
    breaks: 'I9',
    among: ['fault refused', 'revoked by secret | revoked by id'],
    file: 'src/engine/in-hand.ts',
    find: "  record(session, { type: 'failed', failure: failureIn(step) });\n  return true;\n",
    replace:
      "  record(session, { type: 'failed', failure: failureIn(step) });\n  const row = rowOf(book.ledger, seen.hand?.row);\n  const secret = session.values.held(row?.id ?? '');\n  const id = row?.issuerKeyId === undefined ? {} : { issuerKeyId: row.issuerKeyId };\n  const request = { role: 'new' as const, ...id, ...(secret === null ? {} : { secret }), signal: run.signal };\n  void run.issuer.revoke?.(request).catch(() => undefined);\n  return true;\n",
    why: 'the store takes nothing, and the value is here for a moment only',
  },
  {
    name: 'a lease lasts sixty milliseconds',
    rule: 14,
    breaks: 'I8',
    among: ['race'],
    file: LEASE,
    find: 'export const LEASE_MS = 60_000;',
    replace: 'export const LEASE_MS = 60;',
    why: 'the unit was seconds once',
  },
  {
    name: 'a lease of this machine is thought to be left over',
    rule: 14,
    breaks: 'I8',
    among: ['race'],
    file: LEASE,
    find: '  if (toMs(lease.until) <= now) return null;\n',
    replace: '  if (toMs(lease.until) <= now || lease.host === runner.host) return null;\n',
    why: 'one machine runs one job',
  },
  {
    name: 'a lease of another machine does not count',
    rule: 14,
    breaks: 'I8',
    among: ['race'],
    file: LEASE,
    find: '  if (toMs(lease.until) <= now) return null;\n',
    replace: '  if (toMs(lease.until) <= now || lease.host !== runner.host) return null;\n',
    why: 'compare-and-set keeps machines apart',
  },
];
