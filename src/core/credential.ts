import type { Fingerprints } from './secret.ts';

/** An instant as ISO 8601 in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export type Instant = string;

/** What is known of one key, none of it secret. Absent means not known. */
export interface KeyFacts {
  /** The issuer's own handle of the key. */
  readonly issuerKeyId?: string;
  /** The account at the issuer that the key acts as (Meta: the system user). */
  readonly identity?: string;
  readonly fingerprints?: Fingerprints;
  readonly issuedAt?: Instant;
  /** When the key ends by itself. Null: the issuer says that it never does. */
  readonly expiresAt?: Instant | null;
  readonly scopes?: readonly string[];
}

/** One credential as the configuration declares it. */
export interface Credential {
  readonly name: string;
  /** Name of the issuer in the configuration. */
  readonly issuer: string;
  /** Name or path of the value in the store. */
  readonly location: string;
  /** Part of the key -> field of the JSON document at `location`. Absent: the value is stored verbatim. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Field, or `value` -> environment variable that `exec` sets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export function toInstant(ms: number): Instant {
  const at = new Date(ms);
  const year = at.getUTCFullYear();
  if (!(year >= 1000 && year <= 9999)) return at.toISOString();
  // The first toISOString of a process can take as long as all the rest of a short command.
  const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);
  const date = `${year}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  return `${date}T${time}.${String(at.getUTCMilliseconds()).padStart(3, '0')}Z`;
}

export function toMs(instant: Instant): number {
  return Date.parse(instant);
}
