"""What both kinds of workers have: their settings, and working in the background of a block."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime import (
    ActionContext,
    ActionWorker,
    BadRequestError,
    ConnectionFailedError,
    FloClient,
    QueueWorker,
    StreamContext,
    StreamWorker,
)
from floruntime.client.worker.flag import Flag


async def test_a_worker_works_in_the_background_of_its_block() -> None:
    async with FloClient("memory://") as client:
        worker = client.new_action_worker()

        @worker.action("greet")
        async def greet(ctx: ActionContext) -> str:
            return f"hello {ctx.text()}"

        async with worker as entered:
            assert entered is worker
            run = await client.action.call("greet", "Ada")
            assert run.output == b"hello Ada"
        assert not worker.is_running
        async with worker:  # and again
            assert (await client.action.call("greet", "Bo")).output == b"hello Bo"
            await worker.drain()
            assert not worker.is_running


async def test_a_stream_worker_does_too_and_tells_its_group() -> None:
    seen: list[tuple[str, str]] = []
    told = Flag()

    async def handle(ctx: StreamContext) -> None:
        seen.append((ctx.group, ctx.consumer))
        told.set()

    async with FloClient("memory://") as client:
        await client.stream.append("s", "x")
        async with client.new_stream_worker(stream="s", group="g", consumer="c", handler=handle):
            await told.wait()
    assert seen == [("g", "c")]


async def test_what_makes_work_impossible_is_raised_where_the_block_begins() -> None:
    worker = ActionWorker("127.0.0.1:1", handle_signals=False)
    worker.register_action("a", lambda ctx: None)
    with pytest.raises(ConnectionFailedError):
        async with worker:
            raise AssertionError("it cannot have begun")
    assert not worker.is_running


@pytest.mark.parametrize(
    "setting",
    [
        *({"concurrency": True}, {"concurrency": 1.5}, {"block_ms": 0}, {"block_ms": 1.5}),
        *({"labels": [1]}, {"metadata": [("a", "b")]}, {"auto_touch": 1}, {"worker_id": 5}),
        *({"worker_id": ["a"]}, {"handle_signals": "no"}, {"drain_timeout_ms": True}),
        *({"heartbeat_interval_ms": "5"}, {"namespace": 5}, {"action_timeout_ms": 0}),
    ],
    ids=str,
)
def test_settings_of_another_kind_are_refused_by_name(setting: dict[str, Any]) -> None:
    [name] = setting
    with pytest.raises(BadRequestError, match=f"^{name} "):
        ActionWorker("localhost:9000", **setting)


def test_what_two_kinds_of_worker_call_otherwise_is_refused_by_the_name_of_each() -> None:
    with pytest.raises(BadRequestError, match="message_timeout_ms is 0"):
        QueueWorker("localhost:9000", message_timeout_ms=0)
    for name, value in (("consumer", ""), ("message_timeout_ms", 0)):
        wrong: dict[str, Any] = {name: value}
        with pytest.raises(BadRequestError, match=f"^{name} "):
            StreamWorker("localhost:9000", stream="s", group="g", handler=print, **wrong)


def test_a_stream_worker_needs_a_handler() -> None:
    handler: Any = "f"
    with pytest.raises(BadRequestError, match="handler"):
        StreamWorker("localhost:9000", stream="s", group="g", handler=handler)
