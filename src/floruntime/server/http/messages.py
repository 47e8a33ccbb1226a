"""An HTTP request as it arrived, and its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

from floruntime.server.connections.peer import Peer

Headers = tuple[tuple[str, str], ...]

JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT = "text/plain; charset=utf-8"


class HttpRequest(NamedTuple):
    """One request, whole. Names of headers are in lower case; `path` is as it was sent."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    peer: Peer


class HttpResponse(NamedTuple):
    """One answer, whole. `more`: what follows the body's first piece, where it is large."""

    status: int
    body: bytes = b""
    content_type: str = TEXT
    headers: Headers = ()
    more: Sequence[bytes] = ()


class EventResponse(NamedTuple):
    """An answer in parts: encoded Server-Sent Events, sent as they happen, until they end."""

    events: AsyncIterator[bytes]
    headers: Headers = ()


Answer = HttpResponse | EventResponse


def text_response(status: int, text: str) -> HttpResponse:
    """An answer with a line of plain text, for people."""
    return HttpResponse(status, text.encode())
