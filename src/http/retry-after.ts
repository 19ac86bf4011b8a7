/** Longer than any limit is meant; a date further away is a mistake and is taken for this. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * How long `Retry-After` (RFC 9110, 10.2.3: seconds or a date) asks to stay away, in milliseconds; null where it is
 * absent or makes no sense. A date counts from the server's own `Date`, so that our clock need not be right.
 */
export function retryAfterMs(headers: Pick<Headers, 'get'>, now: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^[0-9]{1,9}(\.[0-9]+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), LONGEST_MS);
  if (!/[A-Za-z]/.test(text)) return null;
  const until = Date.parse(text);
  if (Number.isNaN(until)) return null;
  const sentAt = Date.parse(headers.get('date') ?? '');
  return Math.min(Math.max(until - (Number.isNaN(sentAt) ? now : sentAt), 0), LONGEST_MS);
}
