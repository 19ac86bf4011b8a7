/** From the most serious to the least. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

interface Rule {
  readonly severity: Severity;
  /** What it says of a key or a credential. */
  readonly means: string;
  /** What to do, where nothing better is known. */
  readonly remedy: string;
  /** The command that mends it, NAME being the credential; null: there is none. */
  readonly command: string | null;
}

/** Everything that an audit can find. The table of docs/audit.md is this one. */
export const AUDIT_RULES = {
  expired: {
    severity: 'critical',
    means: 'the key in `current` is past its expiry',
    remedy: 'run `keyturn emergency NAME`',
    command: 'emergency NAME --reason TEXT',
  },
  dead: {
    severity: 'critical',
    means: 'the key in `current` is dead: the issuer says so, or the ledger does',
    remedy: 'run `keyturn emergency NAME`',
    command: 'emergency NAME --reason TEXT',
  },
  gone: {
    severity: 'critical',
    means: 'the ledger has a current key, and the store has no value for consumers to read',
    remedy: 'put the value back, or run `keyturn rotate NAME`',
    command: 'status NAME',
  },
  'shared-key': {
    severity: 'critical',
    means: 'two credentials have one key: the same id, fingerprint or stored value',
    remedy: 'give each its own: `keyturn rotate` one of them',
    command: 'status NAME',
  },
  'over-age': {
    severity: 'high',
    means: 'the key in `current` is at or over `maxAge`',
    remedy: 'run `keyturn run NAME`',
    command: 'run NAME',
  },
  'possible-orphan': {
    severity: 'high',
    means: 'a key may exist at the issuer that nobody holds',
    remedy: 'remove it at the issuer and run `keyturn forget NAME --orphan ID`, or wait until it expires',
    command: 'status NAME',
  },
  orphan: {
    severity: 'high',
    means: 'the issuer lists a key that keyturn made and that no ledger calls alive',
    remedy: 'see `keyturn keys ISSUER`; unless another keyturn has it, remove it at the issuer by hand',
    command: null,
  },
  'owed-revocation': {
    severity: 'high',
    means: 'a key that nobody needs any more is not proven dead',
    remedy: 'run `keyturn run NAME`, which pays what is owed',
    command: 'run NAME',
  },
  'missing-scope': {
    severity: 'high',
    means: 'the key in `current` lacks a scope that the configuration declares',
    remedy: 'run `keyturn rotate NAME`',
    command: 'rotate NAME',
  },
  'wrong-kind': {
    severity: 'high',
    means: 'the issuer says that the key in `current` is not the sort of key that the configuration declares',
    remedy: 'compare the configuration with the key, then run `keyturn rotate NAME`',
    command: 'rotate NAME',
  },
  unmanaged: {
    severity: 'high',
    means: 'the store holds a value that keyturn does not manage',
    remedy: 'run `keyturn adopt NAME`; a location without a credential: add one, or remove the value',
    command: 'adopt NAME',
  },
  'age-unknown': {
    severity: 'high',
    means: 'nobody knows when the key in `current` was issued; its age counts from adoption',
    remedy: 'run `keyturn rotate NAME`',
    command: 'rotate NAME',
  },
  'expires-soon': {
    severity: 'medium',
    means: 'the key in `current` has less than `renewBefore` left until it expires',
    remedy: 'run `keyturn run NAME`',
    command: 'run NAME',
  },
  stuck: {
    severity: 'medium',
    means: 'a rotation has not moved for a day beyond what it waits for, or a hold stands',
    remedy: 'run `keyturn status NAME` and do what it says',
    command: 'status NAME',
  },
  'owed-hook': {
    severity: 'medium',
    means: 'a hook has not run since the last promote',
    remedy: 'mend the hook; the next `keyturn run` pays it',
    command: 'run NAME',
  },
  'owed-mirror': {
    severity: 'medium',
    means: 'a mirror does not hold the current key',
    remedy: 'mend the mirror; the next `keyturn run` pays it',
    command: 'run NAME',
  },
  'extra-scope': {
    severity: 'low',
    means: 'the key in `current` has a scope that the configuration does not declare',
    remedy: 'declare it, or take it from the key at the issuer',
    command: null,
  },
  'issuer-note': {
    severity: 'info',
    means: 'the issuer says something of the key in `current` that does not stop it from working',
    remedy: 'compare it with the configuration',
    command: null,
  },
  unverified: {
    severity: 'info',
    means: 'the issuer was asked and could not tell, or could not be asked',
    remedy: 'run `keyturn audit NAME` again',
    command: 'audit NAME',
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type AuditRule = keyof typeof AUDIT_RULES;

/** Whether a severity is at or above another. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);
}
