import { checksOfCurrent } from './audit-current.ts';
import { checksOfLedger } from './audit-ledger.ts';
import { AUDIT_RULES, type AuditRule, isAtLeast, SEVERITIES, type Severity } from './audit-rules.ts';
import type { AuditedCredential, AuditedIssuer, Found, Inventory, Subject } from './audit-subject.ts';
import type { Instant } from './credential.ts';
import type { Key, Ledger } from './ledger.ts';
import { isDead, sameKeyOrId } from './rows.ts';

export interface Finding {
  readonly rule: AuditRule;
  readonly severity: Severity;
  /** Null: a location that no credential names, or a key that no ledger knows. */
  readonly credential: string | null;
  /** The row of the ledger that it is about; null: none in particular. */
  readonly key: string | null;
  readonly message: string;
  readonly hint: string;
  /** Since when it is so, where that is known. */
  readonly since: Instant | null;
  /** Kept free for findings that somebody has accepted. */
  readonly waiver: null;
}

/**
 * What a person should know of these credentials, the most serious first. Pure: everything that was read and asked
 * is in the inventory. A ledger that is missing from `ledgers` could not be read, and nothing is said of it.
 */
export function audit(
  inventory: Inventory,
  ledgers: ReadonlyMap<string, Ledger>,
  now: number,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const credential of inventory.credentials) {
    const ledger = ledgers.get(credential.name);
    if (!credential.selected || ledger === undefined) continue;
    const subject = { credential, ledger, now };
    const found = [
      ...checksOfCurrent(subject),
      ...checksOfLedger(subject),
      ...sharing(subject, inventory, ledgers),
    ];
    findings.push(...found.map((one) => complete(one, credential.name)));
  }
  findings.push(...inventory.issuers.flatMap(findingsOfIssuer));
  findings.push(...inventory.strangers.map((one) => complete(stranger(one), null)));
  return findings.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function complete(
  { rule, key = null, message, hint, since = null }: Found,
  credential: string | null,
): Finding {
  const { severity } = AUDIT_RULES[rule];
  return { rule, severity, credential, key, message, hint, since, waiver: null };
}

function findingsOfIssuer({ name, orphans, unknown }: AuditedIssuer): readonly Finding[] {
  const findings = orphans.map(({ issuerKeyId, name: named, credential, key, issuedAt }) => {
    const called = named === null ? '' : ` "${named}"`;
    const says = credential === null ? 'no ledger here knows' : `the ledger of ${credential} calls dead`;
    const message = `the issuer ${name} lists the key ${issuerKeyId}${called}, which keyturn made and ${says}`;
    const elsewhere =
      'a credential that was taken out of the configuration, or another configuration, may use it';
    const hint =
      credential === null
        ? `${elsewhere}: look for these and, with keyturn keys ${name}, at its last use before you remove it by hand`
        : `see keyturn keys ${name}; unless another keyturn has it, remove it at the issuer by hand`;
    return complete({ rule: 'orphan', key, message, hint, since: issuedAt }, credential);
  });
  if (unknown === null) return findings;
  const message = `whether the issuer ${name} lists orphans could not be told: ${unknown}`;
  return [...findings, complete({ rule: 'unverified', message, hint: `run keyturn keys ${name}` }, null)];
}

function stranger({ store, location }: Inventory['strangers'][number]): Found {
  return {
    rule: 'unmanaged',
    message: `the store ${store} holds a value at ${location} that no credential names`,
    hint: 'add a credential with this location and adopt it, or remove the value from the store',
  };
}

/** Other credentials that have a key of this one. */
function sharing(
  subject: Subject,
  { credentials }: Inventory,
  ledgers: ReadonlyMap<string, Ledger>,
): Found[] {
  const { credential, ledger } = subject;
  return credentials.flatMap((other): Found[] => {
    const theirs = ledgers.get(other.name);
    if (other.name === credential.name) return [];
    const row = theirs === undefined ? null : sharedRow(credential, ledger, other, theirs);
    const sameValue =
      credential.current && other.current ? credential.current.key.equals(other.current.key) : false;
    if (row === null && !sameValue) return [];
    return [
      {
        rule: 'shared-key',
        key: row ?? credential.current?.row ?? null,
        message: `it has the same key as ${other.name}`,
        hint: `give each its own: run keyturn rotate ${credential.name}; revoking one would end both`,
      },
    ];
  });
}

function sharedRow(
  credential: AuditedCredential,
  ledger: Ledger,
  other: AuditedCredential,
  theirs: Ledger,
): string | null {
  const living = theirs.keys.filter((key) => !isDead(key));
  // Ids are only comparable where one issuer gave both.
  const known = (key: Key) => (credential.issuer === other.issuer ? key : { ...key, issuerKeyId: undefined });
  const mine = ledger.keys.find(
    (key) => !isDead(key) && living.some((one) => sameKeyOrId(known(key), known(one))),
  );
  return mine?.id ?? null;
}

/** How many findings there are of each severity. */
export function summaryOf(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const count = (severity: Severity) => findings.filter((one) => one.severity === severity).length;
  return {
    critical: count('critical'),
    high: count('high'),
    medium: count('medium'),
    low: count('low'),
    info: count('info'),
  };
}

/** The exit code of an audit: 7 at or above `failOn`; 3 where an issuer could not tell and nothing is worse; else 0. */
export function exitOfAudit(findings: readonly Finding[], failOn: Severity): number {
  if (findings.some((one) => isAtLeast(one.severity, failOn))) return 7;
  return findings.some((one) => one.rule === 'unverified') ? 3 : 0;
}
