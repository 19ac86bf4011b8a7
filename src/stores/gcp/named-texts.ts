import { KeyturnError } from '../../core/errors.ts';
import { conflict } from '../../core/store-call.ts';
import type { Accessed, Api } from './api.ts';

/** A text with a name, which is one version of a secret that nobody else reads. */
export interface NamedText {
  readonly number: number;
  readonly name: string;
  readonly text: string;
}

/**
 * Texts under names, as versions of one secret. Adding a version has no request id and no precondition, so the name
 * stands in the version itself, in its first line. Of two versions under one name the older counts.
 */
export interface NamedTexts {
  find(name: string, signal: AbortSignal): Promise<NamedText | null>;
  read(number: number, signal: AbortSignal): Promise<NamedText | null>;
  /** The same name and text again: nothing done. Another text under the name: CONFLICT. */
  add(name: string, text: string, signal: AbortSignal): Promise<number>;
  /** Of the absent: succeeds. */
  drop(number: number, signal: AbortSignal): Promise<void>;
}

/** More than the name and what is around it ever take. */
export const HEADER_BYTES = 128;

const HEADER = /^keyturn ([^\n]{1,100})\n/;
/** How far back a name is looked for. Whatever is held at one time is far fewer. */
const MOST = 100;

export function namedTexts(api: Api, secret: string): NamedTexts {
  const read: NamedTexts['read'] = async (number, signal) => {
    const found = await accessNumber(api, secret, number, signal);
    return found === null ? null : parse(number, found.data);
  };

  /** All that are there, oldest first, and the highest number that was ever given. */
  const all = async (signal: AbortSignal) => {
    const listed = await api.listVersions(secret, MOST, signal);
    const numbers = listed.filter(({ state }) => state === 'enabled').map(({ number }) => number);
    const texts: NamedText[] = [];
    for (const number of numbers.toReversed()) {
      const text = await read(number, signal);
      if (text !== null) texts.push(text);
    }
    // The list may lag behind; a read by number does not.
    let highest = listed[0]?.number ?? 0;
    for (;;) {
      const next = await api.access(secret, highest + 1, signal);
      if (next === null) return { texts, highest };
      highest += 1;
      const text = next === 'closed' ? null : parse(highest, next.data);
      if (text !== null) texts.push(text);
    }
  };

  const addVersion = async (data: Buffer, signal: AbortSignal): Promise<number> => {
    const number = await api.addVersion(secret, data, signal);
    if (number !== null) return number;
    await api.createSecret(secret, {}, signal);
    const second = await api.addVersion(secret, data, signal);
    if (second !== null) return second;
    throw conflict(`${secret} was made and is gone again`, 'run again');
  };

  return {
    read,

    find: async (name, signal) => (await all(signal)).texts.find((one) => one.name === name) ?? null,

    add: async (name, text, signal) => {
      const { texts, highest } = await all(signal);
      const present = texts.find((one) => one.name === name);
      if (present !== undefined) return sameOr(present, text, secret);
      const number = await addVersion(Buffer.from(`keyturn ${name}\n${text}`, 'utf8'), signal);
      for (let between = highest + 1; between < number; between += 1) {
        const rival = await read(between, signal);
        if (rival?.name !== name) continue;
        await api.destroyVersion(secret, number, signal);
        return sameOr(rival, text, secret);
      }
      return number;
    },

    drop: (number, signal) => api.destroyVersion(secret, number, signal),
  };
}

function sameOr(present: NamedText, text: string, secret: string): number {
  if (present.text === text) return present.number;
  throw conflict(`${secret} holds another text as ${present.name}`, 'use a new mark');
}

/** Null for a version that is not ours. */
function parse(number: number, data: Buffer): NamedText | null {
  const whole = data.toString('utf8');
  const header = HEADER.exec(whole);
  const name = header?.[1];
  if (header === null || name === undefined) return null;
  return { number, name, text: whole.slice(header[0].length) };
}

/**
 * The bytes of one version. Null where it never was, or is destroyed; one that somebody disabled is not gone, so it
 * throws UNREADABLE.
 */
export async function accessNumber(
  api: Api,
  secret: string,
  number: number,
  signal: AbortSignal,
): Promise<Exclude<Accessed, 'closed'> | null> {
  const found = await api.access(secret, number, signal);
  if (found !== 'closed') return found;
  const version = await api.getVersion(secret, number, signal);
  if (version?.state === 'disabled') throw disabled(`${api.resource(secret)}/versions/${number}`);
  return null;
}

export function disabled(version: string): KeyturnError {
  return new KeyturnError('UNREADABLE', `${version} is disabled`, {
    hint: 'enable it, or put another version in its place',
    unsent: true,
  });
}
