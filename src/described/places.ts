/** Where the text in a place of a description comes from. */
export type Source = 'rotation' | 'key' | 'current' | 'secret';

/** `{rotation.id}`, `{key.id}`, `{key.PART}`, `{current.PART}`, `{secret.NAME}`. */
export interface Place {
  readonly from: Source;
  readonly name: string;
}

/** Text with places in it. */
export type Template = readonly (string | Place)[];

const PLACE = /\{((?:rotation\.id)|(?:(?:key|current|secret)\.[a-z][A-Za-z0-9_]{0,30}))\}/;

export const PLACE_RULE =
  'may hold {rotation.id}, {key.id}, {key.PART}, {current.PART} and {secret.NAME}, and no other brace';

/** Reads a template. Null where it holds a brace that is not part of a place. */
export function parsePlaces(text: string): Template | null {
  const pieces = text.split(PLACE).map((piece, at) => (at % 2 === 1 ? placeOf(piece) : piece));
  const foreign = pieces.some((piece) => typeof piece === 'string' && /[{}]/.test(piece));
  return foreign ? null : pieces.filter((piece) => piece !== '');
}

function placeOf(text: string): Place {
  const [from = '', name = ''] = text.split('.');
  return { from: from as Source, name };
}

/** Every place in a value of a description, however deep it stands. */
export function placesIn(value: unknown): readonly Place[] {
  return textsIn(value).flatMap((text) =>
    (parsePlaces(text) ?? []).flatMap((piece) => (typeof piece === 'string' ? [] : [piece])),
  );
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsIn);
}

/** The text with each place filled. What it gives may be secret. */
export function fillPlaces(
  text: string,
  textAt: (place: Place) => string,
  encode: (filled: string) => string = (filled) => filled,
): string {
  const pieces = parsePlaces(text) ?? [];
  return pieces.map((piece) => (typeof piece === 'string' ? piece : encode(textAt(piece)))).join('');
}

/** The same value with each place in its texts filled. */
export function fillDeep(value: unknown, textAt: (place: Place) => string): unknown {
  if (typeof value === 'string') return fillPlaces(value, textAt);
  if (Array.isArray(value)) return value.map((item) => fillDeep(item, textAt));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fillDeep(inner, textAt)]));
}
