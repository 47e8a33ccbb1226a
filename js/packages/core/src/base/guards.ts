/**
 * Tell errors apart by their code. This also works where `instanceof` does not, as between two
 * copies of this package in one program.
 */

import type {
  BadRequestError,
  ConflictError,
  ConnectionFailedError,
  FloError,
  ForbiddenError,
  GapError,
  InternalServerError,
  NonRetryableError,
  NotConnectedError,
  NotFoundError,
  OverloadedError,
  ProtocolError,
  RequestTimeoutError,
  StorageFullError,
  UnauthorizedError,
  UnavailableError,
} from "./errors.js";

/** Whether it is an error of Flo, of any kind. */
export function isFloError(error: unknown): error is FloError {
  const { code, ran } = Object(error ?? {}) as Partial<FloError>;
  return typeof code === "string" && (ran === "no" || ran === "maybe");
}

function guardOf<Kind extends FloError>(code: string): (error: unknown) => error is Kind {
  return (error): error is Kind => isFloError(error) && error.code === code;
}

/** Whether the run, action, workflow, stream or group named does not exist. */
export const isNotFound = guardOf<NotFoundError>("not_found");
/** Whether a condition lost, or a lease is stale. */
export const isConflict = guardOf<ConflictError>("conflict");
/** Whether a value, name or combination is never allowed. */
export const isBadRequest = guardOf<BadRequestError>("bad_request");
/** Whether a watch asked for changes that are no longer kept. */
export const isGap = guardOf<GapError>("gap");
/** Whether no token was given, or one that is not known. */
export const isUnauthorized = guardOf<UnauthorizedError>("unauthorized");
/** Whether the token may not do this. */
export const isForbidden = guardOf<ForbiddenError>("forbidden");
/** Whether the server had too much in flight. */
export const isOverloaded = guardOf<OverloadedError>("overloaded");
/** Whether the server's disk is nearly full. */
export const isStorageFull = guardOf<StorageFullError>("storage_full");
/** Whether the server is shutting down. */
export const isUnavailable = guardOf<UnavailableError>("unavailable");
/** Whether no answer came in time. */
export const isTimeout = guardOf<RequestTimeoutError>("timeout");
/** Whether the connection could not be made, or broke. */
export const isConnectionFailed = guardOf<ConnectionFailedError>("connection_failed");
/** Whether the client was closed. */
export const isNotConnected = guardOf<NotConnectedError>("not_connected");
/** Whether the peer sent something that is not the protocol. */
export const isProtocol = guardOf<ProtocolError>("protocol");
/** Whether it is a bug in the server. */
export const isInternal = guardOf<InternalServerError>("internal");
/** Whether a handler said that another attempt cannot help. */
export const isNonRetryable = guardOf<NonRetryableError>("non_retryable");
