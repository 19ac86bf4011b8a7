import { grpc } from 'google-gax';

/** A call ends with this: a code of gRPC, and the words that go with it. */
export class Failure extends Error {
  readonly code: number;
  readonly reason: string | undefined;

  /** `reason`: what Google's ErrorInfo would carry, such as SERVICE_DISABLED. */
  constructor(code: number, message: string, reason?: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export const invalid = (message: string) => new Failure(grpc.status.INVALID_ARGUMENT, message);
export const notFound = (name: string) =>
  new Failure(grpc.status.NOT_FOUND, `${name} not found or has no versions.`);
export const precondition = (message: string) => new Failure(grpc.status.FAILED_PRECONDITION, message);

/** As the server library wants it; the reason lies where a client finds ErrorInfo. */
export function toServiceError(failure: Failure): grpc.ServerErrorResponse {
  const metadata = new grpc.Metadata();
  if (failure.reason !== undefined) {
    metadata.set('grpc-status-details-bin', Buffer.from(`\n\u0010${failure.reason}`, 'latin1'));
  }
  return { name: 'Error', message: failure.message, code: failure.code, details: failure.message, metadata };
}
