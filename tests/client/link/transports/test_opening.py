"""Which transport an endpoint asks for, and what goes with it."""

from __future__ import annotations

import pytest

from floruntime.client.client import FloClient
from floruntime.core.errors import BadRequestError


def test_tls_goes_with_wss_alone() -> None:
    with pytest.raises(BadRequestError, match="wss://"):
        FloClient("ws://localhost:9000/ws", tls=True)


def test_tls_without_a_network_is_refused() -> None:
    with pytest.raises(BadRequestError, match="tls"):
        FloClient("memory://", tls=True)
