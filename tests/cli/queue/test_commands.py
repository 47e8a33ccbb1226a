"""`flo queue` and `flo queue dlq`."""

from __future__ import annotations

from typing import Any

from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo


async def dequeue(flo: Flo, *options: str) -> list[Any]:
    messages: list[Any] = (await flo("queue", "dequeue", "jobs", *options, "--json")).json[
        "messages"
    ]
    return messages


async def bury(flo: Flo, *payloads: str) -> list[str]:
    """Dead letters of the queue `jobs`."""
    await flo("queue", "enqueue", "jobs", *payloads)
    seqs = [str(each["seq"]) for each in await dequeue(flo, "--count", str(len(payloads)))]
    await flo("queue", "nack", "jobs", *seqs, "--to-dlq", "--error", "broken")
    return seqs


async def test_enqueue_prints_the_seqs(flo: Flo) -> None:
    assert (await flo("queue", "enqueue", "jobs", "one")).out == "1\n"
    assert (await flo("queue", "enqueue", "jobs", "two", "--json")).json == {"seq": 2}
    assert (await flo("queue", "enqueue", "jobs", "a", "b")).out == "3\n4\n"
    assert (await flo("queue", "enqueue", "jobs", "a", "b", "--json")).json == {"seqs": [5, 6]}


async def test_priority_delay_and_dedup_key(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "jobs", "later", "--delay", "5s")
    await flo("queue", "enqueue", "jobs", "normal", "--dedup-key", "k")
    await flo("queue", "enqueue", "jobs", "urgent", "--priority", "1")
    again = await flo("queue", "enqueue", "jobs", "normal", "--dedup-key", "k", "--json")
    assert again.json == {"seq": 2}
    peeked = (await flo("queue", "peek", "jobs", "--count", "9", "--json")).json["messages"]
    assert [each["payload"] for each in peeked] == ["urgent", "normal"]
    await server.advance(5_000)
    assert len((await flo("queue", "peek", "jobs", "-c", "9")).out.splitlines()) == 4
    assert (await flo("queue", "enqueue", "jobs", "a", "b", "--dedup-key", "k")).code == 2


async def test_dequeue_leases_and_ack_finishes(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "jobs", "one", "two")
    [one] = await dequeue(flo, "--visibility", "1m")
    assert one["lease_expires_at_ms"] == server.now_ms + 60_000
    assert (await flo("queue", "ack", "jobs", str(one["seq"]), "--json")).json == {
        "done": [1],
        "stale": [],
    }
    assert (await flo("queue", "ack", "jobs", "77")).code == 3
    assert "two" in (await flo("queue", "dequeue", "jobs")).out


async def test_dequeue_of_nothing_is_empty(flo: Flo) -> None:
    result = await flo("queue", "dequeue", "jobs")
    assert (result.code, result.out) == (1, "")
    result = await flo("queue", "dequeue", "jobs", "--json")
    assert (result.code, result.json["messages"], result.err) == (1, [], "")
    assert (await flo("queue", "peek", "jobs")).code == 1


async def test_dequeue_with_ack_delivers_once(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "jobs", "one")
    assert len(await dequeue(flo, "--ack")) == 1
    await server.advance(60_000)
    assert await dequeue(flo) == []


async def test_a_lease_given_with_the_seq_is_checked(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "jobs", "one")
    [first] = await dequeue(flo)
    await server.advance(30_000)
    [second] = await dequeue(flo)
    stale = await flo("queue", "ack", "jobs", f"1:{first['lease']}")
    assert (stale.code, stale.out.count("\n")) == (3, 1)
    assert (await flo("queue", "ack", "jobs", f"1:{second['lease']}")).out == "1 acked\n"


async def test_nack_gives_back(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "jobs", "one")
    await dequeue(flo)
    assert (await flo("queue", "nack", "jobs", "1", "--delay", "10s")).code == 0
    assert await dequeue(flo) == []
    await server.advance(10_000)
    [again] = await dequeue(flo)
    assert again["attempt"] == 2
    await flo("queue", "nack", "jobs", "1", "--release")
    [released] = await dequeue(flo)
    assert released["attempt"] == 2


async def test_touch_keeps_a_lease(flo: Flo, server: FloTestServer) -> None:
    await flo("queue", "enqueue", "jobs", "one")
    await dequeue(flo)
    assert (await flo("queue", "touch", "jobs", "1", "--extend", "5m")).code == 0
    await server.advance(299_000)
    assert await dequeue(flo) == []


async def test_dead_letters_are_listed_and_requeued(flo: Flo) -> None:
    assert (await flo("queue", "dlq", "list", "jobs")).code == 1
    seqs = await bury(flo, "one", "two", "three")
    page = (await flo("queue", "dlq", "list", "jobs", "--limit", "2", "--json")).json
    assert [each["error"] for each in page["messages"]] == ["broken", "broken"]
    rest = await flo("queue", "dlq", "list", "jobs", "--cursor", page["cursor"], "--json")
    assert len(rest.json["messages"]) == 1
    assert len((await flo("queue", "dlq", "list", "jobs", "--all")).out.splitlines()) == 4
    requeued = await flo("queue", "dlq", "requeue", "jobs", seqs[0], "--json")
    assert requeued.json == {"requeued": 1}
    assert (await flo("queue", "dlq", "requeue", "jobs", seqs[0])).code == 1
    assert (await flo("queue", "dlq", "requeue", "jobs", "--all")).out == "2 requeued\n"
    assert (await flo("queue", "dlq", "requeue", "jobs")).code == 2
    assert (await flo("queue", "dlq", "requeue", "jobs", "1", "--all")).code == 2


async def test_dead_letters_are_deleted_and_purged(flo: Flo) -> None:
    seqs = await bury(flo, "one", "two", "three")
    deleted = await flo("queue", "dlq", "delete", "jobs", seqs[0], "--json")
    assert deleted.json == {"deleted": 1}
    assert (await flo("queue", "dlq", "delete", "jobs", seqs[0])).code == 1
    assert (await flo("queue", "dlq", "purge", "jobs", "--json")).json == {"purged": 2}


async def test_stats_and_list_count(flo: Flo) -> None:
    assert (await flo("queue", "list")).code == 1
    await flo("queue", "enqueue", "jobs", "one", "two")
    await flo("queue", "enqueue", "mail", "one")
    await dequeue(flo)
    stats = (await flo("queue", "stats", "jobs", "--json")).json
    assert (stats["name"], stats["ready"], stats["leased"]) == ("jobs", 1, 1)
    assert "leased                1\n" in (await flo("queue", "stats", "jobs")).out
    assert (await flo("queue", "stats", "nope", "--json")).json["enqueued_total"] == 0
    page = (await flo("queue", "list", "--limit", "1", "--json")).json
    assert [each["name"] for each in page["items"]] == ["jobs"]
    everything = (await flo("queue", "list", "--all", "--limit", "1", "--json")).json
    assert [each["name"] for each in everything["items"]] == ["jobs", "mail"]
    assert everything["cursor"] is None


async def test_configure_keeps_what_is_not_named(flo: Flo) -> None:
    await flo("queue", "configure", "jobs", "--max-attempts", "3")
    config = await flo("queue", "configure", "jobs", "--retry-delay", "10s", "--json")
    assert config.json == {
        "max_attempts": 3,
        "retry_delay_ms": 10_000,
        "dlq_limit": 10_000,
        "dedup_window_ms": 300_000,
        "retry_backoff": "constant",
        "retry_delay_max_ms": 3_600_000,
    }
    growing = ("--retry-backoff", "exponential", "--retry-delay-max", "5m")
    shown = (await flo("queue", "configure", "jobs", *growing)).out
    assert "10s, exponential up to 5m" in shown
    assert "max attempts       3\n" in (await flo("queue", "configure", "jobs")).out
    assert (await flo("queue", "configure", "jobs", "--max-attempts", "0")).code == 3


async def test_purge_and_delete(flo: Flo) -> None:
    await flo("queue", "enqueue", "jobs", "one", "two")
    assert (await flo("queue", "purge", "jobs", "--json")).json == {"purged": 2}
    assert (await flo("queue", "delete", "jobs", "--json")).json == {"deleted": True}
    assert (await flo("queue", "delete", "jobs")).code == 1


async def test_destruction_asks_on_a_terminal(flo: Flo) -> None:
    await flo("queue", "enqueue", "jobs", "one")
    declined = await flo("queue", "purge", "jobs", tty=True, stdin=b"n\n")
    assert declined.code == 5
    assert "nothing was changed" in declined.err
    assert (await flo("queue", "stats", "jobs", "--json")).json["ready"] == 1
    assert (await flo("queue", "purge", "jobs", tty=True, stdin=b"y\n")).code == 0
    assert (await flo("queue", "purge", "jobs", "--yes", tty=True)).code == 0
