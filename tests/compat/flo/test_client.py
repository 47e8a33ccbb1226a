"""The client of the first SDK."""

from __future__ import annotations

import logging

import pytest

import floruntime
import floruntime.compat.flo as flo


async def test_it_is_used_with_or_without_a_block() -> None:
    client = flo.FloClient("memory://", namespace="app")
    assert not client.is_connected
    assert await client.connect() is client
    assert client.is_connected
    assert client.namespace == client.get_namespace() == "app"
    assert client.get_namespace("other") == "other"
    await client.kv.put("a", b"1")
    assert await client.native.kv.get("a") == b"1"
    await client.close()
    assert not client.is_connected
    with pytest.raises(flo.NotConnectedError):
        await client.kv.get("a")


async def test_it_connects_anew() -> None:
    async with flo.FloClient("memory://") as client:
        assert await client.reconnect() is client
        assert client.is_connected


@pytest.mark.parametrize("endpoint", ["", "ftp://x", "localhost:port"])
def test_endpoints_that_are_none(endpoint: str) -> None:
    with pytest.raises(flo.InvalidEndpointError):
        flo.FloClient(endpoint)


def test_debug_shows_what_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[int] = []
    monkeypatch.setattr(logging, "basicConfig", lambda *, level: levels.append(level))
    flo.FloClient("memory://")
    flo.FloClient("memory://", debug=True)
    assert levels == [logging.DEBUG]


def test_the_version_is_the_package_s() -> None:
    assert flo.__version__ == floruntime.__version__
