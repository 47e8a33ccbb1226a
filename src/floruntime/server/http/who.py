"""Who sent a request, and from where: a program, or a page in somebody's browser.

With tokens the token decides. Without them the headers of browsers decide, which no page can leave
out: a request with neither `Origin` nor `Sec-Fetch-Site` comes from no page. A page's request is
judged like a WebSocket. A name that leads here only for a moment (DNS rebinding) gets nothing,
because `Host` must be `localhost`, an address or a host of `allowed_origins`.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from floruntime.core.errors import ForbiddenError, UnauthorizedError
from floruntime.core.limits import shown
from floruntime.server.connections.peer import Door
from floruntime.server.http.messages import HttpRequest
from floruntime.server.http.problems import HttpRefusal
from floruntime.server.metrics.counts import Refusal
from floruntime.server.server import FloServer

BEARER = "bearer "
NEAR_SITES = ("same-origin", "none")
"""`Sec-Fetch-Site` of requests by our own pages, and of addresses that were typed in."""


class Who(NamedTuple):
    """Which door a request came in by, and with which token. A page's rate is bounded."""

    door: Door
    token: str | None


async def who_sent(request: HttpRequest, server: FloServer) -> Who:
    """Judge the headers of a request. Raises the refusal: 401, 403, 421 or 503."""
    token = _token_of(request)
    door = Door.WEB if is_of_page(request) else Door.HTTP
    if token is not None and not server.access.needs_token:
        await server.hear_of_tokens()  # another node may have made the first token
    if not server.access.needs_token:
        check_host(request, server)
        if door is Door.WEB:
            check_page(request, server)
    return Who(door, token)


def is_of_page(request: HttpRequest) -> bool:
    """Whether a browser sent it."""
    return "origin" in request.headers or "sec-fetch-site" in request.headers


def check_page(request: HttpRequest, server: FloServer) -> None:
    """Raise `ForbiddenError` if the page is a foreign one."""
    origin = request.headers.get("origin")
    if origin is None:
        site = request.headers.get("sec-fetch-site", "")
        is_near = site in NEAR_SITES
    else:
        is_near = server.may_connect(origin, request.headers.get("host"))
    if not is_near:
        server.counts.refusals[Refusal.ORIGIN] += 1
        raise ForbiddenError(
            f"pages of {shown(origin or 'another site')} may not call this server; its "
            "setting allowed_origins names those that may"
        )


def check_host(request: HttpRequest, server: FloServer) -> None:
    """Raise 421 if the request was meant for another host."""
    host = request.headers.get("host", "")
    name = _name_in(host)
    if name == "localhost" or _is_address(name) or server.is_allowed_host(host):
        return
    raise HttpRefusal(
        421,
        f"Host is {shown(host)}; without tokens it must be localhost, an IP address or a host of "
        "the setting allowed_origins",
    )


def _token_of(request: HttpRequest) -> str | None:
    authorization = request.headers.get("authorization")
    if authorization is None:
        return None
    if not authorization.lower().startswith(BEARER):
        raise UnauthorizedError("Authorization must be Bearer and a token")
    return authorization[len(BEARER) :].strip()


def _name_in(host: str) -> str:
    """The host without its port; empty where it is anything but these two."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises if it is not a number
    except ValueError:
        return ""
    is_plain = parts.netloc == host and "@" not in host
    return parts.hostname or "" if is_plain else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
