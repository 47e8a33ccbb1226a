"""A `traceparent` that comes with a call goes with what it hands over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.http.http_peer import HttpPeer

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def _ask(http: HttpPeer, path: str, **members: Any) -> Any:
    reply = await http.ask("POST", f"/v1/shop/{path}", members)
    assert reply.status == 200, reply.body
    return reply.json


async def _hand_over(http: HttpPeer, path: str, members: dict[str, Any], **headers: str) -> None:
    reply = await http.ask(
        "POST", f"/v1/shop/{path}", members, **{"traceparent": TRACEPARENT, **headers}
    )
    assert reply.status == 200, reply.body


async def test_it_goes_with_messages_records_and_runs(http: HttpPeer) -> None:
    await _hand_over(http, "queue.enqueue", {"queue": "mails", "payload": "hi"})
    await _hand_over(http, "stream.append", {"stream": "events", "payload": "hi"})
    await _hand_over(http, "action.invoke", {"name": "work", "create": True})
    peeked = await _ask(http, "queue.peek", queue="mails")
    read = await _ask(http, "stream.read", stream="events")
    [run] = (await _ask(http, "action.list_runs"))["items"]
    assert peeked["messages"][0]["traceparent"] == TRACEPARENT
    assert read["records"][0]["traceparent"] == TRACEPARENT
    assert run["traceparent"] == TRACEPARENT


async def test_it_goes_with_each_command_of_a_batch(http: HttpPeer) -> None:
    commands = [
        {"call": "kv.put", "key": "a", "value": "b"},
        {"call": "queue.enqueue", "queue": "mails", "payload": "hi"},
    ]
    await _hand_over(http, "batch", {"commands": commands})
    peeked = await _ask(http, "queue.peek", queue="mails")
    assert peeked["messages"][0]["traceparent"] == TRACEPARENT


async def test_a_repeated_request_is_the_same_one_in_another_trace(http: HttpPeer) -> None:
    members = {"queue": "mails", "payload": "hi"}
    await _hand_over(http, "queue.enqueue", members, Idempotency_Key="k")
    other = TRACEPARENT.replace("0af7", "0af8")
    await _hand_over(http, "queue.enqueue", members, Idempotency_Key="k", traceparent=other)
    [message] = (await _ask(http, "queue.peek", queue="mails", count=10))["messages"]
    assert message["traceparent"] == TRACEPARENT


@pytest.mark.parametrize("header", ["nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01", ""])
async def test_one_that_is_none_is_ignored(http: HttpPeer, header: str) -> None:
    members = {"queue": "mails", "payload": "hi"}
    await _hand_over(http, "queue.enqueue", members, traceparent=header)
    peeked = await _ask(http, "queue.peek", queue="mails")
    assert peeked["messages"][0]["traceparent"] is None
