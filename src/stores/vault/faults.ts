import { type ErrorCode, KeyturnError } from '../../core/errors.ts';
import type { WireReply } from './wire.ts';

interface Fault {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
  /** True where Vault says that it did nothing. */
  readonly unsent?: true;
}

export const NO_ROUTE = 'no handler for route';
const CAS = /^check-and-set parameter did not match the current version/;

const STANDBY: Fault = {
  code: 'UNAVAILABLE',
  what: 'this is a standby that answers nothing itself',
  hint: 'let `address` name the active node, or the load balancer before the cluster',
  unsent: true,
};

/** By status, where the status says it all. */
const BY_STATUS: Readonly<Record<number, Fault>> = {
  405: {
    code: 'CONFIG',
    what: 'what is mounted there is no KV engine of version 2',
    hint: 'let `mount` name a KV engine of version 2',
  },
  412: {
    code: 'UNAVAILABLE',
    what: 'the standby that answered does not have the newest state yet',
    hint: 'run again in a moment',
    unsent: true,
  },
  413: { code: 'FULL', what: 'the request is larger than Vault takes', hint: 'store less at this location' },
  429: {
    code: 'RATE_LIMITED',
    what: 'Vault asks to come back later: a quota or its standby state',
    hint: 'run again later; if it happens again, raise the quota, or let `address` name the active node',
  },
  472: STANDBY,
  473: STANDBY,
  501: {
    code: 'UNAVAILABLE',
    what: 'Vault is not initialised',
    hint: 'initialise it (vault operator init), or correct `address`',
    unsent: true,
  },
};

const SEALED: Fault = {
  code: 'UNAVAILABLE',
  what: 'Vault is sealed',
  hint: 'unseal it (vault operator unseal), then run again',
  unsent: true,
};
const TOO_LONG: Fault = {
  code: 'FULL',
  what: 'the value is longer than this Vault takes',
  hint: 'store less at this location',
  unsent: true,
};
const BROKEN: Fault = {
  code: 'UNAVAILABLE',
  what: 'Vault says that it is broken for the moment',
  hint: 'look at the log of Vault, then run again',
};
const ELSEWHERE: Fault = {
  code: 'CONFIG',
  what: 'Vault sends to another address; keyturn does not follow, because the token would go there too',
  hint: 'let `address` name the active node, or a load balancer that leads to it',
  unsent: true,
};
const BAD_TOKEN: Fault = {
  code: 'ADMIN_REFUSED',
  what: 'the token is not valid: it has expired, was revoked, or is of another Vault',
  hint: 'log in again, and put the new token where `auth` says',
  unsent: true,
};

/** What a request is about, for people: the action and the path as Vault names it. Never a value. */
export interface Asked {
  readonly doing: string;
  /** Absent where no right is needed. */
  readonly needs?: { readonly capability: string; readonly path: string };
}

/**
 * The failure that a reply is; null where it is none, or 404, which the caller understands. Nothing that Vault wrote is
 * quoted: it may hold what was sent.
 */
export function replyFault(asked: Asked, reply: WireReply): KeyturnError | null {
  const { status } = reply;
  if (status === 200 || status === 204) return null;
  if (status === 404 && !says(reply, NO_ROUTE)) return null;
  if (status === 400 && errorsOf(reply).some((text) => CAS.test(text))) {
    return new KeyturnError('CONFLICT', `${asked.doing}: it was changed by someone else`, {
      hint: 'read it again, and decide anew; keyturn status shows what is there now',
    });
  }
  const { code, what, hint, unsent } = faultOf(asked, reply);
  return new KeyturnError(code, `${asked.doing}: ${what} (HTTP ${status})`, {
    hint,
    ...(unsent === undefined ? {} : { unsent }),
    ...(reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs }),
  });
}

function faultOf(asked: Asked, reply: WireReply): Fault {
  const { status } = reply;
  if (status >= 300 && status < 400) return ELSEWHERE;
  if (status === 403) return isOfToken(reply) ? BAD_TOKEN : denied(asked);
  if (status === 503 && says(reply, 'sealed')) return SEALED;
  if (status === 500 && says(reply, 'exceeds allowed length')) return TOO_LONG;
  if (status === 404) {
    return {
      code: 'CONFIG',
      what: 'nothing is mounted there',
      hint: 'correct `mount` and `namespace`: vault secrets list shows what there is',
    };
  }
  const known = BY_STATUS[status];
  if (known !== undefined) return known;
  if (status >= 500) return BROKEN;
  return {
    code: 'REFUSED',
    what: 'Vault refuses the request',
    hint: 'look for the request in the audit log of Vault, which holds the reason',
  };
}

/** Older ones say `bad token`; some say neither of a token that has ended. */
function isOfToken(reply: WireReply): boolean {
  return says(reply, 'invalid token') || says(reply, 'bad token');
}

function denied({ needs }: Asked): Fault {
  return {
    code: 'DENIED',
    what: needs === undefined ? 'permission denied' : `no right to ${needs.capability} ${needs.path}`,
    hint:
      needs === undefined
        ? 'check the policies of the role'
        : `add to the policy of keyturn: ${policyLine(needs.path, [needs.capability])}; or correct \`mount\`, if that is not the one that is meant`,
    unsent: true,
  };
}

/** A line of a policy of Vault. */
export function policyLine(path: string, capabilities: readonly string[]): string {
  const quoted = capabilities.map((one) => JSON.stringify(one)).join(', ');
  return `path ${JSON.stringify(path)} { capabilities = [${quoted}] }`;
}

export function says(reply: Pick<WireReply, 'json'>, words: string): boolean {
  return errorsOf(reply).some((text) => text.includes(words));
}

function errorsOf({ json }: Pick<WireReply, 'json'>): readonly string[] {
  const errors = typeof json === 'object' && json !== null && 'errors' in json ? json.errors : [];
  return Array.isArray(errors) ? errors.filter((one) => typeof one === 'string') : [];
}

/** An answer that is not of the documented shape. */
export function badReply(doing: string): KeyturnError {
  return new KeyturnError('BAD_REPLY', `${doing}: the answer is not one of Vault's`, {
    hint: 'check `address` and any proxy in between',
  });
}
