"""Which web pages may connect.

A browser sends the page's origin, and no page can change it. Without tokens, only the origin keeps
a foreign page away from a server on its visitor's machine. So the server then accepts only pages of
that machine itself, and pages of the address that the browser connected to. A *name* proves nothing
there, because it can be made to lead to this machine for a moment. So an equal origin counts only
if it is an IP address.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

NULL = "null"
"""What browsers say for pages without an origin of their own, such as files."""
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+")
_PORTS = {"http": 80, "https": 443}


def normal_origin(text: str) -> str | None:
    """`text` as browsers write an origin: lower case, no default port; `None` if it is none."""
    lowered = text.lower()
    if lowered == NULL:
        return NULL
    if not _ORIGIN.fullmatch(lowered):
        return None
    try:
        parts = urlsplit(lowered)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown_port = "" if port is None or port == _PORTS.get(parts.scheme) else f":{port}"
    return f"{parts.scheme}://{host}{shown_port}"


def may_connect(
    origin: str | None, host: str | None, *, allowed: frozenset[str], needs_token: bool
) -> bool:
    """Whether a page of `origin` may connect; `None` is no page at all.

    `host` is the address that was connected to, as the client put it. With `needs_token` the token
    decides, unless `allowed` names origins: then only those are let in.
    """
    if origin is None:
        return True
    normal = normal_origin(origin)
    if normal is not None and normal in allowed:
        return True
    if needs_token:
        return not allowed
    return normal is not None and normal != NULL and (_is_near(normal) or _is_same(normal, host))


def _is_near(origin: str) -> bool:
    """Whether the page comes from its visitor's own machine."""
    name = urlsplit(origin).hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_same(origin: str, host: str | None) -> bool:
    """Whether the page comes from the very address that was connected to."""
    parts = urlsplit(origin)
    if host is None or normal_origin(f"{parts.scheme}://{host}") != origin:
        return False
    try:
        ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return False
    return True
