import type { Secret } from '../core/secret.ts';

/** Names that a part of a key can have. */
export const PART_NAME = /^[a-z][A-Za-z0-9_]{0,30}$/;

/** Text with places for the parts of a key, written `{key.PART}`. */
export type Template = readonly (string | { readonly part: string })[];

const PLACEHOLDER = /\{key\.([a-z][A-Za-z0-9_]{0,30})\}/;

/** Reads a template. Null where it holds a brace that is not part of a `{key.PART}`. */
export function parseTemplate(text: string): Template | null {
  const pieces = text.split(PLACEHOLDER).map((piece, at) => (at % 2 === 1 ? { part: piece } : piece));
  const foreign = pieces.some((piece) => typeof piece === 'string' && /[{}]/.test(piece));
  return foreign ? null : pieces.filter((piece) => piece !== '');
}

/** The parts that a template names, in order. */
export function partsOf(template: Template): readonly string[] {
  return template.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.part]));
}

/** The text with each place filled by the encoded part. Null where the key lacks one. The text is secret. */
export function fillTemplate(
  template: Template,
  key: Secret,
  encode: (part: string) => string = (part) => part,
): string | null {
  let text = '';
  for (const piece of template) {
    const part = typeof piece === 'string' ? piece : key.open(piece.part);
    if (part === null) return null;
    text += typeof piece === 'string' ? piece : encode(part);
  }
  return text;
}
