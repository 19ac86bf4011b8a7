/**
 * Every way in which keyturn can fail, with the exit code that each one means to a script.
 * Programs act on the code, people on the message and the hint.
 */
export const ERROR_CODES = {
  /** A defect of keyturn itself. */
  BUG: 1,
  /** The command line is not one that keyturn understands. */
  USAGE: 2,
  /** The configuration is wrong. */
  CONFIG: 2,
  /** A reference (`env:`, `file:`, `store:`) leads to nothing. */
  REFERENCE: 2,
  /** The platform or runtime cannot do what was asked. */
  UNSUPPORTED: 2,
  /** A value that a person handed in is not of the shape it must have. */
  BAD_VALUE: 2,
  /** Someone else changed the record or `current` first. */
  CONFLICT: 3,
  /** No answer: the network, the host or the disk. The request may or may not have had its effect. */
  UNREACHABLE: 3,
  /** No answer in time. The request may or may not have had its effect. */
  TIMEOUT: 3,
  /** The other side asks to come back later; nothing was done. */
  RATE_LIMITED: 3,
  /** The other side says that it is broken for the moment. */
  UNAVAILABLE: 3,
  /** A new key could not be told to work in time. */
  UNVERIFIED: 3,
  /** The right to do this is missing. */
  DENIED: 4,
  /** The issuer refuses: a request that is wrong, a limit, an account that is blocked. */
  REFUSED: 4,
  /** The credentials that keyturn itself uses are refused. */
  ADMIN_REFUSED: 4,
  /** An answer that is not of the documented shape. */
  BAD_REPLY: 4,
  /** A guard of the protocol forbids the next step. */
  GUARDED: 4,
  /** A record is damaged, of another credential, or of a newer version. */
  LEDGER: 4,
  /** What is stored cannot be read: wrong identity, damaged, not ours. */
  UNREADABLE: 4,
  /** A person must act before this can go on. */
  PERSON: 4,
  /** No room: disk, slots, size. */
  FULL: 4,
  /** Another run holds the lease. */
  LEASED: 5,
  /** Consumers may be holding a key that does not work. */
  UNSAFE: 6,
  /** A check found something. */
  FOUND: 7,
  /** Ended by a signal. */
  INTERRUPTED: 130,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Codes after which the same request may be sent again later with a chance of success. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'CONFLICT',
  'UNREACHABLE',
  'TIMEOUT',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'UNVERIFIED',
  'LEASED',
]);

/** Codes that leave open whether the request had its effect. */
const AMBIGUOUS: ReadonlySet<ErrorCode> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'UNAVAILABLE',
  'BAD_REPLY',
  'BUG',
  'INTERRUPTED',
]);

export interface ErrorDetail {
  /** What to do next, in the imperative. */
  readonly hint: string;
  /** How long the other side asks us to stay away, in milliseconds. */
  readonly retryAfterMs?: number;
  /** True where the sender knows that the request had no effect, whatever the code says. */
  readonly unsent?: boolean;
  /** The code that the other side gave, for a person who asks its support. */
  readonly remoteCode?: string;
  /** The credential that this is about. */
  readonly credential?: string;
}

/** Says that an error is one of ours, also where it is of another copy of this class: a plugin has its own. */
const BRAND = Symbol.for('keyturn.error');

/** The one error class. The message names what failed; it never holds a secret or a foreign error. */
export class KeyturnError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  get [BRAND](): true {
    return true;
  }

  readonly code: ErrorCode;
  readonly hint: string;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail) {
    super(message);
    this.name = 'KeyturnError';
    this.code = code;
    this.hint = detail.hint;
    this.detail = detail;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code];
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }

  /** Whether the effect that was asked for may have happened, or may still. */
  get ambiguous(): boolean {
    return AMBIGUOUS.has(this.code) && this.detail.unsent !== true;
  }
}

/** What a caught value is to us: our own error, or a defect whose text is not trusted to be free of secrets. */
export function toKeyturnError(caught: unknown, doing: string): KeyturnError {
  if (caught instanceof KeyturnError) return caught;
  const name = caught instanceof Error ? caught.name : typeof caught;
  return new KeyturnError('BUG', `${doing}: unexpected ${name}`, {
    hint: 'report this with the command you ran and its output at --verbose',
  });
}
