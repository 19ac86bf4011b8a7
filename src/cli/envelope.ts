import type { KeyturnError } from '../core/errors.ts';
import type { Report, Status } from './command.ts';

/** The version of the JSON output; it changes when a field goes away or changes its meaning. */
export const OUTPUT_SCHEMA = 1;

export interface ErrorEntry {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly credential?: string;
}

/** The one document that a command prints with `--json`. */
export interface Envelope {
  readonly schema: typeof OUTPUT_SCHEMA;
  readonly command: string;
  readonly status: Status;
  readonly data: unknown;
  readonly errors: readonly ErrorEntry[];
  readonly next: readonly string[];
  readonly meta: { readonly version: string; readonly startedAt: string; readonly durationMs: number };
}

export function envelopeOf(
  command: string,
  report: Report,
  exitCode: number,
  meta: Envelope['meta'],
): Envelope {
  return {
    schema: OUTPUT_SCHEMA,
    command,
    status: report.status ?? statusOf(exitCode),
    data: report.data ?? null,
    errors: (report.errors ?? []).map(errorEntry),
    next: report.next ?? [],
    meta,
  };
}

export function errorEntry(error: KeyturnError): ErrorEntry {
  const { credential } = error.detail;
  return {
    code: error.code,
    message: error.message,
    hint: error.hint,
    retryable: error.retryable,
    ...(credential === undefined ? {} : { credential }),
  };
}

export function statusOf(exitCode: number): Status {
  switch (exitCode) {
    case 0:
      return 'ok';
    case 6:
      return 'unsafe';
    case 7:
      return 'findings';
    default:
      return 'failed';
  }
}
