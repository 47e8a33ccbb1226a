"""Every error a caller can see.

    FloError
    ├── NotFoundError            the thing named does not exist
    ├── ConflictError            a condition does not hold (.current_version)
    ├── BadRequestError          a value or combination that can never be right (.problems)
    │   └── BadTypeError         … or of a type that is not taken (a TypeError, too)
    ├── GapError                 changes asked for are no longer kept (.first_version)
    ├── UnauthorizedError        no token, or a bad one
    ├── ForbiddenError           the token may not do this
    ├── OverloadedError          too much in flight; send again later
    ├── StorageFullError         the disk is nearly full; deletes still work
    ├── UnavailableError         the server is shutting down
    ├── RequestTimeoutError      no answer in time (a TimeoutError, too)
    ├── ConnectionFailedError    the connection could not be made, or broke (a ConnectionError, too)
    ├── NotConnectedError        the client is closed, or belongs to another event loop or process
    ├── ProtocolError            the peer broke the wire format
    ├── InternalServerError      a bug in the server
    └── NonRetryableError        raised by a handler: fails the run at once

`code` is stable and travels on the wire. `ran` says whether the command took effect:
"no" (certainly not: sending it again is safe) or "maybe".
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from floruntime.core.problem import Problem

Ran = Literal["no", "maybe"]


class FloError(Exception):
    """Base of all errors of Flo."""

    code: ClassVar[str] = "error"

    def __init__(
        self, message: str, *, ran: Ran = "no", index: int | None = None, **details: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.ran: Ran = ran
        #: Position of the refused command in its batch; `None` outside batches.
        self.index = index
        self.details: dict[str, Any] = details

    def __str__(self) -> str:
        return self.message


class NotFoundError(FloError):
    """The named run, action, workflow, stream or group does not exist."""

    code = "not_found"


class ConflictError(FloError):
    """A condition does not hold, a lease is stale, or what exists differs from what was asked."""

    code = "conflict"

    @property
    def current_version(self) -> int | None:
        """The version that the key has now (0: it is missing); `None` if no version is involved."""
        version = self.details.get("current_version")
        return version if isinstance(version, int) else None


class BadRequestError(FloError):
    """A value, name or combination that can never be right. Sending it again does not help."""

    code = "bad_request"

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with a workflow definition, and where; empty for other errors."""
        return msgspec.convert(self.details.get("problems", []), list[Problem])


class BadTypeError(BadRequestError, TypeError):
    """A value has a type that is not accepted. The client raises it before it sends anything."""


class GapError(FloError):
    """A watch asked for changes that are no longer kept. Read the state and watch from there."""

    code = "gap"

    @property
    def first_version(self) -> int:
        """The first version from which a watch can still start."""
        version = self.details.get("first_version", 0)
        return version if isinstance(version, int) else 0


class UnauthorizedError(FloError):
    """No token was given, or the token is not known."""

    code = "unauthorized"


class ForbiddenError(FloError):
    """The token is known, but may not do this."""

    code = "forbidden"


class OverloadedError(FloError):
    """The server has too much in flight and did not run this. Send it again later."""

    code = "overloaded"


class StorageFullError(FloError):
    """The disk is nearly full, so writes that add data are refused.

    Reads, acks, deletes and purges continue.
    """

    code = "storage_full"


class UnavailableError(FloError):
    """The server is shutting down and takes no new work."""

    code = "unavailable"


class RequestTimeoutError(FloError, TimeoutError):
    """No answer came within the call's time-out. It is also a `TimeoutError`."""

    code = "timeout"


class ConnectionFailedError(FloError, ConnectionError):
    """The connection failed, or broke before the answer came. It is also a `ConnectionError`."""

    code = "connection_failed"


class NotConnectedError(FloError):
    """The client is closed, or is connected in another event loop, thread or process."""

    code = "not_connected"


class ProtocolError(FloError):
    """The peer sent something that violates the protocol."""

    code = "protocol"


class InternalServerError(FloError):
    """A bug in the server. The server's log has the details."""

    code = "internal"


class NonRetryableError(FloError):
    """Raised by a handler: fails the run at once, without further attempts."""

    code = "non_retryable"


_ALL: list[type[FloError]] = [FloError, *FloError.__subclasses__()]
BY_CODE: dict[str, type[FloError]] = {error.code: error for error in _ALL}


def from_wire(
    code: str, message: str, ran: Ran, index: int | None, details: dict[str, Any]
) -> FloError:
    """Build the typed error of `code`; an unknown code of a newer server becomes a `FloError`."""
    error = BY_CODE.get(code, FloError)(message, ran=ran, index=index)
    error.details.update(details)  # not as keyword arguments: a peer may send any name
    return error
