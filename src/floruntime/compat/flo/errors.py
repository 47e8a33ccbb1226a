"""Errors under the names of that SDK, and functions that tell what kind an error is."""

from __future__ import annotations

from enum import StrEnum

from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    ConnectionFailedError,
    FloError,
    InternalServerError,
    NotConnectedError,
    NotFoundError,
    OverloadedError,
    ProtocolError,
    RequestTimeoutError,
    UnauthorizedError,
)

ServerError = GenericServerError = FloError
ValidationError = InvalidEndpointError = BadRequestError
NamespaceTooLargeError = KeyTooLargeError = ValueTooLargeError = BadRequestError
PayloadTooLargeError = BlockTooLongError = BadRequestError
RateLimitedError = OverloadedError
UnexpectedEofError = ConnectionFailedError
InvalidMagicError = InvalidChecksumError = UnsupportedVersionError = ProtocolError
IncompleteResponseError = ProtocolError


class StatusCode(StrEnum):
    """The values of `error.code`. The names are those of that SDK."""

    ERROR_GENERIC = "error"
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    CONFLICT = "conflict"
    INTERNAL_ERROR = "internal"
    OVERLOADED = "overloaded"
    RATE_LIMITED = "overloaded"  # one code of ours for two of theirs


def is_not_found(error: BaseException) -> bool:
    """Whether what was named does not exist."""
    return isinstance(error, NotFoundError)


def is_conflict(error: BaseException) -> bool:
    """Whether a condition does not hold."""
    return isinstance(error, ConflictError)


def is_bad_request(error: BaseException) -> bool:
    """Whether the request can never be right."""
    return isinstance(error, BadRequestError)


def is_unauthorized(error: BaseException) -> bool:
    """Whether no token was given, or an unknown one."""
    return isinstance(error, UnauthorizedError)


def is_overloaded(error: BaseException) -> bool:
    """Whether the server had too much in flight."""
    return isinstance(error, OverloadedError)


def is_internal(error: BaseException) -> bool:
    """Whether it is a bug in the server."""
    return isinstance(error, InternalServerError)


def is_connection_error(error: BaseException) -> bool:
    """Whether connecting again may help."""
    broken = (ConnectionFailedError, NotConnectedError, RequestTimeoutError, TimeoutError)
    return isinstance(error, broken)
