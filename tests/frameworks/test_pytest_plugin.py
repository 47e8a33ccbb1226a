"""The fixtures that are there without being imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from floruntime import FloClient
from floruntime.testing import FloTestServer


async def test_a_key_expires_by_the_clock_of_the_test(
    flo: FloClient, flo_clock: Callable[[int], Awaitable[None]], flo_server: FloTestServer
) -> None:
    await flo.kv.put("k", b"v", ttl_ms=60_000)
    begun_ms = flo_server.now_ms
    await flo_clock(59_999)
    assert await flo.kv.get("k") == b"v"
    await flo_clock(1)
    assert await flo.kv.get("k") is None
    assert flo_server.now_ms == begun_ms + 60_000


async def test_each_test_has_a_server_of_its_own(flo: FloClient) -> None:
    assert (await flo.kv.scan()).entries == []
