import type { Instant, KeyFacts } from '../core/credential.ts';
import type { ListedKey } from '../core/issuer.ts';
import { atPointer } from '../http/json-pointer.ts';
import { readInstant } from './instants.ts';
import type { ListOperation } from './list-settings.ts';
import type { Pointer } from './operation-settings.ts';

/** Long whole numbers outside of strings, which JSON.parse would round. Strings match first. */
const LONG_NUMBER = /"(?:[^"\\]|\\[\s\S])*\\?(?:"|$)|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
/** What a header or a form can carry; no key is more. */
const PART = /^[\x21-\x7e]{1,8192}$/;
const MASKED = /\*{3}|\.{3}|^(x|X)\1{7,}$/;
const ID = /^[\x21-\x7e]{1,256}$/;
/** No word of it is as long as a secret, so that none can pass for a right and be shown. */
const SCOPE = /^[A-Za-z0-9]{1,28}([_.:/*-][A-Za-z0-9*]{1,28})*$/;

/** The JSON of a reply, with long numbers as text; undefined where it is none. */
export function bodyOf(text: string): unknown {
  try {
    // In another charset than UTF-8 what is not ASCII is damaged; ids and keys are ASCII.
    return JSON.parse(text.replace(LONG_NUMBER, (found) => (found.startsWith('"') ? found : `"${found}"`)));
  } catch {
    return undefined;
  }
}

export type Form = 'json' | 'page' | 'garbled' | 'text' | 'empty';

/** What a reply is, by its body: many an API sends JSON as text/html. */
export function formOf(text: string, body: unknown): Form {
  if (body !== undefined) return 'json';
  const start = text.slice(0, 1024);
  if (/<(!doctype\s+html|html|head|body)\b/i.test(start)) return 'page';
  // UTF-16 has zeros between its letters; bytes that no UTF-8 has were replaced.
  if (start.includes('\0') || start.includes('\ufffd')) return 'garbled';
  return /\S/.test(text) ? 'text' : 'empty';
}

/** How a message calls a reply that should be JSON. */
export const FORM_NAMES: Readonly<Record<Form, string>> = {
  json: 'JSON',
  page: 'a web page',
  garbled: 'text in another charset than UTF-8',
  text: 'text that is not JSON',
  empty: 'empty, not JSON',
};

/** What the first pointer leads to that leads somewhere; undefined where none does. */
export function lookUp(body: unknown, pointer: Pointer | undefined): unknown {
  if (pointer === undefined) return undefined;
  const all = typeof pointer === 'string' ? [pointer] : pointer;
  return all.map((one) => atPointer(body, one)).find((found) => found !== undefined);
}

/** A part of a key; null where there is none that could ever be sent, or only what stands for one. */
export function readPart(body: unknown, pointer: Pointer): string | null {
  const found = lookUp(body, pointer);
  return typeof found === 'string' && PART.test(found) && !MASKED.test(found) ? found : null;
}

/** An id as text, also where it is a number; null where it is anything else. */
export function readId(body: unknown, pointer: Pointer | undefined): string | null {
  const found = lookUp(body, pointer);
  if (typeof found === 'number' && Number.isSafeInteger(found)) return String(found);
  return typeof found === 'string' && ID.test(found) ? found : null;
}

/** An instant; null: never (where null or 0 stands); undefined: not said, or in no form that is known. */
export function readTime(body: unknown, pointer: Pointer | undefined): Instant | null | undefined {
  const found = lookUp(body, pointer);
  if (found === null || found === 0 || found === '0') return null;
  return readInstant(found) ?? undefined;
}

function readScopes(body: unknown, pointer: Pointer | undefined): readonly string[] | undefined {
  const found = lookUp(body, pointer);
  const list: unknown = typeof found === 'string' ? found.split(/[ ,]+/).filter((one) => one !== '') : found;
  if (!Array.isArray(list)) return undefined;
  const names = list.filter((one): one is string => typeof one === 'string' && SCOPE.test(one));
  return names.length === list.length ? names : undefined;
}

export interface FactPointers {
  readonly id?: Pointer | undefined;
  readonly issuedAt?: Pointer | undefined;
  readonly expiresAt?: Pointer | undefined;
  readonly scopes?: Pointer | undefined;
}

/** What a reply says of a key. What cannot be read is left out: it is never worth losing a key for. */
export function readFacts(body: unknown, pointers: FactPointers): KeyFacts {
  const id = readId(body, pointers.id);
  const issuedAt = readTime(body, pointers.issuedAt);
  const expiresAt = readTime(body, pointers.expiresAt);
  const scopes = readScopes(body, pointers.scopes);
  return {
    ...(id === null ? {} : { issuerKeyId: id }),
    ...(issuedAt === undefined || issuedAt === null ? {} : { issuedAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(scopes === undefined ? {} : { scopes }),
  };
}

/** The living keys of one page; null where the reply holds no list, or an entry without an id. */
export function readEntries(body: unknown, operation: ListOperation): readonly ListedKey[] | null {
  const items = operation.items === undefined ? body : lookUp(body, operation.items);
  if (!Array.isArray(items)) return null;
  const { where, reply } = operation;
  const living = items.filter((item) => where === undefined || lookUp(item, where.pointer) === where.equals);
  const entries = living.map((item): ListedKey | null => {
    const facts = readFacts(item, reply);
    const name = lookUp(item, reply.name);
    const lastUsed = readTime(item, reply.lastUsed);
    if (facts.issuerKeyId === undefined) return null;
    return {
      issuerKeyId: facts.issuerKeyId,
      facts,
      ...(typeof name === 'string' ? { name } : {}),
      ...(lastUsed === undefined ? {} : { lastUsed }),
    };
  });
  return entries.some((entry) => entry === null) ? null : entries.filter((entry) => entry !== null);
}

/** Whether a name holds a mark as a whole: `r1.1` is not in `r1.12`. */
export function holdsMark(name: string, mark: string): boolean {
  for (let at = name.indexOf(mark); at >= 0; at = name.indexOf(mark, at + 1)) {
    const before = name[at - 1] ?? ' ';
    const after = name.slice(at + mark.length);
    if (!/[a-z0-9.]/i.test(before) && !/^\.?[a-z0-9]/i.test(after)) return true;
  }
  return false;
}

/** The mark of an attempt in a name, as keyturn writes it; null where there is none. */
export function markIn(name: string): string | null {
  return /(?<![a-z0-9.])r\d{8}-[0-9a-f]{8}\.\d{1,4}(?!\.?[a-z0-9])/i.exec(name)?.[0] ?? null;
}
