"""What is said to a request that is too much, or comes too late."""

from __future__ import annotations

from floruntime.core.errors import OverloadedError, UnavailableError


def overloaded(in_flight: int) -> OverloadedError:
    return OverloadedError(
        f"too much is in flight ({in_flight} requests on this connection); send this again later"
    )


TOO_FAST = OverloadedError("too many requests a second on this connection; send this again later")


def unread() -> OverloadedError:
    return OverloadedError("too many answers of all connections lie unread; send this again later")


def stopping() -> UnavailableError:
    return UnavailableError("the server is stopping and takes no new work")
