import * as z from 'zod/mini';

/** The last second of the year 9999, beyond which a time is no time. */
const LAST_SECOND = 253_402_300_799;

/**
 * Text outside of strings that JSON.parse would spoil or refuse: ids of 16 digits and more, which lose digits as
 * numbers, and the comma before a closing brace that Meta's own sample of a revocation has. Strings match first.
 */
const SPOILT = /"(?:[^"\\]|\\[\s\S])*\\?(?:"|$)|(?<![\d.eE+-])\d{16,}(?![\d.eE])|,(?=\s*[}\]])/g;

/** A body of the Graph API, with long numbers as text; undefined where it is not JSON. */
export function parseBody(text: string): unknown {
  const mended = text.replace(SPOILT, (found) => {
    if (found.startsWith('"')) return found;
    return found === ',' ? '' : `"${found}"`;
  });
  try {
    return JSON.parse(mended);
  } catch {
    // HTML, a cut body, or nothing: `undefined` says so.
    return undefined;
  }
}

/** A field that may be absent or of an odd shape; either way nothing is known, and the rest is read all the same. */
const maybe = <T extends z.ZodMiniType>(type: T) => z.catch(z.optional(type), undefined);

const whole = z.union([
  z.int(),
  z.pipe(
    z.string().check(z.regex(/^-?[0-9]{1,15}$/)),
    z.transform((text: string) => Number(text)),
  ),
]);
const idText = z.pipe(
  z.union([z.int(), z.string()]).check(z.refine((id) => /^[0-9]{1,30}$/.test(String(id)))),
  z.transform((id: number | string) => String(id)),
);
const truth = z.union([
  z.boolean(),
  z.pipe(
    z.enum(['true', 'false']),
    z.transform((text: 'true' | 'false') => text === 'true'),
  ),
]);
const seconds = whole.check(z.refine((value) => value >= 0 && value <= LAST_SECOND));
/** In small letters and with no word as long as a secret, so that none can pass for a permission and be shown. */
const scopeName = z.string().check(z.regex(/^[a-z0-9]{1,28}([_.:-][a-z0-9]{1,28})*$/), z.maxLength(64));

const errorBody = z.object({
  code: whole,
  error_subcode: maybe(whole),
  subcode: maybe(whole),
  message: maybe(z.string()),
  is_transient: maybe(truth),
  fbtrace_id: maybe(z.string()),
});
export type ErrorBody = z.infer<typeof errorBody>;

const debugData = z.object({
  app_id: maybe(idText),
  user_id: maybe(idText),
  type: maybe(z.string()),
  is_valid: maybe(truth),
  issued_at: maybe(seconds),
  /** 0: never. */
  expires_at: maybe(seconds),
  scopes: maybe(z.array(z.catch(scopeName, ''))),
  granular_scopes: maybe(z.array(z.catch(z.object({ scope: scopeName }), { scope: '' }))),
  error: maybe(errorBody),
});
/** What `debug_token` says of a token (https://developers.facebook.com/docs/graph-api/reference/debug_token). */
export type DebugData = z.infer<typeof debugData>;

/** The error envelope of a body; null where it has none. */
export function errorOf(body: unknown): ErrorBody | null {
  return z.safeParse(z.object({ error: errorBody }), body).data?.error ?? null;
}

/** Whether a body speaks of an error at all, also in a way that cannot be read. */
export function mentionsError(body: unknown): boolean {
  const error = z.safeParse(z.object({ error: z.optional(z.unknown()) }), body).data?.error;
  return error !== undefined && error !== null;
}

/** What a reply of `debug_token` says; null where it says nothing. */
export function debugDataOf(body: unknown): DebugData | null {
  return z.safeParse(z.object({ data: debugData }), body).data?.data ?? null;
}

/** The token in a reply to a mint or an exchange; null where there is none that could ever be sent. */
export function accessTokenOf(body: unknown): string | null {
  const token = z.string().check(z.regex(/^[\x21-\x7e]{1,8192}$/));
  return z.safeParse(z.object({ access_token: token }), body).data?.access_token ?? null;
}

/** Whether a reply says that something was done: `true`, or `success` as a boolean or as text; null: it does not say. */
export function successOf(body: unknown): boolean | null {
  const plain = z.safeParse(truth, body);
  if (plain.success) return plain.data;
  return z.safeParse(z.object({ success: truth }), body).data?.success ?? null;
}

/** The id of the object that a read answered with; null where it has none. */
export function objectIdOf(body: unknown): string | null {
  return z.safeParse(z.object({ id: idText }), body).data?.id ?? null;
}

/** Every permission that the reply names, by either list; null where it names none and has neither list. */
export function scopesOf(data: DebugData): readonly string[] | null {
  if (data.scopes === undefined && data.granular_scopes === undefined) return null;
  const named = [...(data.scopes ?? []), ...(data.granular_scopes ?? []).map(({ scope }) => scope)];
  return [...new Set(named)].filter((scope) => scope !== '');
}

/** Whether there is a list of permissions, and each of its entries has a name that can be read. */
export function namesEveryScope(data: DebugData): boolean {
  if (data.scopes === undefined && data.granular_scopes === undefined) return false;
  return ![...(data.scopes ?? []), ...(data.granular_scopes ?? []).map(({ scope }) => scope)].includes('');
}
