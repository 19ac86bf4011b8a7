import { KeyturnError } from './errors.ts';
import { Secret } from './secret.ts';

/** Part of a key -> field of the JSON document that holds it. */
export type FieldMap = Readonly<Record<string, string>>;

/** The key in a stored text: the text itself, or the fields that are ours. Null: our fields are not all there. */
export function keyIn(text: string, fields: FieldMap | undefined): Secret | null {
  if (fields === undefined) return Secret.of(text);
  const members = membersOf(text);
  const parts: Record<string, string> = {};
  for (const [part, field] of Object.entries(fields)) {
    const member = members.find((one) => one.name === field);
    if (member === undefined) return null;
    const value: unknown = JSON.parse(text.slice(member.start, member.end));
    if (typeof value !== 'string') throw notUsable(`its field ${field} is not a string`);
    parts[part] = value;
  }
  return Secret.fromParts(parts);
}

/**
 * The text that holds this key: the key itself, or today's document with only our fields changed. Every byte that is
 * not one of our values stays as it is; fields that are missing are added at the end.
 */
export function textWith(key: Secret, text: string | null, fields: FieldMap | undefined): string {
  if (fields === undefined) {
    const value = key.open();
    if (value === null || key.partNames.length > 1) {
      throw new KeyturnError('CONFIG', 'a key of several parts needs fields', {
        hint: `add fields to the credential, one for each of ${key.partNames.join(', ')}`,
        unsent: true,
      });
    }
    return value;
  }
  let document = text ?? '{}';
  for (const [part, field] of Object.entries(fields)) {
    const value = key.open(part);
    if (value === null) {
      throw new KeyturnError('CONFIG', `the key has no part named ${part}`, {
        hint: `map these parts to fields: ${key.partNames.join(', ')}`,
        unsent: true,
      });
    }
    document = withMember(document, field, JSON.stringify(value));
  }
  return document;
}

/** The text of one member of the JSON object that a text is; null where it has none of that name. */
export function memberIn(text: string, name: string): string | null {
  const member = membersOf(text).find((one) => one.name === name);
  return member === undefined ? null : text.slice(member.start, member.end);
}

interface Member {
  readonly name: string;
  /** Where its value begins and ends. */
  readonly start: number;
  readonly end: number;
}

function withMember(document: string, name: string, value: string): string {
  const members = membersOf(document);
  const member = members.find((one) => one.name === name);
  if (member !== undefined) return document.slice(0, member.start) + value + document.slice(member.end);
  const last = members.at(-1);
  const pair = `${JSON.stringify(name)}: ${value}`;
  if (last === undefined) return document.replace('{', () => `{${pair}`);
  const indent = /\n[ \t]*$/.exec(document.slice(0, nameStart(document, members[0] as Member)))?.[0] ?? ' ';
  return `${document.slice(0, last.end)},${indent}${pair}${document.slice(last.end)}`;
}

function nameStart(document: string, member: Member): number {
  return document.lastIndexOf(JSON.stringify(member.name), member.start);
}

/** The members of the JSON object that a text is. Throws UNREADABLE for anything else. */
function membersOf(text: string): readonly Member[] {
  const whole = parse(text);
  if (whole === null || typeof whole !== 'object' || Array.isArray(whole))
    throw notUsable('it is not a JSON object');
  const members: Member[] = [];
  const names = new Set<string>();
  let at = text.indexOf('{') + 1;
  while (true) {
    at = skip(text, at, /[\s,]*/y);
    if (text[at] !== '"') break;
    const nameEnd = skip(text, at, STRING);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const start = skip(text, nameEnd, /\s*:\s*/y);
    const end = valueEnd(text, start);
    if (names.has(name)) throw notUsable('one of its fields is there twice');
    names.add(name);
    members.push({ name, start, end });
    at = end;
  }
  return members;
}

const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /[^\s,}\]]+/y;

function valueEnd(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return skip(text, start, STRING);
  if (first !== '{' && first !== '[') return skip(text, start, SCALAR);
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const char = text[at];
    if (char === '"') {
      at = skip(text, at, STRING);
      continue;
    }
    if (char === '{' || char === '[') depth += 1;
    if (char === '}' || char === ']') depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  return at;
}

function skip(text: string, at: number, pattern: RegExp): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (caught) {
    if (!(caught instanceof SyntaxError)) throw caught;
    throw notUsable('it is not JSON');
  }
}

function notUsable(why: string): KeyturnError {
  return new KeyturnError('UNREADABLE', `the stored document cannot hold fields: ${why}`, {
    hint: 'make the value at this location a JSON object whose fields are strings, or remove fields from the credential',
    unsent: true,
  });
}
