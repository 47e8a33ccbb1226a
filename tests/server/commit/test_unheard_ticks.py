"""A tick of which nobody is told goes into the journal with what comes next, or after a while."""

from __future__ import annotations

from floruntime.core.kv import KvChanges, KvGet, KvPut
from floruntime.core.queue import QueueDequeue, QueueEnqueue
from tests.server.commit.commit_rig import CommitRig

TTL_MS = 100


async def with_a_value_that_expires(rig: CommitRig) -> int:
    """How many batches the journal has got until now."""
    rig.client("me").send(KvPut("k", b"v", ttl_ms=TTL_MS))
    await rig.settle()
    return rig.journal.appended


def let_it_expire(rig: CommitRig) -> None:
    index = rig.machine.index
    assert rig.clock.run_next(rig.clock.now_ms() + TTL_MS)
    assert rig.machine.index > index, "a tick was applied"


async def test_it_goes_with_the_next_command(rig: CommitRig) -> None:
    appended = await with_a_value_that_expires(rig)
    let_it_expire(rig)
    await rig.turns()
    assert rig.journal.appended == appended
    client = rig.client("me")
    put = client.send(KvPut("other", b"v"))
    await rig.settle()
    assert client.is_answered(put)
    assert rig.journal.appended == appended + 1
    assert rig.journal.durable_index == rig.machine.index


async def test_it_goes_by_itself_after_a_while(rig: CommitRig) -> None:
    appended = await with_a_value_that_expires(rig)
    let_it_expire(rig)
    await rig.journal.until_appended(appended + 1)
    await rig.settle()
    assert rig.journal.durable_index == rig.machine.index


async def test_it_goes_after_a_while_behind_a_batch_that_was_under_way(rig: CommitRig) -> None:
    appended = await with_a_value_that_expires(rig)
    rig.journal.hold()
    client = rig.client("me")
    put = client.send(KvPut("other", b"v"))
    await rig.journal.until_appended(appended + 1)
    let_it_expire(rig)
    rig.journal.release()
    await rig.journal.until_appended(appended + 2)
    assert client.is_answered(put)
    await rig.settle()
    assert rig.journal.durable_index == rig.machine.index


async def test_it_goes_at_once_where_a_query_waits_for_it(rig: CommitRig) -> None:
    appended = await with_a_value_that_expires(rig)
    client = rig.client("waits")
    changes = client.send(KvChanges("k", block_ms=60_000))
    let_it_expire(rig)
    await rig.turns()
    assert rig.journal.appended == appended + 1
    await rig.settle()
    assert [each.deleted for each in client.result(changes).changes] == [True]


async def test_it_has_time_where_a_query_waits_for_something_else(rig: CommitRig) -> None:
    appended = await with_a_value_that_expires(rig)
    rig.client("waits").send(KvGet("other", block_ms=60_000))
    let_it_expire(rig)
    await rig.turns()
    assert rig.journal.appended == appended


async def test_it_goes_at_once_where_it_gives_somebody_what_he_waits_for(rig: CommitRig) -> None:
    client = rig.client("me")
    client.send(QueueEnqueue("q", [b"late"], delay_ms=TTL_MS))
    waits = client.send(QueueDequeue("q", block_ms=60_000))
    await rig.settle()
    appended = rig.journal.appended
    let_it_expire(rig)
    await rig.turns()
    assert rig.journal.appended == appended + 1
    await rig.settle()
    assert [each.payload for each in client.result(waits).messages] == [b"late"]
