import { type ErrorCode, KeyturnError } from '../../core/errors.ts';
import { networkFailure } from '../../http/failure.ts';
import { type Right, statementFor } from './policy.ts';

/** A call, as an error names it. */
export interface About extends Right {
  readonly region: string;
  /** Where requests go, for errors of the network. */
  readonly host: string;
}

/** Answers that a caller may expect: not there, there already, not possible as things are, not allowed by its state. */
export type Refusal = 'absent' | 'exists' | 'parameter' | 'state';

/** What of the SDK's errors is looked at. None of it but the name goes on. */
interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
  readonly status: number | null;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ResourceNotFoundException: 'absent',
  ResourceExistsException: 'exists',
  InvalidParameterException: 'parameter',
  InvalidRequestException: 'state',
};

const LOGIN: ReadonlySet<string> = new Set([
  'AuthFailure',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'NotAuthorized',
  'OptInRequired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

const CLOCK: ReadonlySet<string> = new Set(['RequestExpired', 'RequestInTheFuture', 'RequestTimeTooSkewed']);

const THROTTLED: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'PriorRequestNotComplete',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

const NO_IDENTITY: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'ProviderError',
  'TokenProviderError',
]);

/** What a failed call means. Of the SDK's error nothing is passed on but its name, where that is one of AWS's. */
export function meaningOf(caught: unknown, about: About): Refusal | KeyturnError {
  if (caught instanceof KeyturnError) return caught;
  const error = readError(caught);
  const refusal = REFUSALS[error.name];
  return refusal ?? namedFault(error, about) ?? statusFault(error, about) ?? otherFault(caught, error, about);
}

function namedFault(error: SdkError, about: About): KeyturnError | null {
  const { name } = error;
  if (/^AccessDenied(Exception)?$/.test(name)) return denied(error, about);
  if (NO_IDENTITY.has(name)) {
    return fault('ADMIN_REFUSED', about, 'no AWS identity was found', {
      hint: 'log in (aws sso login, AWS_PROFILE, AWS_ACCESS_KEY_ID), or run where a role is attached; keyturn doctor tries it',
      unsent: true,
    });
  }
  if (CLOCK.has(name) || (LOGIN.has(name) && /(signature (expired|not yet current))/i.test(error.message))) {
    return fault('ADMIN_REFUSED', about, `AWS refuses the clock of this machine (${name})`, {
      hint: 'set the clock (timedatectl, chronyd), then run again',
      unsent: true,
    });
  }
  if (LOGIN.has(name)) {
    return fault('ADMIN_REFUSED', about, `AWS does not accept the identity (${name})`, {
      hint: 'log in again, or give keyturn an identity that is valid in this account and region',
      unsent: true,
    });
  }
  if (THROTTLED.has(name)) {
    return fault('RATE_LIMITED', about, `AWS asks to come back later (${name})`, {
      hint: 'run again in a minute; Secrets Manager takes 50 changes a second in an account and region',
      unsent: true,
    });
  }
  if (name === 'LimitExceededException') {
    return fault('FULL', about, 'a quota of Secrets Manager is reached', {
      hint: 'a secret has at most 20 labels and 100 versions, and versions stay for a day: wait, or take labels off that nobody needs',
      unsent: true,
    });
  }
  if (name === 'DecryptionFailure' || name === 'EncryptionFailure') {
    return fault('PERSON', about, `the KMS key of the secret cannot be used (${name})`, {
      hint: 'enable the KMS key, or undo its scheduled deletion; its policy must let this identity use it',
      unsent: true,
    });
  }
  return null;
}

function denied(error: SdkError, about: About): KeyturnError {
  const kms = /\bkms\b/i.test(error.message);
  const permission = !kms
    ? about.permission
    : /(Put|Create)/.test(about.permission)
      ? 'kms:GenerateDataKey'
      : 'kms:Decrypt';
  const statement = statementFor({ permission, on: about.on }, about.region);
  const absent = kms ? '' : '; AWS says the same of a secret that is not there';
  return fault('DENIED', about, `${permission} is not allowed`, {
    hint: `grant it: ${statement}${absent}`,
    unsent: true,
  });
}

/** Where AWS, or a proxy before it, answers with no more than a status. */
function statusFault({ name, status }: SdkError, about: About): KeyturnError | null {
  if (status === null) return null;
  if (status === 429) {
    return fault('RATE_LIMITED', about, 'AWS asks to come back later (429)', {
      hint: 'run again in a minute',
      unsent: true,
    });
  }
  if (status >= 500 || name === 'InternalServiceError' || name === 'ServiceUnavailable') {
    return fault('UNAVAILABLE', about, `AWS is broken for the moment (${status})`, {
      hint: 'run again later; the AWS Health Dashboard says more',
    });
  }
  if (status >= 400 && /^[A-Z][A-Za-z]{2,60}$/.test(name) && !/(Error|ServiceException)$/.test(name)) {
    return fault('REFUSED', about, `AWS refuses the request (${name})`, {
      hint: 'check region, endpoint and location in the configuration; keyturn doctor tries them',
      unsent: true,
      remoteCode: name,
    });
  }
  return fault('BAD_REPLY', about, `the answer (${status}) is not one of AWS Secrets Manager`, {
    hint: 'check endpoint in the configuration, and any proxy in between',
  });
}

function otherFault(caught: unknown, error: SdkError, about: About): KeyturnError {
  if (error.name === 'SyntaxError') {
    return fault('BAD_REPLY', about, 'the answer is cut or is not JSON', {
      hint: 'check endpoint in the configuration, and any proxy in between',
    });
  }
  if (error.name === 'TimeoutError') {
    return fault('TIMEOUT', about, `no answer from ${about.host}`, {
      hint: 'check the network and the AWS Health Dashboard, then run again',
    });
  }
  if (error.code !== null) return networkFailure(caught, doing(about), about.host);
  return fault('BUG', about, `unexpected ${/^\w{1,40}$/.test(error.name) ? error.name : 'error'}`, {
    hint: 'report this with the command you ran and its output at --verbose',
  });
}

/** A refusal that the caller did not expect. */
export function unexpected(refusal: Refusal, about: About): KeyturnError {
  return fault('REFUSED', about, `AWS refuses the request: ${WHY[refusal]}`, {
    hint: 'run keyturn doctor; look at the secret in the AWS console',
    unsent: true,
  });
}

const WHY: Readonly<Record<Refusal, string>> = {
  absent: 'there is no such secret or version',
  exists: 'there is such a secret or version already',
  parameter: 'a parameter is not one that it takes',
  state: 'the state of the secret does not allow it',
};

export function fault(
  code: ErrorCode,
  about: About,
  what: string,
  detail: { hint: string; unsent?: boolean; remoteCode?: string },
): KeyturnError {
  return new KeyturnError(code, `${doing(about)}: ${what}`, detail);
}

function doing({ permission, on }: Right): string {
  const action = permission.replace(/^.*:/, '');
  return on === '*' ? action : `${action} of ${on}`;
}

function readError(caught: unknown): SdkError {
  const error = (typeof caught === 'object' && caught !== null ? caught : {}) as {
    readonly name?: unknown;
    readonly message?: unknown;
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: unknown };
  };
  const { httpStatusCode } = error.$metadata ?? {};
  return {
    name: typeof error.name === 'string' ? error.name : '',
    message: typeof error.message === 'string' ? error.message : '',
    code: typeof error.code === 'string' ? error.code : null,
    status: typeof httpStatusCode === 'number' ? httpStatusCode : null,
  };
}
