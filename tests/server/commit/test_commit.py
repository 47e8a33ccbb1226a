"""Group commit: nothing is told before it is durable, everything is told once."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import msgspec
import pytest

from floruntime.core.errors import ConflictError
from floruntime.core.kv import KvChanges, KvChangesReply, KvDelete, KvGet, KvIncr, KvPut, PutResult
from floruntime.core.queue import QueueDequeue, QueueEnqueue, QueueGetStats
from floruntime.core.system import TIMERS_PER_TICK_MAX, CancelWait, Ping
from floruntime.engine.kv import rows as kv_rows
from floruntime.engine.registry import QUERIES, TIMERS, WAITS
from floruntime.engine.state import tx
from floruntime.engine.system.timers import KV_EXPIRY
from floruntime.server.commit.commit import FAILED_TIMER_MS
from floruntime.server.commit.durability import Durability
from tests.server.wire_client import GatedStorage, Rig, WireClient


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with Rig() as rig:
        yield rig


async def opened(rig: Rig, session: str = "me") -> WireClient:
    client = rig.client(session)
    client.open_session()
    await rig.settle()
    return client


# Durable, then answered


async def test_a_result_is_neither_answered_nor_visible_before_the_sync(rig: Rig) -> None:
    client = rig.client("me")
    rig.storage.hold()
    put = client.send(KvPut("k", b"v"))
    await rig.until_synced(1)
    await rig.turns()
    assert not client.is_answered(put)
    assert client.result(client.send(KvGet("k"))) is None
    rig.storage.release()
    await rig.settle()
    assert client.result(put) == PutResult(1)
    assert client.result(client.send(KvGet("k"))) == b"v"
    assert rig.storage.synced_index == 1


async def test_a_refusal_and_an_empty_answer_wait_for_what_they_were_judged_on(rig: Rig) -> None:
    client = rig.client("me")
    rig.storage.hold()
    client.send(KvPut("k", b"v"))
    refused = client.send(KvPut("k", b"w", if_not_exists=True))
    empty = client.send(QueueDequeue("q"))
    unchanged = client.send(KvDelete("missing"))
    await rig.until_synced(1)
    late = client.send(KvPut("k", b"w", cas_version=7))
    await rig.turns()
    assert not any(map(client.is_answered, (refused, empty, unchanged, late)))
    rig.storage.release()
    await rig.settle()
    assert isinstance(client.error(refused), ConflictError)
    assert client.error(late).details == {"current_version": 1}
    assert client.result(empty).messages == []
    assert client.result(unchanged) is False


async def test_many_commands_of_one_turn_take_one_sync(rig: Rig) -> None:
    clients = [rig.client(f"c{number}") for number in range(10)]
    sent = [(c, c.send(KvIncr("n"))) for c in clients for _ in range(10)]
    await rig.settle()
    assert rig.storage.syncs == 1
    assert sorted(c.result(id) for c, id in sent) == list(range(1, 101))
    assert all(len(c.writes) == 2 for c in clients)  # the welcome, and all answers at once


async def test_the_next_batch_collects_while_a_sync_is_under_way(rig: Rig) -> None:
    client = rig.client("me")
    rig.storage.hold()
    first = client.send(KvIncr("n"))
    await rig.until_synced(1)
    later = []
    for _ in range(5):
        later.append(client.send(KvIncr("n")))
        await rig.turns()
    assert (rig.storage.writes, rig.storage.syncs) == (1, 1)
    rig.storage.release()
    await rig.settle()
    assert (rig.storage.writes, rig.storage.syncs) == (2, 2)
    assert [client.result(id) for id in (first, *later)] == [1, 2, 3, 4, 5, 6]


async def test_what_changes_nothing_takes_no_sync(rig: Rig) -> None:
    client = rig.client("me")
    sent = client.send(KvDelete("missing"))
    await rig.settle()
    assert client.result(sent) is False
    assert rig.storage.syncs == 0


@pytest.mark.parametrize("durability", [Durability.ASYNC, Durability.EPHEMERAL])
async def test_without_waiting_for_the_disk_the_answer_comes_at_once(
    durability: Durability,
) -> None:
    async with Rig(durability=durability) as rig:
        rig.storage.hold()
        client = rig.client("me")
        put = client.send(KvPut("k", b"v"))
        await rig.turns()
        assert client.result(put) == PutResult(1)
        assert client.result(client.send(KvGet("k"))) == b"v"
        rig.storage.release()
    assert rig.storage.synced_index == 1


@pytest.mark.parametrize("fails", ["sync", "write"])
async def test_after_a_failed_write_or_sync_nothing_is_answered_any_more(fails: str) -> None:
    logging.disable(logging.CRITICAL)
    async with Rig() as rig:
        error = OSError("the disk is gone")
        setattr(rig.storage, f"{fails}_error", error)
        client = rig.client("me")
        put = client.send(KvPut("k", b"v"))
        wait = client.send(QueueDequeue("q", block_ms=10))
        await rig.settle()
        assert rig.fatal == [error]
        assert client.is_closed
        assert not client.is_answered(put)
        assert not client.is_answered(wait)
        late = rig.client()
        late.raw(client.frame(Ping()))
        assert rig.server.is_failed
        await rig.settle()
    assert rig.storage.is_closed
    logging.disable(logging.NOTSET)


# Waits of commands


async def test_waiting_consumers_are_served_first_come_first_served(rig: Rig) -> None:
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


async def test_what_a_waiter_gets_is_durable_with_what_brought_it(rig: Rig) -> None:
    consumer, producer = rig.client("c"), rig.client("p")
    poll = consumer.send(QueueDequeue("q", block_ms=1_000))
    await rig.settle()
    rig.storage.hold()
    producer.send(QueueEnqueue("q", [b"x"]))
    await rig.turns()
    assert not consumer.is_answered(poll)
    rig.storage.release()
    await rig.settle()
    assert len(consumer.result(poll).messages) == 1
    assert rig.storage.syncs == 1


async def test_a_long_poll_ends_with_an_empty_answer_at_its_time(rig: Rig) -> None:
    client = rig.client("me")
    poll = client.send(QueueDequeue("q", block_ms=500))
    await rig.advance(499)
    assert not client.is_answered(poll)
    await rig.advance(1)
    assert client.result(poll).messages == []
    client.send(QueueEnqueue("q", [b"x"]))
    await rig.settle()
    assert client.result(client.send(QueueGetStats("q"))).ready == 1


async def test_without_block_ms_nobody_waits(rig: Rig) -> None:
    client = rig.client("me")
    poll = client.send(QueueDequeue("q"))
    read = client.send(KvGet("k"))
    await rig.settle()
    assert client.result(poll).messages == []
    assert client.result(read) is None


async def test_a_closed_connection_drops_its_waits_and_takes_nothing(rig: Rig) -> None:
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
    assert len(gone.answers) == 1  # its welcome


async def test_a_delayed_message_reaches_a_waiter_when_it_is_due(rig: Rig) -> None:
    client = rig.client("me")
    client.send(QueueEnqueue("q", [b"x"], delay_ms=300))
    poll = client.send(QueueDequeue("q", block_ms=1_000))
    await rig.advance(299)
    assert not client.is_answered(poll)
    await rig.advance(1)
    assert len(client.result(poll).messages) == 1


async def test_a_delivery_to_a_connection_that_is_gone_is_handed_back_at_once(rig: Rig) -> None:
    gone = await opened(rig)
    gone.send(QueueEnqueue("q", [b"x"]))
    await rig.settle()
    rig.storage.hold()
    gone.send(QueueDequeue("q"), number=1)
    await rig.until_synced(3)
    gone.vanish()
    rig.storage.release()
    await rig.settle()
    back = rig.client("me")
    poll = back.send(QueueDequeue("q"), number=1)
    await rig.settle()
    [message] = back.result(poll).messages
    assert (message.attempt, message.payload) == (1, b"x")


async def test_a_delivery_asked_for_again_is_not_handed_back(rig: Rig) -> None:
    gone = await opened(rig)
    gone.send(QueueEnqueue("q", [b"x"]))
    await rig.settle()
    rig.storage.hold()
    gone.send(QueueDequeue("q"), number=1)
    await rig.until_synced(3)
    gone.vanish()
    back = rig.client("me")
    again = back.send(QueueDequeue("q", block_ms=500), number=1)
    rig.storage.release()
    await rig.settle()
    assert len(back.result(again).messages) == 1
    assert back.result(back.send(QueueGetStats("q"))).leased == 1


async def test_a_delivery_asked_for_again_by_one_that_is_gone_too_is_handed_back(
    rig: Rig,
) -> None:
    gone = await opened(rig)
    gone.send(QueueEnqueue("q", [b"x"]))
    await rig.settle()
    rig.storage.hold()
    gone.send(QueueDequeue("q"), number=1)
    await rig.until_synced(3)
    gone.vanish()
    back = rig.client("me")
    back.send(QueueDequeue("q"), number=1)
    back.vanish()
    rig.storage.release()
    await rig.settle()
    other = rig.client("other")
    assert other.result(other.send(QueueGetStats("q"))).leased == 0


async def test_a_repeated_empty_delivery_does_not_wait_for_what_will_never_come(rig: Rig) -> None:
    client = await opened(rig)
    client.send(QueueEnqueue("q", [b"x"]))
    first = client.send(QueueDequeue("q", visibility_timeout_ms=10), number=1)
    await rig.advance(20)
    assert len(client.result(first).messages) == 1
    again = client.send(QueueDequeue("q", visibility_timeout_ms=10, block_ms=60_000), number=1)
    await rig.settle()
    assert client.result(again).messages == []


async def test_a_wait_can_be_cancelled_and_answers_empty(rig: Rig) -> None:
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
    assert client.link.in_flight == 0


async def test_only_ones_own_wait_can_be_cancelled(rig: Rig) -> None:
    mine, other = rig.client("me"), rig.client("other")
    wait = mine.send(KvGet("k", block_ms=1_000))
    assert other.result(other.send(CancelWait(wait))) is False
    assert not mine.is_answered(wait)


async def test_asking_one_waiter_may_end_another_wait_without_a_second_answer(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A waiter that takes something touches the topic again, within the asking of the others."""
    clients = [rig.client(f"c{number}") for number in range(3)]
    polls = [c.send(QueueDequeue("q", block_ms=1_000)) for c in clients]
    commit = rig.server.commit
    apply = commit._machine.apply

    def touching(entry: object) -> object:
        outcome = apply(entry)  # type: ignore[arg-type]  # as it came
        return (
            msgspec.structs.replace(outcome, touched=[("default", "queue", "q")])
            if outcome.delivery
            else outcome
        )

    monkeypatch.setattr(commit._machine, "apply", touching)
    clients[0].send(QueueEnqueue("q", [b"1", b"2", b"3"]))
    await rig.settle()
    got = [c.result(p).messages[0].seq for c, p in zip(clients, polls, strict=True)]
    assert sorted(got) == [1, 2, 3]


async def test_waits_that_keep_something_alive_are_asked_before_ticks(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = WAITS[QueueDequeue]
    monkeypatch.setitem(WAITS, cast(Any, QueueDequeue), rule._replace(keeps_alive=True))
    client = rig.client("me")
    order: list[str] = []
    apply = rig.server.commit._machine.apply

    def noting(entry: object) -> object:
        order.append(type(entry.command).__name__)  # type: ignore[attr-defined]  # all entries
        return apply(entry)  # type: ignore[arg-type]  # as it came

    client.send(QueueDequeue("q", block_ms=60_000))
    client.send(KvPut("k", b"", ttl_ms=1_000))
    await rig.settle()
    monkeypatch.setattr(rig.server.commit._machine, "apply", noting)
    await rig.advance(1_000)
    assert order == ["QueueDequeue", "Tick"]


# Waits of queries


async def test_a_get_waits_until_the_key_exists_and_is_durable(rig: Rig) -> None:
    client = rig.client("me")
    get = client.send(KvGet("k", block_ms=1_000))
    rig.storage.hold()
    client.send(KvPut("other", b""))
    client.send(KvPut("k", b"v"))
    await rig.turns()
    assert not client.is_answered(get)
    rig.storage.release()
    await rig.settle()
    assert client.result(get) == b"v"


async def test_a_get_that_waits_ends_with_nothing_at_its_time(rig: Rig) -> None:
    client = rig.client("me")
    get = client.send(KvGet("k", block_ms=1_000))
    await rig.advance(999)
    assert not client.is_answered(get)
    await rig.advance(1)
    assert client.result(get) is None
    assert client.link.in_flight == 0


async def test_a_watch_without_a_version_shows_every_change_from_its_beginning_on(
    rig: Rig,
) -> None:
    client = rig.client("me")
    client.send(KvPut("k", b"before"))
    await rig.settle()
    watch = client.send(KvChanges("k", block_ms=1_000))
    client.send(KvPut("k", b"1"))
    client.send(KvPut("k", b"2"))
    await rig.settle()
    reply: KvChangesReply = client.result(watch)
    assert [change.value for change in reply.changes] == [b"1", b"2"]


async def test_a_quiet_watch_runs_into_no_gap_however_much_others_write(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kv_rows, "CHANGES_MAX", 10)
    monkeypatch.setattr(kv_rows, "CHANGES_SLACK", 5)
    client = rig.client("me")
    client.send(KvPut("mine", b""))
    await rig.settle()
    until_touched = client.send(KvChanges("mine", from_version=1, block_ms=1_000))
    until_late = client.send(KvChanges("none", from_version=1, block_ms=1_000))
    for _ in range(10):
        for _ in range(5):
            client.send(KvPut("noise", b""))
        await rig.settle()
    client.send(KvPut("mine", b"now"))
    await rig.advance(1_000)
    assert [c.version for c in client.result(until_touched).changes] == [52]
    assert client.result(until_late) == KvChangesReply([], 52)


async def test_a_bug_in_one_wait_does_not_keep_others_from_their_answers(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = rig.client("me")
    get = client.send(KvGet("k", block_ms=1_000))

    def fail(view: object, query: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setitem(QUERIES, cast(Any, KvGet), fail)
    logging.disable(logging.CRITICAL)
    put = client.send(KvPut("k", b""))
    await rig.settle()
    logging.disable(logging.NOTSET)
    assert client.result(put) == PutResult(1)
    assert client.error(get).code == "internal"


# Time


async def test_expiry_needs_no_request(rig: Rig) -> None:
    client = rig.client("me")
    client.send(KvPut("k", b"", ttl_ms=100))
    await rig.settle()
    watch = client.send(KvChanges("k", block_ms=10_000))
    await rig.advance(100)
    [change] = client.result(watch).changes
    assert change.deleted


async def test_more_than_one_tick_holds_is_done_in_several(rig: Rig) -> None:
    client = rig.client("me")
    for number in range(TIMERS_PER_TICK_MAX + 10):
        client.send(KvPut(f"k{number}", b"", ttl_ms=100))
    await rig.advance(100)
    version = client.result(client.send(KvChanges("k"))).version
    assert version == 2 * (TIMERS_PER_TICK_MAX + 10)


async def test_a_slow_tick_does_not_turn_command_time_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = rig.client("me")
    client.send(KvPut("k", b"", ttl_ms=100))
    await rig.settle()
    times = iter(range(1, 10**6))
    start_ms = rig.clock.now_ms() + 100
    monkeypatch.setattr(rig.clock, "now_ms", lambda: start_ms + next(times))
    put = client.send(KvPut("k", b"later"))
    await rig.settle()
    assert client.result(put) == PutResult(3)


async def test_a_timer_that_fails_is_fired_again_later_and_holds_up_no_other(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = TIMERS[KV_EXPIRY]
    failed: list[int] = []

    def fail_first(tx: Any, due_ms: int, *timer: Any) -> None:
        if due_ms == first_due_ms:
            failed.append(tx.now_ms - due_ms)
            raise ZeroDivisionError("a bug")
        handler(tx, due_ms, *timer)

    client = rig.client("me")
    first_due_ms = rig.clock.now_ms() + 100
    client.send(KvPut("a", b"", ttl_ms=100))
    client.send(KvPut("b", b"", ttl_ms=101))
    client.send(KvPut("c", b"", ttl_ms=50_000))
    await rig.settle()
    logging.disable(logging.CRITICAL)
    with monkeypatch.context() as patched:
        patched.setitem(TIMERS, KV_EXPIRY, fail_first)
        await rig.advance(101)
        put = client.send(KvPut("other", b""))
        await rig.settle()
        assert client.result(put) == PutResult(5)
        assert deleted(client.result(client.send(KvChanges("", True, 0)))) == ["b"]
        await rig.advance(50_000)
        assert deleted(client.result(client.send(KvChanges("", True, 0)))) == ["b", "c"]
        assert len(failed) == 2  # in the tick of all, and in one of its own
    logging.disable(logging.NOTSET)
    await rig.advance(FAILED_TIMER_MS)
    assert deleted(client.result(client.send(KvChanges("", True, 0)))) == ["b", "c", "a"]


def deleted(reply: KvChangesReply) -> list[str]:
    return [change.key for change in reply.changes if change.deleted]


async def test_nothing_is_held_after_everyone_has_gone(rig: Rig) -> None:
    clients = [await opened(rig, f"c{number}") for number in range(3)]
    for client in clients:
        client.send(QueueDequeue("q", block_ms=1_000), number=1)
        client.send(KvGet("k", block_ms=1_000))
        client.send(KvPut("k", b""), number=2)
    for client in clients:
        client.vanish()
    await rig.settle()
    commit = rig.server.commit
    for waiters in (commit._command_waiters, commit.queries.waiters):
        assert not waiters._by_topic
        assert not waiters._by_owner
    for held in (commit._pending, commit._in_flight, commit._recalled, commit._touched):
        assert not held
    assert rig.server.load.held_bytes == 0


async def test_a_stopped_commit_ticks_no_more() -> None:
    storage = GatedStorage()
    rig = Rig(storage)
    client = rig.client("me")
    client.send(QueueEnqueue("q", [b"x"]))
    client.send(QueueDequeue("q", visibility_timeout_ms=100))
    client.vanish()
    await rig.server.stop()
    writes = storage.writes
    while rig.clock.run_next(rig.clock.now_ms() + 10**9):
        pass
    await rig.turns()
    assert storage.writes == writes


async def test_reading_of_ever_other_names_holds_no_more_and_more(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tx, "_CACHED_ROWS_MAX", 10)
    client = rig.client("me")
    for number in range(50):
        assert client.result(client.send(KvGet("k"), namespace=f"n{number}")) is None
    assert len(rig.server.commit.queries.view()._rows) <= 10
