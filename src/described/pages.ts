import { KeyturnError } from '../core/errors.ts';
import type { ListedKey } from '../core/issuer.ts';
import { badReply, unreadable } from './failures.ts';
import type { ListOperation, Paging } from './list-settings.ts';
import { lookUp, readEntries } from './reading.ts';
import type { Done, Order, Sender } from './sender.ts';

/** More than any account has; a list that goes on has no end. */
const MOST_PAGES = 100;
/** A list is one look, and a look is given up after half a minute: before that it is said what is the matter. */
const LONGEST_MS = 20_000;
const HINT = 'check items, reply and next of this operation against the documentation of the provider';

type Page = NonNullable<Order['page']>;

/** Every entry of a living key, page after page; one whose place in the list moved meanwhile may come twice. Throws BAD_REPLY for one that cannot be read or does not end. */
export async function readPages(
  sender: Sender,
  order: Omit<Order, 'operation' | 'page' | 'effect' | 'repeatable'> & { readonly operation: ListOperation },
): Promise<readonly ListedKey[]> {
  const { operation, what } = order;
  const found: ListedKey[] = [];
  const asked = new Set<string>();
  const ends = sender.now() + LONGEST_MS;
  let page = firstPage(operation);
  for (let count = 1; ; count += 1) {
    const done = await sender.send({
      ...order,
      effect: false,
      repeatable: true,
      ...(page === null ? {} : { page }),
    });
    if (done.body === undefined) throw unreadable(what, done.form);
    const entries = readEntries(done.body, operation);
    if (entries === null) throw badReply(what, 'the reply holds no list of keys with ids', HINT);
    found.push(...entries);
    page = nextPage(operation, done, count, entries.length, what);
    if (page === null) return found;
    const name = JSON.stringify(page);
    if (count >= MOST_PAGES || asked.has(name)) throw badReply(what, 'the list does not end', HINT);
    if (sender.now() > ends) {
      const said = `${what}: the list has not ended after ${count} pages in ${LONGEST_MS / 1000} s`;
      throw new KeyturnError('TIMEOUT', said, { hint: `ask for more keys on a page, or ${HINT}` });
    }
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
  if (next.cursor !== undefined) return pageAfter(next, body, what);
  const pages = countIn(lookUp(body, next.pages));
  const listed = items === undefined ? body : lookUp(body, items);
  // A count that is not said is not one page: a list that is cut short would hide keys.
  const over = pages === null ? (Array.isArray(listed) ? listed.length : entries) === 0 : count >= pages;
  return over ? null : { query: { [next.page ?? '']: String((next.first ?? 1) + count) } };
}

/** A number of pages; null: none is said. */
function countIn(found: unknown): number | null {
  if (typeof found !== 'number' && typeof found !== 'string') return null;
  return /^[0-9]{1,9}$/.test(String(found)) ? Number(found) : null;
}

/** What stands where nothing follows any more. Anything else that is not understood may hide keys. */
function isEnd(found: unknown): boolean {
  return found === undefined || found === null || found === '' || found === false;
}

function pageAfter({ cursor, more, as = '' }: Paging, body: unknown, what: string): Page | null {
  const goesOn = lookUp(body, more);
  if (more !== undefined && isEnd(goesOn)) return null;
  if (more !== undefined && goesOn !== true) throw strange(what, 'whether there are more pages is not said');
  const found = lookUp(body, cursor);
  if (more === undefined && isEnd(found)) return null;
  const text = typeof found === 'number' ? String(found) : found;
  if (typeof text === 'string' && text !== '') return { query: { [as]: text } };
  throw strange(what, 'what the next page is asked for with is none');
}

/** A next page on another host would be handed keyturn's own credentials. */
function linkedPage(link: unknown, from: URL, what: string): Page | null {
  if (isEnd(link)) return null;
  if (typeof link !== 'string' || !URL.canParse(link, from.href))
    throw strange(what, 'the address of the next page is none');
  const url = new URL(link, from.href);
  if (url.origin !== from.origin) throw strange(what, 'the next page is said to be at another host');
  return { url: url.href };
}

function strange(what: string, why: string): KeyturnError {
  return badReply(what, why, HINT);
}
