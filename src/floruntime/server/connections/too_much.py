"""Refusals of requests that are too much, or come too late."""

from __future__ import annotations

from typing import Any, Protocol

from floruntime.core.errors import OverloadedError, UnavailableError
from floruntime.server.connections.load import AnswersLoad, Load


class Bounds(Protocol):
    """How much there may be, and how much there is."""

    in_flight_max: int
    load: Load
    answers: AnswersLoad


def refusal_for_load(
    bounds: Bounds, in_flight: int, size_bytes: int, request: Any
) -> OverloadedError | None:
    """Why a request is refused that finds too much under way, or too much unread; `None`: it is
    not.
    """
    load, answers = bounds.load, bounds.answers
    if in_flight >= bounds.in_flight_max or load.held_bytes + size_bytes > load.bytes_max:
        return overloaded(in_flight)
    if answers.held_bytes >= answers.bytes_max and answers.has_no_room_for(request):
        return unread()
    return None


def overloaded(in_flight: int) -> OverloadedError:
    return OverloadedError(
        f"too much is in flight ({in_flight} requests on this connection); send this again later"
    )


TOO_FAST = OverloadedError("too many requests a second on this connection; send this again later")


def unread() -> OverloadedError:
    return OverloadedError(
        "too many answers, of all connections together, wait to be read by clients; send this "
        "again later"
    )


def stopping() -> UnavailableError:
    return UnavailableError("the server is stopping and takes no new work")
