/** Alphabets that have a name. */
export const ALPHABETS = {
  base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  hex: '0123456789abcdef',
  alphanumeric: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
} as const;

/** Classes of characters that a rule can ask for. */
export const CLASSES = {
  lower: /[a-z]/,
  upper: /[A-Z]/,
  digit: /[0-9]/,
  symbol: /[^A-Za-z0-9]/,
} as const;

const MIN_DISTINCT = 10;

/** The characters behind a name, or the explicit ones. */
export function charactersOf(alphabet: string): string {
  return Object.hasOwn(ALPHABETS, alphabet) ? ALPHABETS[alphabet as keyof typeof ALPHABETS] : alphabet;
}

/** Why a text is neither the name of an alphabet nor one; null where it is. */
export function alphabetFault(alphabet: string): string | null {
  if (Object.hasOwn(ALPHABETS, alphabet)) return null;
  const plain = alphabet.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const meant = Object.keys(ALPHABETS).find((name) => plain === name);
  if (meant !== undefined) return `must be ${meant} when the alphabet of that name is meant`;
  if (!/^[\x21-\x7e]*$/.test(alphabet)) return 'must be printable ASCII characters without spaces';
  if (new Set(alphabet).size !== alphabet.length) return 'must hold each character once';
  if (alphabet.length < MIN_DISTINCT) {
    return `must be ${Object.keys(ALPHABETS).join(', ')}, or at least ${MIN_DISTINCT} different characters`;
  }
  return null;
}
