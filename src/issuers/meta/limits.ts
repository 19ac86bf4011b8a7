import * as z from 'zod/mini';
import { parseBody } from './schema.ts';

const MINUTE_MS = 60_000;
const LONGEST_MS = 24 * 60 * MINUTE_MS;
/** Usage is counted over a rolling hour, so some of it is free again after a part of one. */
const AFTER_FULL_USE_MS = 5 * MINUTE_MS;

const share = z.catch(z.optional(z.number()), undefined);
const businessUse = z.record(
  z.string(),
  z.array(z.object({ estimated_time_to_regain_access: z.catch(z.coerce.number(), 0) })),
);
const appUse = z.object({ call_count: share, total_time: share, total_cputime: share });

/**
 * How long a throttled caller should stay away, in milliseconds; null where Meta does not say. The longest counts:
 * calling while throttled makes the block longer. https://developers.facebook.com/docs/graph-api/overview/rate-limiting
 */
export function stayAwayMs(headers: Headers, retryAfterMs: number | undefined): number | null {
  // What is said in so many words counts before what is only guessed from shares.
  if (retryAfterMs !== undefined && retryAfterMs > 0) return Math.min(retryAfterMs, LONGEST_MS);
  const asked = [regainMs(headers.get('x-business-use-case-usage')), fullUseMs(headers.get('x-app-usage'))];
  const longest = Math.min(Math.max(...asked), LONGEST_MS);
  return longest > 0 ? longest : null;
}

function regainMs(header: string | null): number {
  const usage = z.safeParse(businessUse, parseBody(header ?? ''));
  const minutes = Object.values(usage.data ?? {})
    .flat()
    .map((entry) => entry.estimated_time_to_regain_access)
    .filter((value) => Number.isFinite(value));
  return Math.max(0, ...minutes) * MINUTE_MS;
}

function fullUseMs(header: string | null): number {
  const usage = z.safeParse(appUse, parseBody(header ?? ''));
  const shares = Object.values(usage.data ?? {}).map((percent) => percent ?? 0);
  return Math.max(0, ...shares) >= 100 ? AFTER_FULL_USE_MS : 0;
}
