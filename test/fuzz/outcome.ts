import { inspect } from 'node:util';
import fc from 'fast-check';
import { type ErrorCode, KeyturnError } from '../../src/core/errors.ts';

export type Outcome<T> =
  | { readonly value: T; readonly error: null }
  | { readonly value: null; readonly error: KeyturnError };

/** What a promise that does not hold is reported with. */
export function holds(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Error(why);
}

/**
 * What comes of reading something from outside: a value, or an error of ours with one of the `codes`, whose every text
 * is without the `secrets` and without control characters.
 */
export async function outcomeOf<T>(
  doing: () => T | Promise<T>,
  codes: readonly ErrorCode[] | 'any',
  secrets: readonly string[] = [],
): Promise<Outcome<T>> {
  try {
    return { value: await doing(), error: null };
  } catch (caught) {
    if (!(caught instanceof KeyturnError)) throw new Error(`not an error of ours: ${inspect(caught)}`);
    const allowed = codes === 'any' ? caught.code !== 'BUG' : codes.includes(caught.code);
    holds(allowed, `the code ${caught.code} has no place here: ${caught.message}`);
    holds(caught.hint !== '', `no hint: ${caught.message}`);
    holds(caught.cause === undefined, `a foreign error is attached: ${caught.message}`);
    silent(caught, secrets);
    plain(`${caught.message}\n${caught.hint}`);
    return { value: null, error: caught };
  }
}

/** Fails where what is printed of a thing holds a part of a secret, as it is or encoded. */
export function silent(thing: unknown, secrets: readonly string[]): void {
  if (secrets.length === 0) return;
  const shown = inspect(thing, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null });
  const own = thing instanceof KeyturnError ? [thing.message, thing.hint, thing.stack, String(thing)] : [];
  const text = [shown, JSON.stringify(thing) ?? '', ...own].join('\n');
  for (const secret of secrets) {
    const found = leakOf(text, secret);
    holds(found === null, `a secret is in what is printed, from its character ${found}: ${text}`);
  }
}

/** A run of the secret that is longer than this is a leak; what is shorter may be chance, or a common word. */
const RUN = 12;

function leakOf(text: string, whole: string): number | null {
  // What every identity begins with is in our own hints.
  const secret = whole.replace(/^AGE-SECRET-KEY-1/, '');
  for (let at = 0; at + RUN <= secret.length; at += 4) {
    if (text.includes(secret.slice(at, at + RUN))) return at;
  }
  const encoded = [Buffer.from(secret).toString('base64').replace(/=+$/, ''), encodeURIComponent(secret)];
  if (secret.length >= RUN && encoded.some((form) => text.includes(form))) return 0;
  return null;
}

/** Text from outside must not move the cursor or colour the screen of whoever reads the message. */
function plain(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const found = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.exec(text);
  holds(found === null, `a control character is in a message: ${JSON.stringify(text)}`);
}

const ALPHANUMERIC = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
const letters = (unit: readonly string[], least: number, most: number) =>
  fc.string({ unit: fc.constantFrom(...unit), minLength: least, maxLength: most });

/** Texts of the shapes that secrets have here, made anew for each run. */
export const secrets: fc.Arbitrary<string> = fc.noShrink(
  fc
    .oneof(
      letters(ALPHANUMERIC, 40, 200).map((text) => `EAA${text}`),
      letters([...'0123456789abcdef'], 32, 64),
      letters([...ALPHANUMERIC, '-', '_'], 43, 43),
      letters([...'023456789ACDEFGHJKLMNPQRSTUVWXYZ'], 58, 58).map((text) => `AGE-SECRET-KEY-1${text}`),
    )
    .filter((text) => /[0-9]/.test(text) && /[A-Za-z]/.test(text) && new Set(text).size > 8),
);
