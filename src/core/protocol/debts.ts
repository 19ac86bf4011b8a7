import { toMs } from '../credential.ts';
import type { Ledger } from '../ledger.ts';
import type { Policy } from '../policy.ts';
import { currentRow, isDead, isStale, owedRevocations, possibleRows, possibleUntil } from '../rows.ts';
import type { Step } from './changes.ts';
import { searchAgain, whetherMade } from './creation.ts';
import { revocation } from './revocation.ts';
import { isAnother, isForeign, type Seen } from './seen.ts';
import { isActive, look, mayBeOld, weight } from './steps.ts';

/**
 * What is owed whatever happens to rotations: hooks and mirrors, revocations, the search for possible keys, and
 * values that nobody needs any more. Null: nothing.
 */
export function debts(ledger: Ledger, policy: Policy, seen: Seen, now: number): Step | null {
  const steps: Step[] = [];
  const owed = owedEffects(ledger, policy, seen, now);
  if (owed !== null) steps.push(owed);
  for (const row of ledger.keys) {
    // Its rotation is gone, and whether the request for it went out is not known.
    if (row.state === 'intended' && row.id !== ledger.rotation?.new)
      return whetherMade(ledger, policy, seen, row);
  }
  for (const row of possibleRows(ledger)) {
    const until = possibleUntil(row);
    if (until !== null && now > until) return { do: 'record', change: { type: 'forgotten', row: row.id } };
    const search = searchAgain(ledger, policy, seen, row);
    if (search !== null) steps.push(search);
  }
  const stale = isStale(ledger, policy, seen);
  for (const row of owedRevocations(ledger)) {
    if (stale) {
      // Nothing is known of `current` now; that is no reason to leave the debt unsaid.
      steps.push(mayBeOld(now));
      continue;
    }
    const step = mayRevokeNow(ledger, seen, row.promoteEntered !== undefined || row.state === 'retiring')
      ? revocation(ledger, policy, seen, row, now)
      : null;
    if (step !== null) steps.push(step);
  }
  const active = steps.find(isActive);
  return active ?? discards(ledger, seen) ?? steps.sort((a, b) => weight(b) - weight(a))[0] ?? null;
}

/** After someone else's change nothing that consumers may have read is revoked until a person has spoken. */
function mayRevokeNow(ledger: Ledger, seen: Seen, wasRead: boolean): boolean {
  if (!wasRead) return true;
  return !isForeign(ledger, seen) && ledger.hold?.kind !== 'foreign' && ledger.hold?.kind !== 'gone';
}

function owedEffects(ledger: Ledger, policy: Policy, seen: Seen, now: number): Step | null {
  let soonest: Step | null = null;
  if (ledger.owed.length > 0 && isStale(ledger, policy, seen)) {
    return mayBeOld(now);
  }
  // What is handed on is what stands in current: that is to be the key for which it is owed.
  if (ledger.owed.length > 0 && isAnother(seen, currentRow(ledger))) {
    const reason = 'hooks and mirrors wait: the store holds another key than the one that they are owed for';
    return { do: 'wait', for: 'operator', reason, until: null };
  }
  for (const debt of ledger.owed) {
    const effect = { kind: 'owed', row: debt.id } as const;
    if (seen.entered === `owed:${debt.id}`) return { do: 'act', effect };
    if (debt.nextTry === undefined || toMs(debt.nextTry) <= now) return { do: 'intend', effect };
    const reason = `the ${debt.kind} ${debt.target} is owed: ${debt.lastError ?? 'it failed'}`;
    soonest ??= { do: 'wait', for: 'retry', reason, until: toMs(debt.nextTry) };
  }
  return soonest;
}

/** A value is kept until its key is proven dead, and no longer. Older copies of a live one go as well. */
function discards(ledger: Ledger, seen: Seen): Step | null {
  for (const row of ledger.keys) {
    const version = row.spares?.[0] ?? (isDead(row) ? row.storeVersion : undefined);
    if (version === undefined) continue;
    if (seen.current === undefined) return look({ what: 'current' });
    // While it stands in current, or nothing has taken its place, its kept value is what it is recognised by.
    const isLast = currentRow(ledger) === null && row.currentSince !== undefined;
    const isInPlace = version === row.storeVersion && (seen.current?.row === row.id || isLast);
    if (seen.current?.version === version || isInPlace) continue;
    return { do: 'act', effect: { kind: 'discard', row: row.id, version } };
  }
  return null;
}
