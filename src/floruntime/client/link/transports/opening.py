"""Chooses the transport for the text of an endpoint."""

from __future__ import annotations

import ssl

from floruntime.client.link.endpoint import WebEndpoint, parse_endpoints
from floruntime.client.link.transports.embedded import EmbeddedTransport
from floruntime.client.link.transports.protocol import Transport
from floruntime.client.link.transports.tcp import TcpTransport
from floruntime.core.errors import BadRequestError


def open_transport(endpoint: str, tls: bool | ssl.SSLContext | None) -> Transport:
    """The transport for the text of an endpoint. Raises `BadRequestError`."""
    parsed = parse_endpoints(endpoint)
    if isinstance(parsed, list):
        return TcpTransport(parsed, _tls_context(tls))
    if isinstance(parsed, WebEndpoint):
        return _web_transport(endpoint, parsed, tls)
    if tls:
        raise BadRequestError(f"tls goes with a network endpoint, not with {endpoint!r}")
    return EmbeddedTransport(parsed)


def _tls_context(tls: bool | ssl.SSLContext | None) -> ssl.SSLContext | None:
    if isinstance(tls, ssl.SSLContext):
        return tls
    return ssl.create_default_context() if tls else None


def _web_transport(
    endpoint: str, parsed: WebEndpoint, tls: bool | ssl.SSLContext | None
) -> Transport:
    from floruntime.client.link.transports.websocket import WebSocketTransport

    if tls and not parsed.is_secure:
        raise BadRequestError(f"tls goes with wss://, not with {endpoint!r}")
    return WebSocketTransport(parsed, _tls_context(tls or parsed.is_secure))
