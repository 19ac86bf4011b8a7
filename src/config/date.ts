import { type Instant, toInstant } from '../core/credential.ts';
import { KeyturnError } from '../core/errors.ts';

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(?:Z|([+-])(\d\d):(\d\d)))?$/;
const NO_OFFSET = /^\d{4}-\d\d-\d\dT[\d:.]+$/;
const MINUTE = 60_000;

/**
 * An instant from ISO 8601: a bare date is 00:00 UTC, a time needs `Z` or an offset. `what` names the option.
 * Throws USAGE for anything else, for a day that no calendar has, and for the future.
 */
export function parseDate(text: string, now: number, what: string): Instant {
  const match = DATE.exec(text);
  if (match === null) {
    if (NO_OFFSET.test(text))
      throw usage(`${what} has a time without an offset`, 'add Z, or an offset as +02:00');
    throw usage(`${what} is no ISO 8601 date`, 'write it as 2026-05-31 or 2026-05-31T14:00:00Z');
  }
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHours, offsetMinutes] = match;
  const fields = [hour, minute, second, offsetHours, offsetMinutes].map((part) => Number(part ?? 0));
  const [h = 0, m = 0, s = 0, oh = 0, om = 0] = fields;
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // Date.UTC rolls 31 April over to 1 May.
  const real = toInstant(midnight).slice(0, 10) === `${year}-${month}-${day}`;
  if (!real || h > 23 || m > 59 || s > 59 || oh > 14 || om > 59) {
    throw usage(`${what} is a date or time that does not exist`, 'check day, hour and offset');
  }
  const time = ((h * 60 + m) * 60 + s) * 1000 + Number((fraction ?? '0').padEnd(3, '0'));
  const offset = (oh * 60 + om) * MINUTE * (sign === '-' ? -1 : 1);
  const at = midnight + time - offset;
  if (at > now) throw usage(`${what} lies in the future`, 'give the time at which it happened');
  return toInstant(at);
}

function usage(message: string, hint: string): KeyturnError {
  return new KeyturnError('USAGE', message, { hint });
}
