"""`flo top`: what it shows, and what it says where it may not."""

from __future__ import annotations

from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo


async def test_what_waits(server: FloTestServer, flo: Flo) -> None:
    async with server.client() as client:
        await client.queue.enqueue_many("jobs", ["a", "b"])
        for _ in range(3):
            await client.queue.enqueue("turns", "x", group="one")
        await client.action.register("greet")
        await client.action.invoke("greet")
        await client.worker.register("w", ["greet"])
        await client.stream.group_create("events", "g")
        await client.stream.append("events", "x")
    await server.advance(90_000 - 1)
    told = await flo("top", "--once", "--json")
    assert told.code == 0, told.err
    shown = told.json
    assert shown["ready"] is True
    assert shown["workers"] == {"healthy": 1}
    [queue, turns] = shown["queues"]
    assert (queue["queue"], queue["ready"], queue["oldest_age_ms"]) == ("jobs", 2, 89_999)
    assert (turns["queue"], turns["ready"], turns["waiting"]) == ("turns", 1, 2)
    assert shown["groups"] == [{"namespace": "default", "stream": "events", "group": "g", "lag": 1}]
    assert [row["pending"] for row in shown["actions"]] == [1]
    operations = {row["operation"] for row in shown["operations"]}
    assert "queue.enqueue" in operations
    assert shown["requests_per_second"] is None
    text = (await flo("top", "--once")).out
    assert "QUEUES" in text
    assert "jobs" in text
    [heads] = [line.split() for line in text.splitlines() if "leased" in line]
    [cells] = [line.split() for line in text.splitlines() if "turns" in line]
    assert cells[heads.index("waiting")] == "2"
    assert "workers: 1 healthy" in text


async def test_who_may_not_look_is_told(server: FloTestServer, flo: Flo) -> None:
    async with server.client() as client:
        await client.tokens.create("admin")
    told = await flo("top", "--once")
    assert told.code == 3
    assert "metrics_token" in told.err


async def test_without_a_server(flo: Flo) -> None:
    told = await flo("--host", "127.0.0.1:1", "top", "--once")
    asked = await flo("--host", "127.0.0.1:1", "ping")
    assert (told.code, told.err) == (asked.code, asked.err) == (4, asked.err)
    assert "connection refused; is a server running there?" in told.err


async def test_a_namespace_is_refused_since_it_shows_the_whole_server(flo: Flo) -> None:
    told = await flo("--namespace", "shop", "top", "--once")
    assert told.code == 2
    assert "--namespace does not apply: this shows the whole server" in " ".join(told.err.split())
