import { type ErrorCode, KeyturnError } from '../../core/errors.ts';
import type { GraphError, GraphReply } from './client.ts';
import type { Fault } from './faults.ts';

/** Who made a refused call: the setting that a person has to look at, or the key itself. */
export type Caller = 'adminToken' | 'appSecret' | 'the key';

const MEANING: Readonly<Record<Fault, string>> = {
  'dead-token': 'the calling token has expired or was ended',
  'held-token': 'the calling token is held back: a checkpoint, or an app that is not active',
  'no-token': 'no calling token was recognised',
  'app-secret': 'appSecret is not the secret of this app',
  'rate-limited': 'too many calls',
  transient: 'a fault at Meta',
  permission: 'a permission is missing',
  absent: 'it is not there, not visible, or does not take this request',
  'not-installed': 'the app is not installed on the system user',
  blocked: 'blocked by a policy of Meta',
  'bad-request': 'the request is refused as wrong',
  unclear: 'no documented meaning',
};

/** What Meta answered, for a message: the code and our words for it, never Meta's text. */
export function becauseOf(error: GraphError): string {
  return `error ${codeText(error)}, ${MEANING[error.fault]}`;
}

export function codeText({ code, subcode }: Pick<GraphError, 'code' | 'subcode'>): string {
  return subcode === null ? String(code) : `${code}/${subcode}`;
}

/** The hint for a refused app secret, wherever it shows. */
export const APP_SECRET_HINT =
  'compare appSecret and appId with App settings > Basic in the app dashboard; the secret may have been reset';

/**
 * The error of a call that Meta refused or did not answer as documented. `effect`: the call was to make a key, so that
 * a 5xx, a fault and anything that is no reply of the Graph API leave open whether it did.
 */
export function failure(
  what: string,
  reply: GraphReply,
  of: { readonly caller: Caller; readonly effect: boolean },
): KeyturnError {
  const { error, retryAfterMs } = reply;
  if (error === null) return noReply(what, reply);
  const detail = {
    remoteCode: error.trace === null ? codeText(error) : `${codeText(error)} trace ${error.trace}`,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  };
  const open = of.effect && reply.status >= 500 && error.fault !== 'rate-limited';
  if (open || error.fault === 'transient') {
    return new KeyturnError('UNAVAILABLE', `${what}: ${becauseOf(error)}`, {
      ...detail,
      hint: 'run again later; if it goes on, look at the status page of Meta',
    });
  }
  const [code, hint] = meaningFor(error.fault, of.caller);
  // Here the calling token is made of the two, and is no token of anybody.
  const byApp = of.caller === 'appSecret' && error.fault === 'dead-token';
  const because = byApp ? `error ${codeText(error)}, ${MEANING['app-secret']}` : becauseOf(error);
  return new KeyturnError(code, `${what}: ${because}`, { ...detail, hint });
}

function meaningFor(fault: Exclude<Fault, 'transient'>, caller: Caller): readonly [ErrorCode, string] {
  switch (fault) {
    case 'app-secret':
      return ['ADMIN_REFUSED', APP_SECRET_HINT];
    case 'dead-token':
    case 'held-token':
    case 'no-token':
      return callerRefused(caller);
    case 'rate-limited':
      return ['RATE_LIMITED', 'wait as told, then run again; the limit counts all calls of the app'];
    case 'permission':
      return [
        'DENIED',
        'give the calling system user the right to do this in Business settings > System users, then run again',
      ];
    case 'absent':
      return ['REFUSED', 'check systemUserId (the app-scoped id), appId and the ids under checks'];
    case 'not-installed':
      return [
        'REFUSED',
        'assign the app to the system user in Business settings > System users, then run again',
      ];
    case 'blocked':
      return ['REFUSED', 'do not repeat this; look at Account quality in Business settings'];
    default:
      return ['REFUSED', 'check appId, systemUserId, scopes and expiring, and look the code up at Meta'];
  }
}

function callerRefused(caller: Caller): readonly [ErrorCode, string] {
  if (caller === 'appSecret') return ['ADMIN_REFUSED', APP_SECRET_HINT];
  if (caller === 'adminToken') {
    return [
      'ADMIN_REFUSED',
      'put a working token of an admin system user of the same app where adminToken points',
    ];
  }
  return ['REFUSED', 'make a new token in Business settings > System users and adopt it'];
}

/** An answer without the envelope of a Graph error, so that nothing is known of what happened. */
function noReply(what: string, { status, body, retryAfterMs }: GraphReply): KeyturnError {
  const later = retryAfterMs === null ? {} : { retryAfterMs };
  if (status >= 500 || status === 429) {
    return new KeyturnError('UNAVAILABLE', `${what}: status ${status} without a reply of the Graph API`, {
      hint: 'run again later; if it goes on, look at the status page of Meta and at any proxy in between',
      ...later,
    });
  }
  const came =
    status >= 300 && status < 400
      ? 'a redirect, which is not followed'
      : body === undefined
        ? 'an answer that is not JSON'
        : 'an answer that is not of the documented shape';
  return new KeyturnError('BAD_REPLY', `${what}: ${came} (status ${status})`, {
    hint: 'check graphUrl and any proxy in between',
  });
}

/** The same error, saying that no key can have come of it. */
export function withoutEffect(error: KeyturnError): KeyturnError {
  return new KeyturnError(error.code, error.message, { ...error.detail, unsent: true });
}
