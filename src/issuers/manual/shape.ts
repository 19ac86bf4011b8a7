import { KeyturnError } from '../../core/errors.ts';
import type { Secret } from '../../core/secret.ts';
import type { PartShape } from './settings.ts';

const MIN_LENGTH = 8;
/** More than any key, and less than any header limit: above it, a whole file was pasted. */
const MAX_LENGTH = 8192;
const META_TOKEN = /^EAA[A-Za-z0-9]{40,}$/;
const VARIABLE = /^(export\s+)?[A-Z][A-Z0-9]*_[A-Z0-9_]*=[^=]/;
const HEADER = /^([a-z][a-z-]*:\s|authorization:|bearer\s|basic\s)/i;

/** What a value is instead of a key, and what to do about it. Holds nothing of the value but its length. */
interface Fault {
  readonly what: string;
  readonly hint: string;
}

/**
 * Refuses a key whose parts cannot be what the provider hands out, by their shape alone.
 * @throws KeyturnError BAD_VALUE, which tells lengths and expectations and never the value.
 */
export function checkParts(key: Secret, shapes: ReadonlyMap<string, PartShape>, console: string): void {
  const names = [...shapes.keys()];
  const missing = names.find((name) => key.open(name) === null);
  if (missing !== undefined || key.partNames.length !== names.length) {
    throw new KeyturnError('BAD_VALUE', `the key has other parts than ${names.join(', ')}`, {
      hint: `hand over exactly these parts: ${names.join(', ')}`,
    });
  }
  for (const [name, shape] of shapes) {
    const fault = faultOf(key.open(name) ?? '', shape, `copy it again from ${console}`);
    if (fault === null) continue;
    const subject = names.length === 1 ? 'the key' : `the part ${name} of the key`;
    throw new KeyturnError('BAD_VALUE', `${subject} ${fault.what}`, { hint: fault.hint });
  }
}

function faultOf(value: string, shape: PartShape, again: string): Fault | null {
  const long = `is ${value.length} characters long`;
  const min = shape.minLength ?? MIN_LENGTH;
  if (value === '') return { what: 'is empty', hint: again };
  if (META_TOKEN.test(value) && shape.prefix?.startsWith('EAA') !== true) {
    return {
      what: `${long} and looks like a Meta access token, not like a key of this provider`,
      hint: `hand a Meta token to a credential whose issuer is Meta; for this one, ${again}`,
    };
  }
  if (VARIABLE.test(value) || HEADER.test(value)) {
    return {
      what: `${long} and begins with the name of a variable, of a header or of a scheme`,
      hint: 'hand over the key alone, without what stands before it',
    };
  }
  if (/^(["'`]).*\1$/s.test(value)) {
    return { what: `${long} and stands in quotes`, hint: 'hand over the key without the quotes' };
  }
  if (!/^[\x21-\x7e]*$/.test(value)) {
    return { what: `${long}; expected printable ASCII without spaces or line breaks`, hint: again };
  }
  if (/\*{3}|\.{3}/.test(value)) {
    return {
      what: `${long} and looks masked`,
      hint: `copy the whole key; most providers show it only once: ${again}`,
    };
  }
  if (shape.prefix !== undefined && !value.startsWith(shape.prefix)) {
    return { what: `${long}; expected one that begins with ${shape.prefix}`, hint: again };
  }
  if (value.length < min || value.length > MAX_LENGTH) {
    return { what: `${long}; expected ${min} to ${MAX_LENGTH} characters`, hint: again };
  }
  if (shape.pattern !== undefined && !new RegExp(`^(?:${shape.pattern})$`).test(value)) {
    return { what: `${long} and does not match the configured pattern`, hint: again };
  }
  return null;
}
