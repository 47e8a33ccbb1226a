"""The first call connects; and the event loop, thread and process that a client belongs to."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from floruntime.client.calls import _kept_after_fork
from floruntime.core.errors import ConnectionFailedError, NotConnectedError, RequestTimeoutError
from floruntime.testing import FloTestServer
from tests.client.fake_server import FakeServer
from tests.client.test_client import client_of, now_s
from tests.client.virtual_time import settle, virtual

# The first call


@virtual
async def test_the_first_call_connects_and_connect_gives_the_client() -> None:
    server = FakeServer()
    client = client_of(server)
    assert await asyncio.gather(*(client.kv.get(key) for key in "abc")) == [b"a", b"b", b"c"]
    assert server.connects == 1
    assert await client.connect() is client
    assert server.connects == 1
    await client.close()
    with pytest.raises(NotConnectedError, match="closed"):
        await client.kv.get("a")
    assert server.connects == 1


@virtual
async def test_a_first_call_that_cannot_connect_says_why_and_the_next_one_tries_again() -> None:
    server = FakeServer()
    server.connect_error = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    client = client_of(server)
    with pytest.raises(ConnectionFailedError, match="is a server running there"):
        await client.kv.get("a")
    server.connect_error = None
    assert await client.kv.get("a") == b"a"
    await client.close()


@virtual
async def test_a_first_call_has_no_more_time_than_its_own() -> None:
    server = FakeServer()
    server.is_deaf = True
    client = client_of(server, timeout_ms=5_000)
    began = now_s()
    with pytest.raises(RequestTimeoutError, match="no connection to fake:9000 yet") as caught:
        await client.kv.put("a", b"", timeout_ms=200)
    assert now_s() - began == pytest.approx(0.2)
    assert caught.value.ran == "no"
    await client.close()


@virtual
async def test_a_first_call_that_is_cancelled_leaves_the_connecting_to_the_others() -> None:
    server = FakeServer()
    client = client_of(server)
    first = asyncio.ensure_future(client.kv.get("a"))
    second = asyncio.ensure_future(client.kv.get("b"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == b"b"
    assert server.connects == 1
    await client.close()


@virtual
async def test_closing_ends_the_connecting_of_a_first_call() -> None:
    server = FakeServer()
    server.is_deaf = True
    client = client_of(server)
    call = asyncio.ensure_future(client.kv.get("a"))
    await settle()
    await client.close()
    with pytest.raises(NotConnectedError, match="closed"):
        await call


# Loops, threads, processes


def run_in(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> Any:
    return loop.run_until_complete(asyncio.wait_for(work, 5))


def test_in_another_event_loop_it_says_so_at_once() -> None:
    own, other = asyncio.new_event_loop(), asyncio.new_event_loop()
    client = client_of(FakeServer())
    run_in(own, client.connect())
    for use in (client.kv.get("a"), client.kv.put("a", b""), client.connect(), client.close()):
        with pytest.raises(NotConnectedError, match="another event loop") as caught:
            run_in(other, use)
        assert caught.value.ran == "no"
    assert run_in(own, client.kv.get("a")) == b"a"
    run_in(own, client.close())
    own.close()
    other.close()


def test_while_it_connects_in_another_event_loop_it_says_so_too() -> None:
    own, other = asyncio.new_event_loop(), asyncio.new_event_loop()
    server = FakeServer()
    server.is_deaf = True
    client = client_of(server)
    first = own.create_task(client.kv.get("a"))
    own.run_until_complete(asyncio.sleep(0))
    with pytest.raises(NotConnectedError, match="another event loop"):
        run_in(other, client.kv.get("a"))
    first.cancel()
    own.run_until_complete(asyncio.gather(first, return_exceptions=True))
    run_in(own, client.close())
    own.close()
    other.close()


def test_once_its_event_loop_has_ended_it_connects_in_the_next_one() -> None:
    server = FakeServer()
    client = client_of(server)
    for connects in (1, 2, 3):  # a module's client, in three tests
        loop = asyncio.new_event_loop()
        assert run_in(loop, client.kv.get("a")) == b"a"
        assert server.connects == connects
        loop.close()
    asyncio.run(client.close())
    assert not client.is_connected


def test_closed_it_may_be_used_in_any_event_loop() -> None:
    client = client_of(FakeServer())

    async def use() -> None:
        async with client:
            assert await client.kv.get("a") == b"a"

    for _ in range(2):
        asyncio.run(use())


async def test_in_a_thread_with_a_loop_of_its_own_it_says_so() -> None:
    caught: list[BaseException] = []
    async with client_of(FakeServer()) as client:

        def use() -> None:
            try:
                asyncio.run(asyncio.wait_for(client.kv.get("a"), 5))
            except NotConnectedError as error:
                caught.append(error)

        thread = threading.Thread(target=use)
        thread.start()
        await asyncio.to_thread(thread.join)
    assert "another event loop" in str(caught[0])


def in_a_child(work: Coroutine[Any, Any, bool]) -> int:
    """Run `work` in a forked process; its exit code, 0 where it gave true."""
    child = os.fork()
    if child == 0:
        asyncio.events._set_running_loop(None)  # as in a child that begins anew
        good = False
        try:
            good = asyncio.new_event_loop().run_until_complete(asyncio.wait_for(work, 5))
        finally:
            os._exit(0 if good else 1)
    work.close()
    return child


async def ended(child: int) -> int:
    return os.waitstatus_to_exitcode((await asyncio.to_thread(os.waitpid, child, 0))[1])


async def test_a_child_of_a_fork_is_told_and_its_close_leaves_the_parent_alone() -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.kv.put("a", b"1")

        async def misuse() -> bool:
            try:
                await client.kv.get("a")
            except NotConnectedError as error:
                return "before a fork" in str(error)
            return False

        async def close() -> bool:
            await client.close()
            return len(_kept_after_fork) == 1 and not client.is_connected

        assert await ended(in_a_child(misuse())) == 0
        assert await ended(in_a_child(close())) == 0
        assert await asyncio.wait_for(client.kv.get("a"), 5) == b"1"
        assert not _kept_after_fork
