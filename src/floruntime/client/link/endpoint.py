"""Reads the text of an endpoint: where a server is, and how to reach it."""

from __future__ import annotations

import re
from typing import NamedTuple

from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.limits import shown
from floruntime.core.masked import masked

DEFAULT_PORT = 9000
WEB_PORTS = {"ws": 80, "wss": 443}
WEB_PATH = "/ws"
_BRACKETED = re.compile(r"\[([^\[\]]+)\](?::(.*))?")
_EXPECTED = (
    "an endpoint is HOST:PORT, [IPV6]:PORT, flo://HOST:PORT (flos:// with TLS), ws://HOST:PORT/ws, "
    "memory:// or file:PATH"
)


class TcpEndpoint(NamedTuple):
    """A server across a network."""

    host: str
    port: int


class WebEndpoint(NamedTuple):
    """A server across a network that is reached by WebSocket; with `is_secure`, inside TLS."""

    host: str
    port: int
    path: str
    is_secure: bool


class EmbeddedEndpoint(NamedTuple):
    """A server inside this process; `text` is `memory://` or `file:PATH`."""

    text: str


def parse_endpoint(text: str) -> TcpEndpoint | WebEndpoint | EmbeddedEndpoint:
    """The endpoint written as `text`. Raises `BadRequestError`."""
    if not isinstance(text, str):
        raise BadTypeError(f"an endpoint must be text, not {type(text).__name__}: {_EXPECTED}")
    if text.startswith("memory:"):
        return _memory(text)
    if text.startswith("file:"):
        return _file(text)
    scheme, colon, address = text.partition("://")
    if colon and scheme in WEB_PORTS:
        return _web(text, scheme, address)
    return _tcp(text)


def parse_endpoints(text: str) -> list[TcpEndpoint] | WebEndpoint | EmbeddedEndpoint:
    """As `parse_endpoint`, but also takes several nodes of a cluster, with commas between them.
    Raises `BadRequestError`.
    """
    if not isinstance(text, str) or "," not in text or text.startswith(("memory:", "file:")):
        parsed = parse_endpoint(text)
        return [parsed] if isinstance(parsed, TcpEndpoint) else parsed
    found: list[TcpEndpoint] = []
    for part in text.split(","):
        each = parse_endpoint(part.strip())
        if not isinstance(each, TcpEndpoint):
            raise BadRequestError(
                f"endpoint {shown(masked(text))}: of several endpoints each is HOST:PORT; a page "
                "has one address"
            )
        found.append(each)
    return found


def _memory(text: str) -> EmbeddedEndpoint:
    if text != "memory://":
        raise BadRequestError(f"endpoint {shown(masked(text))}: memory:// takes nothing after it")
    return EmbeddedEndpoint(text)


def _file(text: str) -> EmbeddedEndpoint:
    path = text.removeprefix("file:")
    if path.startswith("//"):
        path = path.removeprefix("//")
        if not path.startswith("/"):
            raise BadRequestError(f"endpoint {shown(masked(text))} names a host; write file:PATH")
    if not path:
        raise BadRequestError(f"endpoint {shown(masked(text))} names no path; write file:PATH")
    return EmbeddedEndpoint(f"file:{path}")


def _tcp(text: str) -> TcpEndpoint:
    address = text.removeprefix("flo://")
    if "/" in address or "@" in address or not address.strip():
        raise BadRequestError(f"endpoint {shown(masked(text))} is not understood: {_EXPECTED}")
    host, port = _split_port(text, address)
    if not host or any(character.isspace() for character in host):
        raise BadRequestError(f"endpoint {shown(masked(text))} names no host: {_EXPECTED}")
    return TcpEndpoint(host, DEFAULT_PORT if port is None else _port(text, port))


def _web(text: str, scheme: str, address: str) -> WebEndpoint:
    address, slash, path = address.partition("/")
    if any(mark in text for mark in "?#@") or not text.isprintable():
        raise BadRequestError(f"endpoint {shown(masked(text))} is not understood: {_EXPECTED}")
    host, port = _split_port(text, address)
    if not host or any(character.isspace() for character in text):
        raise BadRequestError(f"endpoint {shown(masked(text))} names no host: {_EXPECTED}")
    number = WEB_PORTS[scheme] if port is None else _port(text, port)
    return WebEndpoint(host, number, slash + path if path else WEB_PATH, scheme == "wss")


def _split_port(text: str, address: str) -> tuple[str, str | None]:
    if address.startswith("["):
        match = _BRACKETED.fullmatch(address)
        if match is None:
            raise BadRequestError(f"endpoint {shown(masked(text))} is not understood: {_EXPECTED}")
        return match[1], match[2]
    if address.count(":") > 1:
        raise BadRequestError(
            f"endpoint {shown(masked(text))}: write an IPv6 address in brackets, such as [::1]:9000"
        )
    host, colon, port = address.partition(":")
    return host, port if colon else None


def _port(text: str, port: str) -> int:
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65_535):
        raise BadRequestError(f"endpoint {shown(masked(text))}: the port must be 1 to 65535")
    return int(port)
