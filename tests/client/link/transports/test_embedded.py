"""The embedded door: a server inside the process, loaded only when it is opened."""

from __future__ import annotations

import asyncio
import sys
import types
from typing import Any

import pytest

from floruntime.client.client import FloClient
from floruntime.core.errors import NotConnectedError, UnavailableError
from tests.client.fake_server import FakeServer
from tests.client.virtual_time import virtual


@virtual
async def test_an_embedded_server_is_opened_with_the_first_link_and_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = FakeServer()
    opened: list[str] = []

    class Embedded:
        def connect(self, on_bodies: Any, on_close: Any) -> Any:
            from tests.client.fake_server import FakeLink

            link = FakeLink(server, on_bodies, on_close)
            server.links.append(link)
            return link

        release = staticmethod(server.release)

    async def open_embedded(endpoint: str) -> Embedded:
        opened.append(endpoint)
        return Embedded()

    module = types.ModuleType("floruntime.server.embedded")
    module.open_embedded = open_embedded  # type: ignore[attr-defined]  # made here
    monkeypatch.setitem(sys.modules, "floruntime.server", types.ModuleType("floruntime.server"))
    monkeypatch.setitem(sys.modules, "floruntime.server.embedded", module)
    async with FloClient("memory://") as client:
        assert await client.kv.get("a") == b"a"
        server.drop_links()
        assert await client.kv.get("b") == b"b"
    assert opened == ["memory://"]
    assert server.released == 1


@virtual
async def test_without_the_servers_packages_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "floruntime.server", None)
    monkeypatch.setitem(sys.modules, "floruntime.server.embedded", None)
    with pytest.raises(UnavailableError, match=r"floruntime\[server\]"):
        await FloClient("memory://").connect()


def test_its_server_ends_with_the_event_loop_that_it_ran_in() -> None:
    client = FloClient("memory://")
    asyncio.run(_put(client))
    with pytest.raises(NotConnectedError, match="ended with it"):
        asyncio.run(_put(client))


async def _put(client: FloClient) -> None:
    await client.kv.put("a", b"")
