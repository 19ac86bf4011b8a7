import { createHash, timingSafeEqual } from 'node:crypto';

/** A part shorter than this has no fingerprint: its hash could be reversed by trying. */
const FINGERPRINT_MIN_LENGTH = 20;
const FINGERPRINT_HEX_DIGITS = 16;
const MASK = '[secret]';

/** The first 16 hex digits of SHA-256 for each part that is long enough; other parts are absent. */
export type Fingerprints = Readonly<Record<string, string>>;

/**
 * A box around the parts of one key (`value`, or several with names).
 * It never prints them: string conversion, JSON and inspection all give a mask.
 * Only an issuer or a store opens it, on the line that sends the part.
 */
export class Secret {
  readonly #parts: ReadonlyMap<string, string>;

  private constructor(parts: ReadonlyMap<string, string>) {
    this.#parts = parts;
  }

  /** A secret of one part named `value`. */
  static of(value: string): Secret {
    return new Secret(new Map([['value', value]]));
  }

  /** A secret of several named parts, in the given order. */
  static fromParts(parts: Readonly<Record<string, string>>): Secret {
    return new Secret(new Map(Object.entries(parts)));
  }

  get partNames(): readonly string[] {
    return [...this.#parts.keys()];
  }

  /** The clear text of one part, or null where there is none of that name. */
  open(part = 'value'): string | null {
    return this.#parts.get(part) ?? null;
  }

  /** Every part in clear, for the one line that stores them. */
  openAll(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#parts);
  }

  equals(other: Secret): boolean {
    // By its methods alone: a plugin's Secret is of its own copy of this class.
    if (this.#parts.size !== other.partNames.length) return false;
    for (const [name, value] of this.#parts) {
      const theirs = other.open(name);
      if (theirs === null || !sameBytes(value, theirs)) return false;
    }
    return true;
  }

  fingerprints(): Fingerprints {
    const prints: Record<string, string> = {};
    for (const [name, value] of this.#parts) {
      if (value.length >= FINGERPRINT_MIN_LENGTH) prints[name] = fingerprint(value);
    }
    return prints;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}

/** The first 16 hex digits of SHA-256 over the text: names a key without giving it away. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, FINGERPRINT_HEX_DIGITS);
}

/**
 * Whether two sets of fingerprints name the same key.
 * Null where one is not known, or neither has a part that is long enough: then the bytes decide.
 */
export function sameFingerprints(a: Fingerprints | undefined, b: Fingerprints | undefined): boolean | null {
  if (a === undefined || b === undefined) return null;
  const names = Object.keys(a);
  const others = Object.keys(b);
  if (names.length + others.length === 0) return null;
  if (names.length !== others.length) return false;
  return names.every((name) => a[name] === b[name]);
}

function sameBytes(a: string, b: string): boolean {
  const left = Buffer.from(a, 'utf8');
  const right = Buffer.from(b, 'utf8');
  return left.length === right.length && timingSafeEqual(left, right);
}
