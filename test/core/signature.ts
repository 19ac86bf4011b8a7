import type { Key, Ledger, Rotation } from '../../src/core/ledger.ts';
import type { Policy } from '../../src/core/policy.ts';
import { backOffUntil, due, keyBudgetUntil } from '../../src/core/policy.ts';
import { currentRow, hasExpired, overlapEnd } from '../../src/core/rows.ts';

const FLAGS = [
  'issuerKeyId',
  'fingerprints',
  'storeVersion',
  'spares',
  'currentAs',
  'stagedAs',
  'valueLost',
  'window',
  'listedBefore',
  'suspects',
  'overlap',
  'endNow',
  'promoteEntered',
  'promoteOlder',
  'rewriting',
  'revokeEntered',
  'revokeAnswered',
] as const;

/** What matters of a ledger for what comes next: without ids, times and texts. Equal ones have equal futures. */
export function signature(ledger: Ledger, policy: Policy, now: number): string {
  const before = last.get(ledger);
  if (before?.now === now && before.policy === policy) return before.text;
  const text = signatureOf(ledger, policy, now);
  last.set(ledger, { now, policy, text });
  return text;
}

const last = new WeakMap<Ledger, { readonly now: number; readonly policy: Policy; readonly text: string }>();

function signatureOf(ledger: Ledger, policy: Policy, now: number): string {
  const place = (id: string | undefined): number => ledger.keys.findIndex((key) => key.id === id);
  const { rotation, hold, failures } = ledger;
  const current = currentRow(ledger);
  const facts = { missingScopes: [], dead: false };
  return [
    ledger.keys.map((key) => rowSignature(key, policy, now)).join(' '),
    rotation === undefined ? '-' : rotationSignature(rotation, place, now),
    ledger.owed.map(
      (debt) => `${debt.kind}${debt.entered === undefined ? '' : 'e'}${when(debt.nextTry, now)}`,
    ),
    hold?.kind ?? '-',
    failures === undefined ? '-' : (backOffUntil(ledger, policy) ?? 0) > now,
    keyBudgetUntil(ledger.made, now) !== null,
    due(current, policy, facts, ledger, now)?.rule ?? '-',
    ledger.scopesTriedFor === policy.config,
  ].join('|');
}

function rowSignature(key: Key, policy: Policy, now: number): string {
  const flags = FLAGS.map((flag) => (key[flag] === undefined ? '' : flag.slice(0, 3) + flag.slice(-2))).join(
    ',',
  );
  const end = overlapEnd(key, policy, 'host-a');
  const wait = end === null ? 'not-begun' : end > now ? 'runs' : 'over';
  const overlap = key.state === 'retiring' || key.promoteEntered !== undefined ? wait : '';
  // When it was asked for matters as long as it is not known whether it was made.
  const unsure = key.state === 'intended' || key.state === 'possible' || key.issuedAt === undefined;
  const base = key.promoteBase === undefined ? '' : key.promoteBase === null ? 'none' : 'some';
  return [
    key.state,
    flags,
    overlap,
    base,
    when(key.nextTry, now),
    key.proof?.by ?? '',
    hasExpired(key, now),
    unsure ? since(key.window?.to ?? key.window?.from, now) : '',
    (key.tries ?? 0) > 1,
    key.ceasedCurrentAt === undefined ? '' : 'ceased',
  ].join('/');
}

function rotationSignature(
  rotation: Rotation,
  place: (id: string | undefined) => number,
  now: number,
): string {
  return [
    rotation.kind,
    rotation.phase,
    rotation.entered !== undefined,
    Math.min(rotation.attempt, 4),
    place(rotation.old),
    place(rotation.new),
    rotation.base === undefined ? '-' : rotation.base === null ? 'none' : 'some',
    rotation.overlap ?? '',
    rotation.revokeFirst === true,
    rotation.unverified === true,
    rotation.promotedAt !== undefined,
    rotation.waiting?.for ?? '',
    when(rotation.nextTry, now),
  ].join('/');
}

function when(instant: string | undefined, now: number): string {
  return instant !== undefined && Date.parse(instant) > now ? 'later' : '';
}

/** An hour is what may still turn up, a year is longer than anything is waited for. */
function since(instant: string | undefined, now: number): string {
  if (instant === undefined) return '';
  const hours = (now - Date.parse(instant)) / 3_600_000;
  return hours < 1 ? 'now' : hours < 24 * 400 ? 'lately' : 'long ago';
}
