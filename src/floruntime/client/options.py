"""The options of clients as `TypedDict`s, for functions that pass them on: checked by mypy."""

from __future__ import annotations

import ssl
from typing import TypedDict

from floruntime.client.link.reads import ReadsFrom
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.token import Token
from floruntime.client.link.transports.protocol import Transport


class WebClientOptions(TypedDict, total=False):
    """The options of `floruntime.web.FloClient`, without its endpoint."""

    namespace: str
    token: Token | None
    timeout_ms: int
    tls: ssl.SSLContext | None
    reads: ReadsFrom
    max_staleness_ms: int | None


class ClientOptions(TypedDict, total=False):
    """The options of `FloClient`, without its endpoint."""

    namespace: str
    timeout_ms: int
    token: Token | None
    tls: bool | ssl.SSLContext | None
    retry: RetryPolicy
    transport: Transport | None
    reads: ReadsFrom
    max_staleness_ms: int | None
