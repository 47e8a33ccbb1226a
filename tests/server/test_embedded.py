"""The server inside the process: `memory://` and `file:PATH`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from floruntime.client.client import FloClient
from floruntime.core.errors import BadRequestError, UnavailableError
from floruntime.server import embedded
from floruntime.server.data.storage import DiskStorage
from floruntime.server.embedded import open_embedded


async def test_each_memory_endpoint_is_a_server_of_its_own() -> None:
    async with FloClient("memory://") as one, FloClient("memory://") as two:
        await one.kv.put("k", b"v")
        assert await one.kv.get("k") == b"v"
        assert await two.kv.get("k") is None


async def test_a_file_endpoint_keeps_its_state(tmp_path: Path) -> None:
    endpoint = f"file:{tmp_path / 'data'}"
    for _ in range(2):
        async with FloClient(endpoint) as client:
            count = await client.kv.incr("n")
    assert count == 2
    assert embedded._open_files == {}


async def test_clients_of_one_path_share_one_server_until_the_last_goes(tmp_path: Path) -> None:
    path = tmp_path / "data"
    (tmp_path / "link").symlink_to(path)
    one = await open_embedded(f"file:{path}")
    two = await open_embedded(f"file:{tmp_path / 'link'}")
    assert one is two
    await one.release()
    assert not one.server.is_stopping
    await two.release()
    assert one.server.is_stopping
    assert embedded._open_files == {}


async def test_a_path_can_be_opened_again_while_its_last_user_is_leaving(tmp_path: Path) -> None:
    endpoint = f"file:{tmp_path / 'data'}"
    first = await open_embedded(endpoint)
    leaving = asyncio.ensure_future(first.release())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        second = await open_embedded(endpoint)
    await leaving
    assert second is not first
    await second.release()


async def test_a_path_in_use_by_another_is_refused(tmp_path: Path) -> None:
    other = DiskStorage(str(tmp_path / "data"))
    with pytest.raises(UnavailableError, match="in use"):
        await open_embedded(f"file:{tmp_path / 'data'}")
    other.close()
    mine = await open_embedded(f"file:{tmp_path / 'data'}")
    await mine.release()


@pytest.mark.parametrize("endpoint", ["file:", "memory:", "memory://x", "data"])
async def test_other_endpoints_are_refused(endpoint: str) -> None:
    with pytest.raises(BadRequestError, match="endpoint"):
        await open_embedded(endpoint)


async def test_a_link_closed_by_either_end_is_noticed() -> None:
    server = await open_embedded("memory://")
    closed: list[str] = []
    mine = server.connect(lambda bodies: None, lambda reason: closed.append("mine"))
    theirs = server.connect(lambda bodies: None, lambda reason: closed.append("theirs"))
    mine.close()
    theirs.send([b"not flo"])
    for _ in range(5):
        await asyncio.sleep(0)
    assert closed == ["theirs"]
    assert server.server.info().connections == 0
    await server.release()
