import { KeyturnError } from '../core/errors.ts';
import type { HttpReply } from '../http/client.ts';
import type { Meaning } from './judge.ts';
import type { Pointer } from './operation-settings.ts';
import { FORM_NAMES, type Form, lookUp } from './reading.ts';

/** A code of a provider that can be shown: a number or a short word, never a text in which a secret could stand. */
const CODE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,27}$/;

const NOT_JSON =
  'replies are read as JSON in UTF-8: check the url of the operation, any proxy in between, and whether the provider wants a header to answer so';

export interface Asked {
  /** What was asked for, such as `create a key`. */
  readonly what: string;
  readonly host: string;
  /** Whether it changes something, so that an answer that says nothing leaves open what was done. */
  readonly effect: boolean;
  readonly errorCode: Pointer | undefined;
}

/** The error behind an answer that is not the wanted one. Of the reply it holds the status and a short code. */
export function failureOf(
  asked: Asked,
  meaning: Exclude<Meaning, 'done' | 'already'>,
  reply: HttpReply,
  seen: { readonly body: unknown; readonly form: Form },
): KeyturnError {
  const code = codeOf(seen.body, asked.errorCode);
  const said = `${asked.what}: ${asked.host} answered ${reply.status}${code === null ? '' : ` (${code})`}`;
  const detail = code === null ? {} : { remoteCode: code };
  const wait = reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs };
  switch (meaning) {
    case 'full':
      return new KeyturnError('FULL', `${said}: no further key is allowed`, {
        hint: 'remove a key that nobody needs at the provider; keyturn never removes one to make room',
        ...detail,
      });
    case 'refused':
      return new KeyturnError('REFUSED', said, {
        hint: "look the answer up in the provider's documentation, and check the operation in the configuration",
        ...detail,
      });
    case 'admin':
      return new KeyturnError('ADMIN_REFUSED', `${said}: keyturn's own credentials are refused`, {
        hint: 'check what auth of this issuer refers to, and that it may do this',
        ...detail,
      });
    case 'limited':
      return new KeyturnError('RATE_LIMITED', `${said}: too many requests`, {
        hint: 'run again later',
        ...detail,
        ...wait,
      });
    case 'unknown':
      return unclear(asked, said, reply, seen.form, { ...detail, ...wait });
  }
}

function unclear(
  asked: Asked,
  said: string,
  { status }: HttpReply,
  form: Form,
  detail: { readonly remoteCode?: string; readonly retryAfterMs?: number },
): KeyturnError {
  const open = asked.effect ? '; whether it was done is open' : '';
  if (status >= 300 && status < 400) {
    return new KeyturnError('BAD_REPLY', `${said}, a redirect, which is never followed${open}`, {
      hint: 'write the address that it leads to into the configuration, if it is the one that is meant',
      ...detail,
    });
  }
  if (form === 'page') {
    return new KeyturnError('BAD_REPLY', `${said} with a web page${open}`, {
      hint: 'check that the configured URL is the API of the provider, and any proxy in between',
      ...detail,
    });
  }
  if (status >= 500 || status === 408 || status === 425) {
    return new KeyturnError('UNAVAILABLE', `${said}${open}`, {
      hint: 'run again; if it happens again, check the status page of the provider',
      ...detail,
    });
  }
  if (form === 'garbled' || form === 'text') {
    return new KeyturnError('BAD_REPLY', `${said} with ${FORM_NAMES[form]}${open}`, {
      hint: NOT_JSON,
      ...detail,
    });
  }
  return new KeyturnError('BAD_REPLY', `${said}, which the description gives no meaning${open}`, {
    hint: 'say under answers of this operation what it means',
    ...detail,
  });
}

function codeOf(body: unknown, pointer: Pointer | undefined): string | null {
  const found = lookUp(body, pointer);
  const text = typeof found === 'number' ? String(found) : found;
  return typeof text === 'string' && CODE.test(text) ? text : null;
}

/** A reply of success that lacks what it must have. */
export function badReply(what: string, lacks: string, hint: string): KeyturnError {
  return new KeyturnError('BAD_REPLY', `${what}: ${lacks}`, { hint });
}

/** A reply of success in which nothing can be looked for. */
export function unreadable(what: string, form: Form): KeyturnError {
  return badReply(what, `the reply is ${FORM_NAMES[form]}`, NOT_JSON);
}

/** The same failure of a request that came before the one with the effect. */
export function withoutEffect(error: KeyturnError): KeyturnError {
  return new KeyturnError(error.code, error.message, { ...error.detail, unsent: true });
}
