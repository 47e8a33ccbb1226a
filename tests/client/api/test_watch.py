"""Watching keys: the position, losses, gaps, the end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime.client.api.kv import Kv
from floruntime.client.api.watch import BLOCK_MS
from floruntime.core.errors import (
    ConnectionFailedError,
    GapError,
    NotConnectedError,
    OverloadedError,
    RequestTimeoutError,
    UnavailableError,
)
from floruntime.core.kv import KvChange, KvChanges, KvChangesReply
from tests.client.fake_server import FakeServer
from tests.client.recorder import Asked, RecordingCaller
from tests.client.test_client import client_of
from tests.client.virtual_time import settle, virtual


def change(version: int) -> KvChange:
    return KvChange("k", b"%d" % version, version, False)


def reply(*versions: int, at: int) -> KvChangesReply:
    return KvChangesReply([change(version) for version in versions], at)


async def test_the_position_is_fixed_before_anything_is_waited_for() -> None:
    caller = RecordingCaller(reply(at=7), reply(at=9), reply(10, 12, at=12), reply(13, at=13))
    watch = Kv(caller).watch("k", namespace="n")
    assert [await anext(watch) for _ in range(3)] == [change(10), change(12), change(13)]
    assert caller.asked == [
        Asked(KvChanges("k", False, None, 0), "n", 0),
        Asked(KvChanges("k", False, 7, BLOCK_MS), "n", BLOCK_MS),
        Asked(KvChanges("k", False, 9, BLOCK_MS), "n", BLOCK_MS),
        Asked(KvChanges("k", False, 12, BLOCK_MS), "n", BLOCK_MS),
    ]


async def test_start_fixes_the_position_once() -> None:
    caller = RecordingCaller(RequestTimeoutError("slow"), reply(at=7), reply(8, at=8))
    watch = Kv(caller).watch("k")
    await watch.start()
    await watch.start()
    assert len(caller.asked) == 2
    assert await anext(watch) == change(8)


async def test_it_asks_where_it_begins_when_it_is_made() -> None:
    caller = RecordingCaller(reply(at=7))
    watch = Kv(caller).watch("k")
    await asyncio.sleep(0)
    assert caller.asked == [Asked(KvChanges("k", False, None, 0), None, 0)]
    await watch.start()
    assert len(caller.asked) == 1


async def test_trouble_when_it_is_made_is_told_by_the_first_step_if_it_lasts() -> None:
    caller = RecordingCaller(NotConnectedError("not yet"), reply(at=7), reply(8, at=8))
    assert await anext(Kv(caller).watch("k")) == change(8)
    caller = RecordingCaller(NotConnectedError("not yet"), NotConnectedError("still not"))
    with pytest.raises(NotConnectedError, match="still not"):
        await anext(Kv(caller).watch("k"))


def test_a_watch_may_be_made_before_a_loop_runs() -> None:
    caller = RecordingCaller(reply(at=7), reply(8, at=8))
    watch = Kv(caller).watch("k")
    assert not caller.asked

    async def first() -> KvChange:
        return await anext(watch)

    assert asyncio.run(first()) == change(8)


async def test_a_given_version_is_where_it_starts() -> None:
    caller = RecordingCaller(reply(4, at=4))
    watch = Kv(caller).watch("p", prefix=True, from_version=3)
    await watch.start()
    assert await anext(watch) == change(4)
    assert caller.requests == [KvChanges("p", True, 3, BLOCK_MS)]


@pytest.mark.parametrize(
    "error", [RequestTimeoutError, ConnectionFailedError, OverloadedError, UnavailableError]
)
async def test_a_failed_step_is_asked_again_from_the_same_position(error: Any) -> None:
    caller = RecordingCaller(reply(6, at=6), error("x"), error("x"), reply(7, at=7))
    watch = Kv(caller).watch("k", from_version=5)
    assert [await anext(watch), await anext(watch)] == [change(6), change(7)]
    assert [each.from_version for each in caller.requests] == [5, 6, 6, 6]  # type: ignore[attr-defined]  # all KvChanges


async def test_a_gap_is_raised() -> None:
    caller = RecordingCaller(GapError("gone", first_version=40))
    with pytest.raises(GapError) as caught:
        await anext(Kv(caller).watch("k", from_version=5))
    assert caught.value.first_version == 40


async def test_a_closed_watch_ends() -> None:
    watch = Kv(RecordingCaller(reply(1, 2, at=2))).watch("k", from_version=0)
    seen = []
    async for each in watch:
        seen.append(each.version)
        await watch.aclose()
    assert seen == [1]


@virtual
async def test_a_watch_goes_on_over_a_lost_connection_and_ends_with_the_client() -> None:
    changes: list[int] = []

    def answer(envelope: Any) -> Any:
        since = envelope.request.from_version
        later = [version for version in changes if since is not None and version > since]
        return reply(*later, at=max(changes, default=1)) if later or since is None else silence

    from tests.client.fake_server import SILENCE as silence

    server = FakeServer(answer)
    client = client_of(server)
    await client.connect()
    step: asyncio.Future[KvChange] = asyncio.ensure_future(anext(client.kv.watch("k")))
    await settle()
    server.connect_error = ConnectionRefusedError("refused")
    server.drop_links()
    changes += [2]
    await asyncio.sleep(100)  # longer than the call's time
    server.connect_error = None
    assert await step == change(2)
    watch = client.kv.watch("k", from_version=2)
    step = asyncio.ensure_future(anext(watch))
    await settle()
    await client.close()
    with pytest.raises(NotConnectedError):
        await step
