import { KeyturnError } from '../core/errors.ts';

/** Failures before a connection existed, so that nothing can have been sent over it. */
const BEFORE_CONNECTION: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Failures that also befall an open connection; they were before it only where the system call was `connect`. */
const WHILE_CONNECTING: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
]);

/** Certificates and handshakes that fail before the first byte of the request. */
const TLS_BEFORE_REQUEST =
  /^(ERR_TLS_CERT_|ERR_SSL_WRONG_VERSION_NUMBER$|CERT_|DEPTH_ZERO_|SELF_SIGNED_CERT|UNABLE_TO_|HOSTNAME_MISMATCH$|INVALID_(CA|PURPOSE)$)/;

/** What came is not HTTP, or not decodable: an answer, but no use. */
const NOT_HTTP = /^(HPE_|Z_|ERR__?ERROR_|ERR_BROTLI|UND_ERR_HEADERS_OVERFLOW$)/;

const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,47}$/;

interface Trouble {
  readonly code: string | null;
  readonly syscall: string | null;
}

/** What a failed fetch means. Of the foreign error only its system code is taken over. */
export function networkFailure(caught: unknown, what: string, host: string): KeyturnError {
  if (caught instanceof KeyturnError) return caught;
  const troubles = troublesOf(caught);
  const code = troubles.find((trouble) => trouble.code !== null)?.code ?? null;
  const named = code === null ? '' : ` (${code})`;
  if (troubles.length > 0 && troubles.every((trouble) => TLS_BEFORE_REQUEST.test(trouble.code ?? ''))) {
    return new KeyturnError('UNREACHABLE', `${what}: ${host} has no trusted TLS certificate${named}`, {
      hint: 'check the clock of this machine, its proxy, and NODE_EXTRA_CA_CERTS',
      unsent: true,
    });
  }
  if (code !== null && NOT_HTTP.test(code)) {
    return new KeyturnError(
      'BAD_REPLY',
      `${what}: ${host} answered with something that is not HTTP${named}`,
      {
        hint: 'check that the configured URL is the API of the provider, and any proxy in between',
      },
    );
  }
  const unsent = troubles.length > 0 && troubles.every(surelyUnsent);
  return new KeyturnError(
    'UNREACHABLE',
    `${what}: ${unsent ? 'cannot reach' : 'no answer from'} ${host}${named}`,
    {
      hint: 'check the network and the status page of the provider, then run again',
      ...(unsent ? { unsent } : {}),
    },
  );
}

function surelyUnsent({ code, syscall }: Trouble): boolean {
  if (code === null) return false;
  return BEFORE_CONNECTION.has(code) || (WHILE_CONNECTING.has(code) && syscall === 'connect');
}

/** fetch hides the reason in `cause`, and a host with several addresses has one reason for each. */
function troublesOf(caught: unknown): readonly Trouble[] {
  const reason = caught instanceof Error && caught.cause !== undefined ? caught.cause : caught;
  const each = reason instanceof AggregateError && reason.errors.length > 0 ? reason.errors : [reason];
  return each.map((error: unknown) => ({
    // Newer Nodes give what is not HTTP a name, and no code.
    code: field(error, 'code') ?? (field(error, 'name') === 'HTTPParserError' ? 'HPE_UNKNOWN' : null),
    syscall: field(error, 'syscall'),
  }));
}

function field(error: unknown, name: 'code' | 'syscall' | 'name'): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const value: unknown = (error as Readonly<Record<string, unknown>>)[name];
  if (typeof value !== 'string') return null;
  return name !== 'code' || SYSTEM_CODE.test(value) ? value : null;
}
