import { remedyOfHold } from '../core/audit-ledger.ts';
import { type Block, type Cell, line, table, toned } from './command.ts';
import type { CredentialStatus } from './status.ts';
import { minutes, span } from './times.ts';

/** A row for each credential, and below the table a line for each thing that is not as it should be. */
export function statusBlocks(all: readonly CredentialStatus[], now: number): readonly Block[] {
  if (all.length === 0) return [];
  const rows = all.map((one) => [
    one.name,
    one.current?.id ?? toned('none', 'warn'),
    one.ageDays === null ? '-' : `${one.ageDays} d`,
    dueCell(one, now),
    ...stateCell(one, now),
  ]);
  return [table(['credential', 'key', 'age', 'due', 'state'], rows), ...all.flatMap(remarks)];
}

/** Every key of one credential, the newest last. */
export function keyBlocks({ keys }: CredentialStatus): readonly Block[] {
  if (keys.length === 0) return [];
  const rows = keys.map((key) => [
    key.id,
    key.state === 'current' ? toned(key.state, 'good') : key.state,
    key.issuedAt === null ? '-' : minutes(key.issuedAt).slice(0, 10),
    key.expiresAt === null ? '-' : minutes(key.expiresAt).slice(0, 10),
    Object.values(key.fingerprints ?? {})[0] ?? '-',
  ]);
  return [line(''), table(['key', 'state', 'issued', 'expires', 'fingerprint'], rows)];
}

function dueCell({ due }: CredentialStatus, now: number): Cell {
  if (due === null) return '-';
  const left = Date.parse(due) - now;
  return left <= 0 ? toned('now', 'warn') : minutes(due).slice(0, 10);
}

function stateCell({ rotation, keys, current, hold, gates }: CredentialStatus, now: number): readonly Cell[] {
  if (hold !== null) return [toned('held', 'warn')];
  if (rotation?.waiting?.for === 'operator') return [toned('waits for a person', 'warn')];
  if (rotation !== null && rotation.promotedAt === null) return [`rotates: ${rotation.phase}`];
  const retiring = keys.find((key) => key.state === 'retiring');
  if (retiring !== undefined) {
    const left = retiring.overlapEnds === null ? 0 : Date.parse(retiring.overlapEnds) - now;
    const gate = gates.length === 0 ? '' : `, gate ${gates.join(', ')}`;
    const never = retiring.usedAt === null ? ' (never used)' : '';
    const quiet =
      retiring.quietSince === null ? gate : `${gate}, quiet since ${minutes(retiring.quietSince)}${never}`;
    return [left > 0 ? `overlap, ${span(left)} left${quiet}` : `the old key is to be revoked${quiet}`];
  }
  if (current === null) return [toned('no key yet', 'warn')];
  return [toned('ok', 'good')];
}

function remarks({ name, debts, hold, lease, rotation }: CredentialStatus): readonly Block[] {
  const of = (text: string): Block => line(toned(name, 'strong'), `: ${text}`);
  return [
    ...(hold === null
      ? []
      : [of(`held since ${minutes(hold.since)}: ${hold.reason}; ${remedyOfHold(hold, name)}`)]),
    ...(rotation?.lastError == null ? [] : [of(`the open rotation failed last with: ${rotation.lastError}`)]),
    ...debts.map(({ kind, target, lastError, hint }) => {
      const why = lastError === null ? '' : ` (${lastError})`;
      return of(`owed: ${kind} ${target}${why}${hint === null ? '' : `; ${hint}`}`);
    }),
    ...(lease === null ? [] : [of(`${lease.owner} on ${lease.host} is at work, until ${lease.until}`)]),
  ];
}
