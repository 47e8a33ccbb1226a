"""Group commit: nothing is told before it is durable, everything is told once."""

from __future__ import annotations

import asyncio

import pytest

from floruntime.core.errors import ConflictError
from floruntime.core.kv import KvDelete, KvGet, KvIncr, KvPut, PutResult
from floruntime.core.queue import QueueDequeue, QueueEnqueue, QueueGetStats
from tests.server.commit.commit_rig import CommitRig


async def test_a_result_is_neither_answered_nor_visible_before_the_sync(rig: CommitRig) -> None:
    client = rig.client("me")
    rig.journal.hold()
    put = client.send(KvPut("k", b"v"))
    await rig.journal.until_appended(1)
    await rig.turns()
    assert not client.is_answered(put)
    assert client.result(client.send(KvGet("k"))) is None
    rig.journal.release()
    await rig.settle()
    assert client.result(put) == PutResult(1)
    assert client.result(client.send(KvGet("k"))) == b"v"
    assert rig.journal.durable_index == 1


async def test_a_refusal_and_an_empty_answer_wait_for_what_they_were_judged_on(
    rig: CommitRig,
) -> None:
    client = rig.client("me")
    rig.journal.hold()
    client.send(KvPut("k", b"v"))
    refused = client.send(KvPut("k", b"w", if_not_exists=True))
    empty = client.send(QueueDequeue("q"))
    unchanged = client.send(KvDelete("missing"))
    await rig.journal.until_appended(1)
    late = client.send(KvPut("k", b"w", cas_version=7))
    await rig.turns()
    assert not any(map(client.is_answered, (refused, empty, unchanged, late)))
    rig.journal.release()
    await rig.settle()
    assert isinstance(client.error(refused), ConflictError)
    assert client.error(late).details == {"current_version": 1}
    assert client.result(empty).messages == []
    assert client.result(unchanged) is False


async def test_many_commands_of_one_turn_take_one_sync(rig: CommitRig) -> None:
    clients = [rig.client(f"c{number}") for number in range(10)]
    sent = [(c, c.send(KvIncr("n"))) for c in clients for _ in range(10)]
    await rig.settle()
    assert rig.journal.appended == 1
    assert sorted(c.result(id) for c, id in sent) == list(range(1, 101))
    assert all(c.flushed == [list(range(1, 11))] for c in clients)


async def test_the_next_batch_collects_while_a_sync_is_under_way(rig: CommitRig) -> None:
    client = rig.client("me")
    rig.journal.hold()
    first = client.send(KvIncr("n"))
    await rig.journal.until_appended(1)
    later = []
    for _ in range(5):
        later.append(client.send(KvIncr("n")))
        await rig.turns()
    assert rig.journal.appended == 1
    rig.journal.release()
    await rig.settle()
    assert rig.journal.appended == 2
    assert [client.result(id) for id in (first, *later)] == [1, 2, 3, 4, 5, 6]


async def test_what_has_arrived_once_a_batch_is_durable_goes_into_the_next_one(
    rig: CommitRig,
) -> None:
    client, other = rig.client("me"), rig.client("other")
    rig.journal.hold()
    client.send(KvIncr("n"))
    await rig.journal.until_appended(1)
    client.send(KvIncr("n"))

    def arrive() -> None:
        """A socket is read in this turn, after those were told who waited for the batch."""
        del rig.commit.listeners["kv"]
        asyncio.get_running_loop().call_soon(other.send, KvIncr("n"))

    rig.commit.listeners["kv"] = arrive
    rig.journal.release()
    await rig.settle()
    assert other.is_answered(1)
    assert rig.journal.appended == 2


async def test_what_changes_nothing_takes_no_sync(rig: CommitRig) -> None:
    client = rig.client("me")
    sent = client.send(KvDelete("missing"))
    await rig.settle()
    assert client.result(sent) is False
    assert rig.journal.appended == 0


async def test_once_the_journal_is_lost_nobody_is_answered_and_nothing_is_shown(
    rig: CommitRig,
) -> None:
    client, other = rig.client("me"), rig.client("other")
    rig.journal.hold()
    put = client.send(KvPut("k", b"v"))
    wait = client.send(QueueDequeue("q", block_ms=10))
    await rig.journal.until_appended(1)
    on_top = other.send(KvPut("l", b"w"))
    error = OSError("gone")
    rig.journal.lose(error)
    rig.journal.release()
    await rig.settle()
    late = other.send(KvPut("m", b"x"))
    await rig.turns()
    assert rig.fatal == [error]
    assert not any(map(client.is_answered, (put, wait)))
    assert not any(map(other.is_answered, (on_top, late)))
    assert rig.journal.appended == 1
    assert client.result(client.send(KvGet("k"))) is None


async def test_a_bug_in_the_batch_is_a_loss_too(
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ZeroDivisionError("a bug")

    def fail() -> None:
        raise error

    client = rig.client("me")
    put = client.send(KvPut("k", b"v"))
    with monkeypatch.context() as patched:
        patched.setattr(rig.machine, "take", fail)
        await rig.turns()
    assert rig.fatal == [error]
    assert not client.is_answered(put)


async def test_a_delivery_to_a_connection_that_is_gone_is_handed_back_at_once(
    rig: CommitRig,
) -> None:
    gone = await rig.opened()
    gone.send(QueueEnqueue("q", [b"x"]))
    await rig.settle()
    rig.journal.hold()
    gone.send(QueueDequeue("q"), number=1)
    await rig.journal.until_appended(3)
    gone.vanish()
    rig.journal.release()
    await rig.settle()
    back = rig.client("me")
    poll = back.send(QueueDequeue("q"), number=1)
    await rig.settle()
    [message] = back.result(poll).messages
    assert (message.attempt, message.payload) == (1, b"x")


async def test_a_delivery_asked_for_again_is_not_handed_back(rig: CommitRig) -> None:
    gone = await rig.opened()
    gone.send(QueueEnqueue("q", [b"x"]))
    await rig.settle()
    rig.journal.hold()
    gone.send(QueueDequeue("q"), number=1)
    await rig.journal.until_appended(3)
    gone.vanish()
    back = rig.client("me")
    again = back.send(QueueDequeue("q", block_ms=500), number=1)
    rig.journal.release()
    await rig.settle()
    assert len(back.result(again).messages) == 1
    assert back.result(back.send(QueueGetStats("q"))).leased == 1


async def test_a_delivery_asked_for_again_by_one_that_is_gone_too_is_handed_back(
    rig: CommitRig,
) -> None:
    gone = await rig.opened()
    gone.send(QueueEnqueue("q", [b"x"]))
    await rig.settle()
    rig.journal.hold()
    gone.send(QueueDequeue("q"), number=1)
    await rig.journal.until_appended(3)
    gone.vanish()
    back = rig.client("me")
    back.send(QueueDequeue("q"), number=1)
    back.vanish()
    rig.journal.release()
    await rig.settle()
    other = rig.client("other")
    assert other.result(other.send(QueueGetStats("q"))).leased == 0


async def test_nothing_is_held_after_everyone_has_gone(rig: CommitRig) -> None:
    clients = [await rig.opened(f"c{number}") for number in range(3)]
    for client in clients:
        client.send(QueueDequeue("q", block_ms=1_000), number=1)
        client.send(KvGet("k", block_ms=1_000))
        client.send(KvPut("k", b""), number=2)
    for client in clients:
        client.vanish()
    await rig.settle()
    assert not rig.commit._waits.by_topic
    assert not rig.commit.queries.waiters
    assert rig.commit.is_idle
    assert not rig.commit._batch.touched
