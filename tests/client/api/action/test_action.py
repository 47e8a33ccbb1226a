"""`client.action`: what is asked, with which defaults, and what is answered."""

from __future__ import annotations

import asyncio

import pytest

from floruntime import ActionType, ConflictError, NotFoundError, RunStatus
from floruntime.client.api.action.action import CALLS_MAX, Action
from floruntime.core.action import (
    ActionCall,
    ActionCancel,
    ActionDelete,
    ActionEnable,
    ActionGet,
    ActionInvoke,
    ActionList,
    ActionListReply,
    ActionListRuns,
    ActionRegister,
    ActionStatus,
    InvokeResult,
    RunListReply,
)
from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.testing import FloTestServer
from tests.client.recorder import Asked, RecordingCaller


async def test_defaults_are_those_of_the_page_of_the_api() -> None:
    caller = RecordingCaller(*[None] * 8, ActionListReply([], None), RunListReply([], None))
    action = Action(caller)
    await action.register("a")
    await action.invoke("a")
    await action.status("r")
    await action.wait("r")
    await action.cancel("r")
    await action.get("a")
    await action.delete("a")
    await action.enable("a")
    await action.list()
    await action.list_runs()
    assert caller.asked == [
        # What it does not name stays as it is: the retries, the limits, the path of the key.
        Asked(ActionRegister("a", ActionType.USER, 30_000, None, None, None, None), None, 0),
        Asked(ActionInvoke("a", b"", 10, 0, None, {}), None, 0),
        Asked(ActionStatus("r"), None, 0),
        Asked(ActionStatus("r", 30_000), None, 30_000),
        Asked(ActionCancel("r", None), None, 0),
        Asked(ActionGet("a"), None, 0),
        Asked(ActionDelete("a", False), None, 0),
        Asked(ActionEnable("a", True), None, 0),
        Asked(ActionList("", 100, None), None, 0),
        Asked(ActionListRuns(None, None, 100, None), None, 0),
    ]


async def test_every_argument_reaches_the_server() -> None:
    caller = RecordingCaller(
        *[None] * 5,
        ActionListReply([], "c"),
        RunListReply([], None),
    )
    action = Action(caller)
    await action.register(
        "a",
        "user",
        timeout_ms=1,
        max_retries=2,
        retry_delay_ms=3,
        run_timeout_ms=4,
        description="d",
        retention_ms=90_000_000,
        namespace="n",
    )
    await action.invoke(
        "a",
        "text",
        priority=1,
        delay_ms=2,
        idempotency_key="k",
        labels={"gpu": "yes"},
        caller_run_id="parent",
        namespace="n",
    )
    await action.cancel("r", reason="why", namespace="n")
    await action.delete("a", force=True, namespace="n")
    await action.disable("a", namespace="n")
    page = await action.list(prefix="p", limit=5, cursor="x", namespace="n")
    await action.list_runs("a", status="failed", limit=6, cursor="y", namespace="n")
    assert caller.requests == [
        ActionRegister("a", ActionType.USER, 1, 2, 3, 4, "d", 90_000_000),
        ActionInvoke("a", b"text", 1, 2, "k", {"gpu": "yes"}, "parent"),
        ActionCancel("r", "why"),
        ActionDelete("a", True),
        ActionEnable("a", False),
        ActionList("p", 5, "x"),
        ActionListRuns("a", RunStatus.FAILED, 6, "y"),
    ]
    assert {each.namespace for each in caller.asked} == {"n"}
    assert page.has_more
    assert page.cursor == "c"


async def test_what_cannot_be_right_is_refused_before_it_is_sent() -> None:
    action = Action(RecordingCaller())
    with pytest.raises(BadRequestError, match=r"type is 'robot'.*user"):
        await action.register("a", "robot")
    with pytest.raises(BadRequestError, match=r"status is 'done'.*completed"):
        await action.list_runs(status="done")
    with pytest.raises(BadTypeError, match="a dict or list for JSON, not int"):
        await action.invoke("a", 5)  # type: ignore[arg-type]  # it is refused


async def test_a_call_is_one_request() -> None:
    caller = RecordingCaller(None)
    await Action(caller).call("a", b"x", block_ms=77, priority=3, namespace="n")
    assert caller.asked == [Asked(ActionCall("a", b"x", 3, block_ms=77), "n", 77)]


async def test_calls_that_would_hold_too_many_write_numbers_invoke_and_then_wait() -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.action.register("a")
        calls = [asyncio.ensure_future(client.action.call("a")) for _ in range(CALLS_MAX)]
        await client.ping()
        caller = RecordingCaller(InvokeResult("r", True), None, None)
        client.action._caller = caller
        await client.action.call("a", b"x", block_ms=77, priority=3, namespace="n")
        assert caller.asked == [
            Asked(ActionInvoke("a", b"x", 3), "n", 0),
            Asked(ActionStatus("r", 77), "n", 77),
        ]
        await server.advance(30_000)
        await asyncio.gather(*calls)
        await client.action.call("a")
        assert isinstance(caller.requests[-1], ActionCall)


async def test_wait_answers_in_the_moment_of_the_end_and_as_it_stands_when_the_time_is_up() -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.action.register("a")
        invoked = await client.action.invoke("a", b"in")
        early = asyncio.ensure_future(client.action.wait(invoked.run_id, block_ms=1_000))
        late = asyncio.ensure_future(client.action.wait(invoked.run_id, block_ms=60_000))
        await client.ping()
        await server.advance(999)
        assert not early.done()
        await server.advance(1)
        assert (await early).status is RunStatus.PENDING
        assert not late.done()
        await client.action.cancel(invoked.run_id, reason="no more")
        assert (await late).status is RunStatus.CANCELLED
        with pytest.raises(ConflictError):
            await client.action.cancel(invoked.run_id)
        with pytest.raises(NotFoundError):
            await client.action.status("nope")


async def test_a_block_over_the_limit_is_refused_naming_the_limit() -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.action.register("a")
        invoked = await client.action.invoke("a")
        with pytest.raises(BadRequestError, match="300000"):
            await client.action.wait(invoked.run_id, block_ms=300_001)


async def test_invoke_and_cancel_are_part_of_a_batch() -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.action.register("a")
        first = await client.action.invoke("a")
        async with client.batch() as b:
            b.action.invoke("a", "text", labels={"gpu": "1"})
            b.action.cancel(first.run_id, reason="instead")
        assert b.results[0].created
        assert (await client.action.status(b.results[0].run_id)).input == b"text"
        assert (await client.action.status(first.run_id)).status is RunStatus.CANCELLED
        with pytest.raises(AttributeError, match=r"no action\.register"):
            client.batch().action.register("b")  # type: ignore[attr-defined]  # no write
