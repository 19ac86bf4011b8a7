import { type Instant, toInstant } from '../core/credential.ts';

/** Below this a number counts seconds, above it milliseconds: the year 5138 in the one, March 1973 in the other. */
const SECONDS_BELOW = 100_000_000_000;
const EARLIEST = Date.UTC(1990, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

const ISO =
  /^(\d{4}-\d\d-\d\d|\d{4}\/\d\d\/\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(?:\s*(Z|UTC|[+-]\d\d:?\d\d))?)?$/i;
const RFC_2822 =
  /^(?:[A-Za-z]{3}, ?)?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)?(?: (?:[+-]\d{4}|GMT|UTC|Z))?$/;

/**
 * An instant as providers write it: ISO 8601 (also with slashes; a date alone is 00:00), RFC 2822, or seconds or
 * milliseconds since 1970 as a number or as digits. Where no offset is said it is UTC. Null where it is none of these.
 */
export function readInstant(value: unknown): Instant | null {
  const ms =
    typeof value === 'string' ? fromText(value.trim()) : typeof value === 'number' ? fromCount(value) : NaN;
  return ms >= EARLIEST && ms <= LATEST ? toInstant(Math.trunc(ms)) : null;
}

function fromCount(count: number): number {
  return count < SECONDS_BELOW ? count * 1000 : count;
}

function fromText(text: string): number {
  if (/^\d{9,13}(\.\d{1,9})?$/.test(text)) return fromCount(Number(text));
  const iso = ISO.exec(text);
  if (iso !== null) {
    const [, day = '', time = '00:00', seconds = ':00', offset = 'Z'] = iso;
    const date = day.replaceAll('/', '-');
    const zone = /^(z|utc)$/i.test(offset) ? 'Z' : offset.replace(/^(...)(\d\d)$/, '$1:$2');
    const ms = Date.parse(`${date}T${time}${seconds}${zone}`);
    // Date.parse rolls 31 February over in some forms; a day that no calendar has is none.
    return isDay(date) ? ms : NaN;
  }
  return RFC_2822.test(text) ? Date.parse(text.replace(/ Z$|(:\d\d)$/, '$1 GMT')) : NaN;
}

function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && toInstant(ms).startsWith(date);
}
