// Generated from the types of `floruntime.core` by scripts/generate_js_messages.py; do not edit.

/** The classes of errors, by the code that travels. */
export const ERROR_CODES = {
  bad_request: "BadRequestError",
  conflict: "ConflictError",
  connection_failed: "ConnectionFailedError",
  error: "FloError",
  forbidden: "ForbiddenError",
  gap: "GapError",
  internal: "InternalServerError",
  non_retryable: "NonRetryableError",
  not_connected: "NotConnectedError",
  not_found: "NotFoundError",
  overloaded: "OverloadedError",
  protocol: "ProtocolError",
  storage_full: "StorageFullError",
  timeout: "RequestTimeoutError",
  unauthorized: "UnauthorizedError",
  unavailable: "UnavailableError",
} as const;
