/** Whether a text is a JSON pointer (RFC 6901): empty, or steps that begin with `/`. */
export const JSON_POINTER = /^(\/([^~/]|~0|~1)*)*$/;

/** What a JSON pointer leads to in a parsed document; undefined where it leads nowhere. */
export function atPointer(document: unknown, pointer: string): unknown {
  if (pointer === '') return document;
  let here = document;
  for (const step of pointer.slice(1).split('/')) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined;
    if (Array.isArray(here) && !/^(0|[1-9][0-9]*)$/.test(name)) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[name];
  }
  return here;
}
