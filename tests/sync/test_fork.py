"""A child of a fork has a connection of its own, or hears why it cannot."""

from __future__ import annotations

import asyncio
import multiprocessing
from typing import Any

import pytest

from floruntime import NotConnectedError
from floruntime.sync import FloClient
from floruntime.testing import FloTestServer

FORK = multiprocessing.get_context("fork")


def in_child(function: Any, *arguments: Any) -> Any:
    """What `function` gives in a forked process."""
    near, far = FORK.Pipe()

    def run() -> None:
        try:
            far.send(function(*arguments))
        except Exception as error:
            far.send(error)

    process = FORK.Process(target=run)
    process.start()
    answer = near.recv()
    process.join(30)
    assert process.exitcode is not None
    return answer


async def test_parent_and_child_work_side_by_side() -> None:
    async with FloTestServer() as server:

        def both() -> tuple[Any, Any, Any]:
            client = FloClient(server.endpoint)
            client.kv.put("k", b"parent")
            seen = in_child(lambda: (client.kv.get("k"), client.kv.put("k", b"child").version))
            left = client.kv.get("k")
            client.close()
            return *seen, left

        assert await asyncio.to_thread(both) == (b"parent", 2, b"child")


def test_a_server_inside_the_parent_is_not_the_childs() -> None:
    with FloClient("memory://") as client:
        client.kv.put("k", b"v")
        error = in_child(client.kv.get, "k")
        assert isinstance(error, NotConnectedError)
        assert "memory://" in str(error)
        assert client.kv.get("k") == b"v"


@pytest.mark.parametrize("endpoint", ["memory://"])
def test_a_client_that_was_not_used_before_is_the_childs(endpoint: str) -> None:
    client = FloClient(endpoint)

    def used() -> bytes | None:
        client.kv.put("k", b"v")
        return client.kv.get("k")

    assert in_child(used) == b"v"
