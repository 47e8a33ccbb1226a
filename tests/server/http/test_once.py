"""`Idempotency-Key`: a write that comes again has its first answer again, and happens once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime.core import limits
from floruntime.testing import FloTestServer
from tests.server.http.http_peer import HttpPeer, Reply, connected
from tests.until import until

INCR = "/v1/shop/kv.incr"


async def incr(http: HttpPeer, key: str = "k", path: str = INCR, **members: Any) -> Reply:
    return await http.ask("POST", path, {"key": "n", **members}, Idempotency_Key=key)


async def test_the_same_request_has_the_same_answer(http: HttpPeer) -> None:
    assert [(await incr(http)).json for _ in range(3)] == [1, 1, 1]
    assert (await incr(http, "other")).json == 2


async def test_a_key_is_for_one_request(http: HttpPeer) -> None:
    await incr(http)
    assert (await incr(http, delta=2)).status == 409
    assert (await incr(http, path="/v1/shop/kv.delete")).status == 409
    other = "/v1/other/kv.incr"
    assert (await incr(http, "first", path=other, delta=10)).json == 10
    assert (await incr(http, path=other)).json == 11, "it means another one in each namespace"


@pytest.mark.parametrize(("key", "status"), [("", 400), ("k" * 255, 200), ("k" * 256, 400)])
async def test_keys_have_bounds(http: HttpPeer, key: str, status: int) -> None:
    assert (await incr(http, key)).status == status


async def test_a_read_takes_no_key(http: HttpPeer) -> None:
    await incr(http, "used")
    reply = await http.ask("POST", "/v1/shop/kv.get", {"key": "a"}, Idempotency_Key="used")
    assert reply.status == 400, "whatever the key was used for"
    reply = await http.ask("POST", "/v1/shop/kv.get", {"key": "a"}, Idempotency_Key="k")
    assert reply.status == 400
    assert (await incr(http, "k")).status == 200, "it uses up no key"
    reply = await http.ask("POST", "/v1/tokens.create", {"role": "admin"}, Idempotency_Key="k")
    assert reply.status == 400


async def test_it_is_forgotten_after_ten_minutes(flo: FloTestServer, http: HttpPeer) -> None:
    assert (await incr(http)).json == 1
    await flo.advance(limits.SESSION_AGE_MS_MAX - 1)
    assert (await incr(http)).json == 1
    await flo.advance(1)
    assert (await incr(http, delta=5)).json == 6


async def test_a_refusal_is_not_remembered(http: HttpPeer) -> None:
    assert (await incr(http, path="/v1/shop/kv.put", value="b", if_exists=True)).status == 409
    await http.call("shop/kv.put", key="n", value="1")
    reply = await incr(http, path="/v1/shop/kv.put", value="b", if_exists=True)
    assert reply.status == 200
    assert (await incr(http, "r", path="/v1/shop/kv.put", value="b", cas_version=7)).status == 409
    assert (await incr(http, "r", path="/v1/shop/kv.put", value="c")).status == 200


async def test_it_outlives_a_restart(flo: FloTestServer) -> None:
    async with connected(flo) as http:
        assert (await incr(http)).json == 1
    await flo.restart()
    async with connected(flo) as http:
        assert (await incr(http)).json == 1
        assert (await incr(http, "other")).json == 2


async def test_two_at_once_have_one_answer(flo: FloTestServer) -> None:
    async with connected(flo) as one, connected(flo) as two, connected(flo) as three:
        asked = {"queue": "q", "block_ms": 10_000}
        first = asyncio.create_task(
            one.ask("POST", "/v1/shop/queue.dequeue", asked, Idempotency_Key="k")
        )
        second = asyncio.create_task(
            two.ask("POST", "/v1/shop/queue.dequeue", asked, Idempotency_Key="k")
        )
        await until(lambda: flo.server.info().connections == 2)
        await flo.settle()
        other = {"queue": "q2"}
        reply = await three.ask("POST", "/v1/shop/queue.dequeue", other, Idempotency_Key="k")
        assert reply.status == 409
        await three.call("shop/queue.enqueue_many", queue="q", payloads=["a", "b"])
        answers = [(await first).json, (await second).json]
        assert answers[0] == answers[1]
        assert [each["payload"] for each in answers[0]["messages"]] == ["a"]
        assert (await three.call("shop/queue.stats", queue="q"))["ready"] == 1


async def test_a_batch_happens_once(http: HttpPeer) -> None:
    commands = {"commands": [{"call": "kv.incr", "key": "n"}]}
    for _ in range(2):
        reply = await http.ask("POST", "/v1/shop/batch", commands, Idempotency_Key="k")
        assert reply.json == {"results": [1]}


async def test_a_workflow_starts_once(http: HttpPeer) -> None:
    await http.call("shop/action.register", name="greet")
    runs = [
        await http.ask("POST", "/v1/shop/action.invoke", {"name": "greet"}, Idempotency_Key="k")
        for _ in range(2)
    ]
    assert runs[0].json == runs[1].json


async def test_keys_of_one_token_are_out_of_anothers_reach(http: HttpPeer) -> None:
    admin = (await http.call("tokens.create", role="admin"))["token"]
    asked = ("POST", "/v1/tokens.create", {"role": "backend"})
    other = (await http.ask(*asked, Authorization=f"Bearer {admin}")).json["token"]
    answers = [
        (
            await http.ask(
                "POST", INCR, {"key": "n"}, Idempotency_Key="k", Authorization=f"Bearer {token}"
            )
        ).json
        for token in (admin, other, admin)
    ]
    assert answers == [1, 2, 1]


async def test_they_are_counted(flo: FloTestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ONCE_KEYS_MAX", 2)
    async with connected(flo) as http:
        assert [(await incr(http, key)).status for key in ("a", "b", "c", "a")] == [
            200,
            200,
            429,
            200,
        ]
        await flo.advance(limits.SESSION_AGE_MS_MAX)
        assert (await incr(http, "c")).status == 200
