import type { Call } from './call.ts';
import type { Switches } from './switches.ts';

/** An error of Graph before it is put into its envelope. */
export interface GraphError {
  readonly code: number;
  readonly message: string;
  readonly subcode?: number;
  readonly type?: 'OAuthException' | 'GraphMethodException';
  readonly transient?: boolean;
  /** Where Meta does not leave the status to the code. */
  readonly status?: number;
  /** For WhatsApp edges: error_data.details. */
  readonly details?: string;
}

/** What an edge answers when it is not an error. */
export interface Answer {
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const RATE_LIMIT_CODES: readonly number[] = [
  4, 9, 17, 32, 341, 613, 80007, 80008, 130429, 131048, 131056, 131057, 131064, 133016,
];

/** The HTTP status of an error: its own, or what the switches say for its code. */
export function statusOf(error: GraphError, switches: Switches): number {
  const { code } = error;
  if (error.status !== undefined) return error.status;
  if ([0, 102, 104, 190].includes(code)) return switches.statusFor190;
  if (code === 3 || code === 10 || (code >= 200 && code < 300)) return switches.statusFor200;
  if (RATE_LIMIT_CODES.includes(code)) return switches.statusForRateLimit;
  if (code === 1 || code === 2) return switches.statusForTransient;
  if (code === 131000 || code === 131016) return 500;
  if (code === 368) return 403;
  return code === 803 ? 404 : 400;
}

/** The error envelope. `traceId` is the fbtrace_id. */
export function envelope(error: GraphError, switches: Switches, traceId: string): unknown {
  const data = error.details && { messaging_product: 'whatsapp', details: error.details };
  return {
    error: {
      message: error.message,
      type: error.type ?? 'OAuthException',
      code: error.code,
      ...(error.subcode !== undefined && switches.subcodePresent && { error_subcode: error.subcode }),
      ...(switches.isTransientPresent && { is_transient: error.transient ?? false }),
      ...(data && { error_data: switches.errorDataAsString ? JSON.stringify(data) : data }),
      fbtrace_id: traceId,
    },
  };
}

/** A boolean answer, in the shape that the switches say. */
export function success(switches: Switches, shape: 'true' | 'success' = 'success'): Answer {
  if (shape === 'true') return { body: true };
  return { body: { success: switches.successAsString ? 'true' : true } };
}

export function invalidParameter(message: string): GraphError {
  return { code: 100, message: `(#100) ${message}` };
}

export function missingParameter(name: string): GraphError {
  return invalidParameter(`The parameter ${name} is required`);
}

export function forbidden(message: string): GraphError {
  return { code: 200, message: `(#200) ${message}` };
}

/** The object is not there, may not be seen, or does not take this method. */
export function missingObject(call: Call, switches: Switches): GraphError {
  const [id = ''] = call.segments;
  if (switches.missingObject === '803') {
    return { code: 803, message: `(#803) Some of the aliases you requested do not exist: ${id}` };
  }
  return unsupported(call);
}

/** The path does not take this method, whatever the switches say. */
export function unsupported(call: Call): GraphError {
  const [id = ''] = call.segments;
  const message =
    `Unsupported ${call.method.toLowerCase()} request. Object with ID '${id}' does not exist, ` +
    'cannot be loaded due to missing permissions, or does not support this operation.';
  return { code: 100, subcode: 33, type: 'GraphMethodException', message };
}

export function expired(expiresAt: number, now: number): GraphError {
  const message =
    `Error validating access token: Session has expired on ${pacific(expiresAt)}. ` +
    `The current time is ${pacific(now)}.`;
  return { code: 190, subcode: 463, message };
}

export function revoked(switches: Switches): GraphError {
  const message = 'Error validating access token: The session was invalidated explicitly using an API call.';
  return {
    code: 190,
    message,
    ...(switches.revokeSubcode !== 'none' && { subcode: switches.revokeSubcode }),
  };
}

export function unreadable(): GraphError {
  return { code: 190, message: 'Invalid OAuth access token - Cannot parse access token' };
}

/** As Meta writes times in messages: `Saturday, 11-Dec-21 05:00:00 PST`. */
function pacific(time: number): string {
  const [day = '', month = '', date = '', year = '', clock = ''] = new Intl.DateTimeFormat('en-US', {
    timeZone: 'Etc/GMT+8',
    weekday: 'long',
    month: 'short',
    day: '2-digit',
    year: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
    .format(time)
    .split(/,? /);
  return `${day}, ${date}-${month}-${year} ${clock} PST`;
}
