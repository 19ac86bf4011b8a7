import { KeyturnError } from '../core/errors.ts';
import type { TrailEntry, TrailSink } from '../core/trail.ts';

/** Sends lines of JSON to a URL, at most once per call, and follows no redirect. Throws KeyturnError for no answer. */
export type Post = (request: {
  readonly url: string;
  readonly body: string;
  readonly contentType: string;
  readonly signal: AbortSignal;
}) => Promise<{ readonly status: number; readonly retryAfterMs?: number }>;

const CONTENT_TYPE = 'application/x-ndjson';
/** Receivers have limits; what a sink that was down has missed is sent in several requests. */
const MOST_BYTES = 256 * 1024;

/** Posts entries as lines of JSON. Any status of 200 to 299 says that the receiver keeps them. */
export function openUrlSink(url: string, post: Post): TrailSink['take'] {
  return async (entries, signal) => {
    for (const body of batches(entries)) {
      const { status, retryAfterMs } = await post({ url, body, contentType: CONTENT_TYPE, signal });
      if (status < 200 || status > 299) throw refused(status, retryAfterMs);
    }
  };
}

function batches(entries: readonly TrailEntry[]): readonly string[] {
  const made: string[] = [];
  let batch = '';
  for (const entry of entries) {
    const line = `${JSON.stringify(entry)}\n`;
    if (batch !== '' && Buffer.byteLength(batch) + Buffer.byteLength(line) > MOST_BYTES) {
      made.push(batch);
      batch = '';
    }
    batch += line;
  }
  return batch === '' ? made : [...made, batch];
}

function refused(status: number, retryAfterMs: number | undefined): KeyturnError {
  const detail = retryAfterMs === undefined ? {} : { retryAfterMs };
  const message = `post the trail: the receiver answered with status ${status}`;
  if (status === 429) {
    return new KeyturnError('RATE_LIMITED', message, { hint: 'run again later', ...detail });
  }
  if (status >= 500) {
    const hint = 'look at the receiver of the trail, then run again';
    return new KeyturnError('UNAVAILABLE', message, { hint, ...detail });
  }
  const hint =
    status >= 300 && status <= 399
      ? 'name the address that it redirects to: redirects are not followed'
      : 'check the url of the sink and what its receiver accepts';
  return new KeyturnError('REFUSED', message, { hint });
}
