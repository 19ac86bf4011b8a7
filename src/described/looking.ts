import type { Instant } from '../core/credential.ts';
import type { ListedKey, Slots } from '../core/issuer.ts';
import type { Secret } from '../core/secret.ts';
import { badReply } from './failures.ts';
import type { Description } from './fields.ts';
import { readPages } from './pages.ts';
import { type Described, idIn } from './provider.ts';
import { holdsMark, lookUp, markIn, readFacts, readTime } from './reading.ts';

const LAST_USE = 'ask when a key was last used';
const LONGEST_NAME = 128;

/** The living keys that the provider lists; with a mark, those among which its key would be. */
async function entriesOf(
  { description: { list, find }, sender }: Described,
  by: { readonly signal: AbortSignal; readonly caller?: Secret | undefined; readonly mark?: string },
): Promise<readonly ListedKey[]> {
  const operation = by.mark === undefined ? list : (find ?? list);
  if (operation === undefined) return [];
  return readPages(sender, {
    operation,
    what: by.mark === undefined ? 'list the keys' : 'look for a key',
    method: 'GET',
    values: { mark: by.mark, current: by.caller },
    signal: by.signal,
  });
}

/** Its name as far as it is shown; a mark is looked for in the whole of it. */
function briefly({ name, ...entry }: ListedKey): ListedKey {
  return name === undefined ? entry : { ...entry, name: name.slice(0, LONGEST_NAME) };
}

export async function listed(
  described: Described,
  signal: AbortSignal,
  caller?: Secret,
): Promise<readonly ListedKey[]> {
  const entries = await entriesOf(described, { signal, caller });
  const once = new Map(entries.map((entry) => [entry.issuerKeyId, entry]));
  return [...once.values()].map((entry) => {
    const mark = entry.name === undefined ? null : markIn(entry.name);
    return mark === null ? briefly(entry) : { ...briefly(entry), mark };
  });
}

export async function find(
  described: Described,
  mark: string,
  signal: AbortSignal,
  caller?: Secret,
): Promise<ListedKey | null> {
  const entries = await entriesOf(described, { signal, caller, mark });
  const entry = entries.find(({ name }) => name !== undefined && holdsMark(name, mark));
  return entry === undefined ? null : { ...briefly(entry), mark };
}

export async function slots(
  described: Described,
  max: number,
  signal: AbortSignal,
  caller?: Secret,
): Promise<Slots> {
  const keys = await listed(described, signal, caller);
  return { used: keys.length, max, keys };
}

export async function used(
  described: Described,
  operation: Description['lastUsed'],
  id: string,
  signal: AbortSignal,
  caller?: Secret,
): Promise<Instant | null> {
  if (operation === undefined) {
    const entries = await entriesOf(described, { signal, caller });
    const entry = entries.find(({ issuerKeyId }) => issuerKeyId === id);
    if (entry !== undefined) return said(entry.lastUsed, 'list.reply.lastUsed');
    throw badReply(
      LAST_USE,
      'the list does not name the key',
      'look at keyturn keys; while nobody says when a key was last used, it counts as in use',
    );
  }
  const { body } = await described.sender.send({
    operation,
    what: LAST_USE,
    method: 'GET',
    values: { id, current: caller },
    effect: false,
    repeatable: true,
    signal,
  });
  return said(readTime(body, operation.reply.at), 'lastUsed.reply.at');
}

/** What says nothing of the last use is not taken for never: a gate would open for a key in use. */
function said(at: Instant | null | undefined, setting: string): Instant | null {
  if (at !== undefined) return at;
  throw badReply(
    LAST_USE,
    'the reply holds no time that can be read, and no null for never',
    `correct ${setting}; while nobody says when a key was last used, it counts as in use`,
  );
}

export async function describe({ description, sender, idPart }: Described, key: Secret, signal: AbortSignal) {
  const operation = description.describe;
  if (operation === undefined) return null;
  const { meaning, body } = await sender.send({
    operation,
    what: 'ask about a key',
    method: 'GET',
    values: { key, id: idIn(key, idPart).issuerKeyId },
    effect: false,
    repeatable: true,
    absentIsDone: true,
    signal,
  });
  if (meaning === 'already') return null;
  const { alive } = operation.reply;
  const facts = { ...readFacts(body, operation.reply), ...idIn(key, idPart) };
  return { ...facts, alive: alive === undefined ? true : lookUp(body, alive.pointer) === alive.equals };
}
