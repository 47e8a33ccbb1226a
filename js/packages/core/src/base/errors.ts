import { ERROR_CODES } from "./error-codes.generated.js";
import type { Problem } from "./problem.generated.js";

/** Whether a failed call took effect: certainly not (a repeat is safe), or perhaps. */
export type Ran = "no" | "maybe";

export interface ErrorOptions {
  readonly ran?: Ran;
  readonly index?: number | null;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Base class of all errors of Flo. `code` is stable and travels on the wire. */
export class FloError extends Error {
  static readonly code: string = "error";
  /** Whether the call took effect although it failed. */
  readonly ran: Ran;
  /** Position of the refused command in its batch, `null` outside batches. */
  readonly index: number | null;
  /** Further data about the error. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.ran = options.ran ?? "no";
    this.index = options.index ?? null;
    this.details = options.details ?? {};
  }

  get code(): string {
    return (this.constructor as typeof FloError).code;
  }

  /** Another name for `code`. */
  get status(): string {
    return this.code;
  }

  /** Another name for `message`. */
  get serverMessage(): string {
    return this.message;
  }

  /** Whether this error has the code `code`. */
  is(code: string): boolean {
    return this.code === code;
  }
}

/** The run, action, workflow, stream or group named does not exist. */
export class NotFoundError extends FloError {
  static override readonly code = "not_found";
}

/** A condition lost, a lease is stale, or what exists differs from what is asked. */
export class ConflictError extends FloError {
  static override readonly code = "conflict";

  /**
   * The current version of the key (0: it does not exist); `null` if the error is not about
   * versions.
   */
  get currentVersion(): bigint | null {
    return versionIn(this.details, "current_version");
  }
}

/** A value, name or combination that can never be right. Sending it again cannot help. */
export class BadRequestError extends FloError {
  static override readonly code: string = "bad_request";

  /** The problems of a refused workflow definition; empty for other errors. */
  get problems(): readonly Problem[] {
    return (this.details["problems"] as Problem[] | undefined) ?? [];
  }
}

/** A value of the wrong type. The client throws this before anything is sent. */
export class BadTypeError extends BadRequestError {}

/** A watch asked for changes that are no longer kept; read the state and watch from there. */
export class GapError extends FloError {
  static override readonly code = "gap";

  /** The first version from which a watch can still start. */
  get firstVersion(): bigint {
    return versionIn(this.details, "first_version") ?? 0n;
  }
}

/** No token was given, or the token is not known. */
export class UnauthorizedError extends FloError {
  static override readonly code = "unauthorized";
}

/** The token is known but may not do this. */
export class ForbiddenError extends FloError {
  static override readonly code = "forbidden";
}

/** The server has too much in flight; it did not run this. Send it again later. */
export class OverloadedError extends FloError {
  static override readonly code = "overloaded";
}

/** The disk is nearly full: reads, acks, deletes and purges go on, growth is refused. */
export class StorageFullError extends FloError {
  static override readonly code = "storage_full";
}

/** The server is shutting down and takes no new work. */
export class UnavailableError extends FloError {
  static override readonly code = "unavailable";
}

/** No answer came within the call's time-out. */
export class RequestTimeoutError extends FloError {
  static override readonly code = "timeout";
}

/** The connection could not be made, or broke before the answer came. */
export class ConnectionFailedError extends FloError {
  static override readonly code = "connection_failed";
}

/** The client was closed. */
export class NotConnectedError extends FloError {
  static override readonly code = "not_connected";
}

/** The peer sent something that is not the protocol. */
export class ProtocolError extends FloError {
  static override readonly code = "protocol";
}

/** A bug in the server; its log has the details. */
export class InternalServerError extends FloError {
  static override readonly code = "internal";
}

/** Thrown by a handler: fails the run at once, without further attempts. */
export class NonRetryableError extends FloError {
  static override readonly code = "non_retryable";
}

/** An endpoint that cannot be parsed. */
export class InvalidEndpointError extends BadRequestError {}

/** A `blockMs` beyond 300,000. */
export class BlockTooLongError extends BadRequestError {}

/** The transaction is already committed or rolled back. */
export class TxnFinishedError extends BadRequestError {}

/**
 * A transaction does not have this method: it reads or changes several keys, or a part of a value.
 */
export class TxnUnsupportedOpError extends BadRequestError {}

/** The class of every code; a code that the server has and this package has not fails to compile. */
const CLASSES: Readonly<Record<keyof typeof ERROR_CODES, typeof FloError>> = {
  bad_request: BadRequestError,
  conflict: ConflictError,
  connection_failed: ConnectionFailedError,
  error: FloError,
  forbidden: ForbiddenError,
  gap: GapError,
  internal: InternalServerError,
  non_retryable: NonRetryableError,
  not_connected: NotConnectedError,
  not_found: NotFoundError,
  overloaded: OverloadedError,
  protocol: ProtocolError,
  storage_full: StorageFullError,
  timeout: RequestTimeoutError,
  unauthorized: UnauthorizedError,
  unavailable: UnavailableError,
};

// Names survive minifiers only where they are written out.
for (const [code, kind] of Object.entries(CLASSES)) {
  named(kind, ERROR_CODES[code as keyof typeof ERROR_CODES]);
}
named(BadTypeError, "BadTypeError");
named(InvalidEndpointError, "InvalidEndpointError");
named(BlockTooLongError, "BlockTooLongError");
named(TxnFinishedError, "TxnFinishedError");
named(TxnUnsupportedOpError, "TxnUnsupportedOpError");

function named(kind: { prototype: Error }, name: string): void {
  Object.defineProperty(kind.prototype, "name", {
    value: name,
    configurable: true,
    writable: true,
  });
}

/** The typed error of `code`; a code of a newer server becomes a plain `FloError`. */
export function errorOf(code: string, message: string, options: ErrorOptions): FloError {
  const isKnown = Object.hasOwn(ERROR_CODES, code);
  const kind = isKnown ? CLASSES[code as keyof typeof ERROR_CODES] : FloError;
  return new kind(message, options);
}

function versionIn(details: Readonly<Record<string, unknown>>, name: string): bigint | null {
  const version = details[name];
  return typeof version === "number" || typeof version === "bigint" ? BigInt(version) : null;
}
