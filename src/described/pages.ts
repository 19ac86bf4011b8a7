import type { KeyturnError } from '../core/errors.ts';
import type { ListedKey } from '../core/issuer.ts';
import { badReply } from './failures.ts';
import type { ListOperation } from './list-settings.ts';
import { lookUp, readEntries } from './reading.ts';
import type { Done, Order, Sender } from './sender.ts';

/** More than any account has; a list that goes on has no end. */
const MOST_PAGES = 100;
const HINT = 'check items, reply and next of this operation against the documentation of the provider';

type Page = NonNullable<Order['page']>;

/** Every living key that a list names, page after page. Throws BAD_REPLY for one that cannot be read or does not end. */
export async function readPages(
  sender: Sender,
  order: Omit<Order, 'operation' | 'page' | 'effect' | 'repeatable'> & { readonly operation: ListOperation },
): Promise<readonly ListedKey[]> {
  const { operation, what } = order;
  const found = new Map<string, ListedKey>();
  const asked = new Set<string>();
  let page = firstPage(operation);
  for (let count = 1; ; count += 1) {
    const done = await sender.send({
      ...order,
      effect: false,
      repeatable: true,
      ...(page === null ? {} : { page }),
    });
    const entries = readEntries(done.body, operation);
    if (entries === null) throw badReply(what, 'the reply holds no list of keys with ids', HINT);
    for (const entry of entries) found.set(entry.issuerKeyId, entry);
    page = nextPage(operation, done, count, entries.length, what);
    if (page === null) return [...found.values()];
    const name = JSON.stringify(page);
    if (count >= MOST_PAGES || asked.has(name)) throw badReply(what, 'the list does not end', HINT);
    asked.add(name);
  }
}

function firstPage({ next }: ListOperation): Page | null {
  return next?.page === undefined ? null : { query: { [next.page]: String(next.first ?? 1) } };
}

function nextPage(
  { next, items }: ListOperation,
  { body, url }: Done,
  count: number,
  entries: number,
  what: string,
): Page | null {
  if (next === undefined) return null;
  if (next.url !== undefined) return linkedPage(lookUp(body, next.url), url, what);
  if (next.cursor !== undefined) {
    if (next.more !== undefined && lookUp(body, next.more) !== true) return null;
    const cursor = lookUp(body, next.cursor);
    const text = typeof cursor === 'number' ? String(cursor) : cursor;
    return typeof text === 'string' && text !== '' ? { query: { [next.as ?? '']: text } } : null;
  }
  const pages = lookUp(body, next.pages);
  const listed = items === undefined ? body : lookUp(body, items);
  // A count that is not said is not one page: a list that is cut short would hide keys.
  const over =
    pages === undefined || pages === null
      ? (Array.isArray(listed) ? listed.length : entries) === 0
      : count >= Number(pages);
  return over ? null : { query: { [next.page ?? '']: String((next.first ?? 1) + count) } };
}

/** A next page on another host would be handed keyturn's own credentials. */
function linkedPage(link: unknown, from: URL, what: string): Page | null {
  if (typeof link !== 'string' || link === '') return null;
  if (!URL.canParse(link, from.href)) throw strange(what, 'the address of the next page is none');
  const url = new URL(link, from.href);
  if (url.origin !== from.origin) throw strange(what, 'the next page is said to be at another host');
  return { url: url.href };
}

function strange(what: string, why: string): KeyturnError {
  return badReply(what, why, HINT);
}
