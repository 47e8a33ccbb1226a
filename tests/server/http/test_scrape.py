"""`/metrics`: what it shows, to whom, how much of it, and at which cost."""

from __future__ import annotations

import asyncio
from time import perf_counter

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from floruntime.client.client import FloClient
from floruntime.engine.queue.rows import QUEUE, QueueRow
from floruntime.server.metrics import waiting
from floruntime.server.metrics.tally import Tally
from floruntime.testing import FloTestServer
from tests.server.http.http_peer import HttpPeer, connected

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(http: HttpPeer, **headers: str) -> Samples:
    reply = await http.ask("GET", "/metrics", **headers)
    assert reply.status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


async def fill(client: FloClient) -> None:
    await client.queue.enqueue_many("jobs", ["a", "b", "c"])
    await client.queue.enqueue("jobs", "later", delay_ms=60_000)
    [message] = (await client.queue.dequeue("jobs")).messages
    await client.queue.nack("jobs", [message], to_dlq=True)
    await client.queue.dequeue("jobs")
    await client.queue.enqueue_many("jobs", ["d", "e", "f"], group="one")
    await client.stream.append_many("events", ["a", "b", "c"])
    await client.stream.group_read("events", group="g", consumer="c", limit=1)
    await client.action.register("greet")
    runs = [await client.action.invoke("greet") for _ in range(3)]
    await client.action.cancel(runs[0].run_id)
    await client.worker.register("w", ["greet"])
    await client.worker.await_task("w", ["greet"])
    await client.workflow.sync(WORKFLOW)
    for _ in range(2):
        run_id = await client.workflow.start("fulfil")
    await client.workflow.cancel(run_id)


WORKFLOW = """
kind: Workflow
name: fulfil
version: "1"
start:
  waitForSignal: { type: paid }
  transitions: { success: flo.Completed }
"""
EXPECTED = [
    ("flo_queue_messages", {"queue": "jobs", "state": "ready"}, 2),
    ("flo_queue_messages", {"queue": "jobs", "state": "waiting"}, 2),
    ("flo_queue_messages", {"queue": "jobs", "state": "delayed"}, 1),
    ("flo_queue_messages", {"queue": "jobs", "state": "leased"}, 1),
    ("flo_queue_messages", {"queue": "jobs", "state": "dead"}, 1),
    ("flo_queue_enqueued_messages_total", {"queue": "jobs"}, 7),
    ("flo_group_lag_records", {"stream": "events", "group": "g"}, 2),
    ("flo_group_pending_records", {"stream": "events", "group": "g"}, 1),
    ("flo_action_runs", {"action": "greet", "status": "pending"}, 1),
    ("flo_action_runs", {"action": "greet", "status": "running"}, 1),
    ("flo_action_runs", {"action": "greet", "status": "cancelled"}, 1),
    ("flo_action_runs", {"action": "greet", "status": "failed"}, 0),
    ("flo_action_runs", {"action": "greet", "status": "completed"}, None),
    ("flo_workflow_runs", {"workflow": "fulfil", "status": "timed_out"}, 0),
    ("flo_workflow_runs", {"workflow": "fulfil", "status": "waiting"}, 1),
    ("flo_workflow_runs", {"workflow": "fulfil", "status": "cancelled"}, 1),
    ("flo_workers", {"state": "healthy"}, 1),
]


async def test_what_waits(flo: FloTestServer, http: HttpPeer) -> None:
    async with flo.client() as client:
        await fill(client)
    await flo.advance(5_000)
    samples = await scraped(http)
    for name, labels, expected in EXPECTED:
        assert value(samples, name, namespace="default", **labels) == expected, (name, labels)
    age = value(samples, "flo_queue_oldest_age_seconds", namespace="default", queue="jobs")
    assert age == 5


async def test_what_was_there_before_the_start(tmp_path: object) -> None:
    async with FloTestServer(f"{tmp_path}/data") as flo:
        async with flo.client() as client:
            await fill(client)
        await flo.restart()
        async with flo.client() as client, connected(flo) as http:
            assert flo.server.tally is not None
            await flo.server.tally.loaded()
            await client.action.invoke("greet")
            samples = await scraped(http)
            for name, labels, expected in EXPECTED:
                more = labels.get("status") == "pending"
                told = value(samples, name, namespace="default", **labels)
                assert told == (expected if expected is None else expected + more), (name, labels)


async def test_nothing_is_told_before_all_is_counted(
    flo: FloTestServer, http: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count that grows after a start would be taken for runs that fail."""
    async with flo.client() as client:
        await fill(client)
    monkeypatch.setattr(Tally, "is_loaded", False)
    samples = await scraped(http)
    assert not [name for name, labels in samples if "namespace" in dict(labels)]
    assert value(samples, "flo_timers_due") == 0


async def test_what_went_with_its_owner(flo: FloTestServer, http: HttpPeer) -> None:
    async with flo.client() as client:
        await fill(client)
        await client.queue.delete("jobs")
        await client.stream.delete("events", force=True)
        assert value(await scraped(http), "flo_workers", namespace="default", state="healthy") == 1
        await client.namespaces.delete("default", force=True)
    samples = await scraped(http)
    assert not [name for name, labels in samples if ("namespace", "default") in labels]


async def test_requests_and_refusals(flo: FloTestServer, http: HttpPeer) -> None:
    async with flo.client() as client:
        for _ in range(3):
            await client.kv.put("a", b"b")
    await http.call("shop/kv.get", key="a")
    await http.refused("shop/action.status", run_id="none")
    await http.ask("POST", "/v1/shop/kv.get", {"key": "a"}, Origin="https://evil.example")
    await http.ask("POST", "/v1/shop/kv.get", {"key": "a"}, Authorization="Bearer x")
    samples = await scraped(http)
    assert value(samples, "flo_requests_total", operation="kv.put", result="ok") == 3
    assert value(samples, "flo_requests_total", operation="kv.get", result="ok") == 1
    failed = value(samples, "flo_requests_total", operation="action.status", result="not_found")
    assert failed == 1
    assert value(samples, "flo_request_duration_seconds_count", operation="kv.put") == 3
    assert value(samples, "flo_refusals_total", reason="origin") == 1
    assert value(samples, "flo_refusals_total", reason="token") == 1
    assert (value(samples, "flo_received_bytes_total") or 0) > 100
    assert value(samples, "flo_ready") == 1
    assert value(samples, "flo_timers_due") == 0
    assert (value(samples, "flo_commit_commands_count") or 0) >= 3
    assert (value(samples, "process_resident_memory_bytes") or 0) > 1_000_000


async def test_a_store_on_disk_tells_of_itself(tmp_path: object) -> None:
    async with FloTestServer(f"{tmp_path}/data") as flo, connected(flo) as http:
        samples = await scraped(http)
        assert (value(samples, "flo_disk_free_bytes") or 0) > 0
        assert value(samples, "flo_store_cache_bytes") is not None
        assert value(samples, "flo_store_pending_compaction_bytes") is not None


async def test_open_metrics_when_asked_for(http: HttpPeer) -> None:
    reply = await http.ask("GET", "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert reply.body.endswith(b"# EOF\n")
    assert (await http.ask("HEAD", "/metrics")).body == b""
    assert (await http.ask("POST", "/metrics", {})).status == 405


async def test_series_are_bounded(
    flo: FloTestServer, http: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SERIES_MAX", 2)
    async with flo.client() as client:
        for number in range(1, 5):
            await client.queue.enqueue_many(f"q{number}", ["x"] * number)
            await flo.advance(1_000)
    samples = await scraped(http)
    ready = {
        dict(labels)["queue"]: count
        for (name, labels), count in samples.items()
        if name == "flo_queue_messages" and ("state", "ready") in labels
    }
    assert ready == {"q4": 4, "q3": 3, "": 3}
    assert value(samples, "flo_queue_oldest_age_seconds", namespace="", queue="") == 4


async def test_who_may_scrape(flo: FloTestServer, http: HttpPeer) -> None:
    assert (await http.ask("GET", "/metrics", Origin="http://localhost:1")).status == 403
    assert (await http.ask("GET", "/metrics", Host="evil.example")).status == 421
    admin = (await http.call("tokens.create", role="admin"))["token"]

    async def scrape_as(role: str, namespaces: list[str]) -> int:
        made = await http.ask(
            "POST",
            "/v1/tokens.create",
            {"role": role, "namespaces": namespaces},
            Authorization=f"Bearer {admin}",
        )
        token = made.json["token"]
        return (await http.ask("GET", "/metrics", Authorization=f"Bearer {token}")).status

    assert (await http.ask("GET", "/metrics")).status == 401
    assert (await http.ask("GET", "/metrics", Authorization=f"Bearer {admin}")).status == 200
    assert await scrape_as("worker", []) == 200
    assert await scrape_as("backend", ["shop"]) == 403
    assert await scrape_as("web", []) == 403


async def test_a_token_of_its_own() -> None:
    async with FloTestServer(metrics_token="m" * 20) as flo, connected(flo) as http:
        await http.call("tokens.create", role="admin")
        assert (await http.ask("GET", "/metrics", Authorization=f"Bearer {'m' * 20}")).status == 200
        assert (await http.ask("GET", "/metrics", Authorization="Bearer m")).status == 401
        asked = ("POST", "/v1/shop/kv.get", {"key": "a"})
        assert (await http.ask(*asked, Authorization=f"Bearer {'m' * 20}")).status == 401


async def test_a_scrape_among_many_queues_holds_nobody_up(
    flo: FloTestServer, http: HttpPeer
) -> None:
    """The event loop turns while 100,000 queues are looked at."""
    async with flo.client() as client:
        await client.queue.enqueue("q", "x")
    tally = flo.server.tally
    assert isinstance(tally, Tally)
    [(key, row)] = tally.rows(QUEUE)
    namespace_id = QUEUE.unpack(key)[0]
    for number in range(100_000):
        other: QueueRow = msgspec.structs.replace(row, ready=number)
        tally._news[QUEUE.tag][QUEUE.key(namespace_id, tail=str(number).encode())] = other
    flo.server._machine.changed_keys_of(QUEUE).update(tally._news[QUEUE.tag])
    turns: list[float] = []

    async def beat() -> None:
        while True:
            turns.append(perf_counter())
            await asyncio.sleep(0)

    beating = asyncio.create_task(beat())
    samples = await scraped(http)
    beating.cancel()
    assert len(samples) < 20_000
    assert value(samples, "flo_queue_messages", namespace="", queue="", state="ready")
    # The event loop went on turning; the machine may be slow, so only the shape is held.
    assert len(turns) > 50
