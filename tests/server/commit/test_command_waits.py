"""Commands that wait: who is asked, in which order, and how a wait ends."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from floruntime.core.kv import KvGet, KvPut
from floruntime.core.queue import QueueDequeue, QueueEnqueue, QueueGetStats
from floruntime.core.system import CancelWait
from floruntime.engine.rules import RULES
from tests.server.commit.commit_rig import CommitRig


async def test_waiting_consumers_are_served_first_come_first_served(rig: CommitRig) -> None:
    clients = [rig.client(f"c{number}") for number in range(4)]
    polls = [c.send(QueueDequeue("q", block_ms=1_000)) for c in clients]
    await rig.settle()
    assert not any(c.is_answered(p) for c, p in zip(clients, polls, strict=True))
    for expected in range(4):
        rig.client(f"p{expected}").send(QueueEnqueue("q", [b"%d" % expected]))
        await rig.settle()
        answered = [c.is_answered(p) for c, p in zip(clients, polls, strict=True)]
        assert answered == [place <= expected for place in range(4)]
    payloads = [c.result(p).messages[0].payload for c, p in zip(clients, polls, strict=True)]
    assert payloads == [b"0", b"1", b"2", b"3"]


async def test_what_a_waiter_gets_is_durable_with_what_brought_it(rig: CommitRig) -> None:
    consumer, producer = rig.client("c"), rig.client("p")
    poll = consumer.send(QueueDequeue("q", block_ms=1_000))
    await rig.settle()
    rig.journal.hold()
    producer.send(QueueEnqueue("q", [b"x"]))
    await rig.turns()
    assert not consumer.is_answered(poll)
    rig.journal.release()
    await rig.settle()
    assert len(consumer.result(poll).messages) == 1
    assert rig.journal.appended == 1


async def test_a_long_poll_ends_with_an_empty_answer_at_its_time(rig: CommitRig) -> None:
    client = rig.client("me")
    poll = client.send(QueueDequeue("q", block_ms=500))
    await rig.advance(499)
    assert not client.is_answered(poll)
    await rig.advance(1)
    assert client.result(poll).messages == []
    client.send(QueueEnqueue("q", [b"x"]))
    await rig.settle()
    assert client.result(client.send(QueueGetStats("q"))).ready == 1


async def test_without_block_ms_nobody_waits(rig: CommitRig) -> None:
    client = rig.client("me")
    poll = client.send(QueueDequeue("q"))
    read = client.send(KvGet("k"))
    await rig.settle()
    assert client.result(poll).messages == []
    assert client.result(read) is None


async def test_a_closed_connection_drops_its_waits_and_takes_nothing(rig: CommitRig) -> None:
    gone, stays = rig.client("gone"), rig.client("stays")
    gone.send(QueueDequeue("q", block_ms=1_000))
    gone.send(KvGet("k", block_ms=1_000))
    poll = stays.send(QueueDequeue("q", block_ms=1_000))
    await rig.settle()
    gone.vanish()
    stays.send(QueueEnqueue("q", [b"x"]))
    stays.send(KvPut("k", b"v"))
    await rig.settle()
    [message] = stays.result(poll).messages
    assert message.attempt == 1
    assert gone.flushed == []


async def test_a_delayed_message_reaches_a_waiter_when_it_is_due(rig: CommitRig) -> None:
    client = rig.client("me")
    client.send(QueueEnqueue("q", [b"x"], delay_ms=300))
    poll = client.send(QueueDequeue("q", block_ms=1_000))
    await rig.advance(299)
    assert not client.is_answered(poll)
    await rig.advance(1)
    assert len(client.result(poll).messages) == 1


async def test_a_repeated_empty_delivery_does_not_wait_for_what_will_never_come(
    rig: CommitRig,
) -> None:
    client = await rig.opened()
    client.send(QueueEnqueue("q", [b"x"]))
    first = client.send(QueueDequeue("q", visibility_timeout_ms=10), number=1)
    await rig.advance(20)
    assert len(client.result(first).messages) == 1
    again = client.send(QueueDequeue("q", visibility_timeout_ms=10, block_ms=60_000), number=1)
    await rig.settle()
    assert client.result(again).messages == []


async def test_a_wait_can_be_cancelled_and_answers_empty(rig: CommitRig) -> None:
    client = rig.client("me")
    dequeue = client.send(QueueDequeue("q", block_ms=1_000))
    get = client.send(KvGet("k", block_ms=1_000))
    for wait in (dequeue, get):
        cancel = client.send(CancelWait(wait))
        await rig.settle()
        assert client.result(cancel) is True
    assert client.result(dequeue).messages == []
    assert client.result(get) is None
    assert client.result(client.send(CancelWait(get))) is False
    assert client.waits == 0


async def test_only_ones_own_wait_can_be_cancelled(rig: CommitRig) -> None:
    mine, other = rig.client("me"), rig.client("other")
    wait = mine.send(KvGet("k", block_ms=1_000))
    assert other.result(other.send(CancelWait(wait))) is False
    assert not mine.is_answered(wait)


async def test_asking_one_waiter_may_end_another_wait_without_a_second_answer(
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A waiter that takes something touches the topic again, within the asking of the others."""
    clients = [rig.client(f"c{number}") for number in range(3)]
    polls = [c.send(QueueDequeue("q", block_ms=1_000)) for c in clients]
    apply = rig.machine.apply

    def touching(entry: object) -> object:
        outcome = apply(entry)  # type: ignore[arg-type]  # as it came
        return (
            msgspec.structs.replace(outcome, touched=[("default", "queue", "q")])
            if outcome.delivery
            else outcome
        )

    monkeypatch.setattr(rig.machine, "apply", touching)
    clients[0].send(QueueEnqueue("q", [b"1", b"2", b"3"]))
    await rig.settle()
    got = [c.result(p).messages[0].seq for c, p in zip(clients, polls, strict=True)]
    assert sorted(got) == [1, 2, 3]


async def test_waits_that_keep_something_alive_are_asked_before_ticks(
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = RULES.waits[QueueDequeue]
    monkeypatch.setitem(cast(Any, RULES.waits), QueueDequeue, rule._replace(keeps_alive=True))
    client = rig.client("me")
    order: list[str] = []
    apply = rig.machine.apply

    def noting(entry: object) -> object:
        order.append(type(entry.command).__name__)  # type: ignore[attr-defined]  # all entries
        return apply(entry)  # type: ignore[arg-type]  # as it came

    client.send(QueueDequeue("q", block_ms=60_000))
    client.send(KvPut("k", b"", ttl_ms=1_000))
    await rig.settle()
    monkeypatch.setattr(rig.machine, "apply", noting)
    await rig.advance(1_000)
    assert order == ["QueueDequeue", "Tick"]
