import type { ErrorBody } from './schema.ts';

/**
 * What an error of the Graph API is about. Decided by its code; its wording and subcode are used only where Meta gives
 * one code to several things, its HTTP status never.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
 */
export type Fault =
  /** The token that made the call is accepted no more. */
  | 'dead-token'
  /** The token is refused for now, and may be accepted again: a checkpoint, an inactive app. */
  | 'held-token'
  /** No token was seen in the request. */
  | 'no-token'
  /** The app secret, or the app id with it, is not the right one. It says nothing of the token. */
  | 'app-secret'
  | 'rate-limited'
  | 'transient'
  | 'permission'
  /** The object does not exist, or is not to be seen, or does not take this kind of request. */
  | 'absent'
  | 'not-installed'
  | 'blocked'
  | 'bad-request'
  | 'unclear';

const BY_CODE: ReadonlyMap<number, Fault> = new Map(
  (
    [
      ['dead-token', [0, 102, 190, 463, 467]],
      ['no-token', [104, 2500]],
      ['app-secret', [101]],
      ['rate-limited', [4, 9, 17, 32, 341, 613, 130429, 131048, 131056, 131057, 131064, 133016]],
      ['transient', [1, 2, 131000, 131016]],
      ['permission', [3, 10, 131005]],
      ['absent', [33, 803]],
      ['not-installed', [412]],
      ['blocked', [368, 131031]],
      ['bad-request', [100, 452, 3962]],
    ] as const
  ).flatMap(([fault, codes]) => codes.map((code) => [code, fault] as const)),
);

/** Subcodes of 190 after which the same token may work again. */
const HELD: ReadonlySet<number> = new Set([459, 464, 490, 492, 493]);
const APP_SECRET_WORDS = /appsecret_proof|client[ _]secret/i;
const NO_TOKEN_WORDS =
  /must provide an app access token|provide valid app id|(requires?|missing|no|without|active) (an? |user )?access[ _]token|access[ _]token (is )?(missing|required|must be)/i;
const NOT_INSTALLED_WORDS = /not (been )?installed|must install|install the app/i;
const UNSUPPORTED_WORDS = /unsupported (get|post|put|delete|method)/i;

export function faultOf(error: ErrorBody): Fault {
  const { code, message = '' } = error;
  const subcode = subcodeOf(error);
  const byCode = inFamily(code) ?? BY_CODE.get(code) ?? 'unclear';
  if (byCode === 'rate-limited') return byCode;
  if (error.is_transient === true) return 'transient';
  if (APP_SECRET_WORDS.test(message)) return 'app-secret';
  if (NO_TOKEN_WORDS.test(message)) return 'no-token';
  if (code === 190 && subcode !== null && HELD.has(subcode)) return 'held-token';
  if (code === 100 && (subcode === 33 || UNSUPPORTED_WORDS.test(message))) return 'absent';
  if (byCode !== 'dead-token' && NOT_INSTALLED_WORDS.test(message)) return 'not-installed';
  return byCode;
}

/** Codes that Meta gives out by the range: permissions, and limits of business use cases. */
function inFamily(code: number): Fault | null {
  if (code >= 200 && code <= 299) return 'permission';
  if (code >= 80_000 && code <= 80_099) return 'rate-limited';
  return null;
}

/** `error_subcode` in an envelope, `subcode` in what `debug_token` says. */
export function subcodeOf(error: ErrorBody): number | null {
  return error.error_subcode ?? error.subcode ?? null;
}
