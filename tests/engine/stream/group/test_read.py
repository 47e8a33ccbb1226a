"""Consumer groups: reading, settling, fencing, members."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.stream import (
    GroupAck,
    GroupAckResult,
    GroupClaim,
    GroupCreate,
    GroupDead,
    GroupDelete,
    GroupGetInfo,
    GroupInfo,
    GroupJoin,
    GroupLeave,
    GroupList,
    GroupNack,
    GroupPending,
    GroupRead,
    GroupSeek,
    GroupTouch,
    PendingEntry,
    StreamAppend,
    StreamID,
    StreamRecord,
    StreamTrim,
)
from floruntime.core.system import Batch, HandBack, SessionOpen, Tick
from floruntime.engine.rules import RULES
from floruntime.engine.stream.group.rows import PENDING_RECORD, RETURNED, SETTLED
from floruntime.engine.system import timers
from tests.engine.harness import Engine
from tests.engine.stream.calls import fill

LEASE_MS = 30_000


def read(engine: Engine, consumer: str = "c1", **options: Any) -> list[StreamRecord]:
    return engine.run(GroupRead("s", "g", consumer, **options)).records


def numbers(records: list[StreamRecord]) -> list[int]:
    return [int(record.payload) for record in records]


def settle(kind: type[Any], engine: Engine, records: list[StreamRecord], **options: Any) -> Any:
    ids = [record.id for record in records]
    leases = [record.lease for record in records]
    return engine.run(kind("s", "g", ids, leases, **options))


def ack(engine: Engine, records: list[StreamRecord], **options: Any) -> GroupAckResult:
    result: GroupAckResult = settle(GroupAck, engine, records, **options)
    return result


def nack(engine: Engine, records: list[StreamRecord], **options: Any) -> GroupAckResult:
    result: GroupAckResult = settle(GroupNack, engine, records, **options)
    return result


def info(engine: Engine) -> GroupInfo:
    return engine.query(GroupGetInfo("s", "g"))


def pending(engine: Engine, **options: Any) -> list[PendingEntry]:
    return engine.query(GroupPending("s", "g", **options)).items


def dead(engine: Engine) -> list[StreamRecord]:
    return engine.query(GroupDead("s", "g")).items


def rows_of(engine: Engine, *tags: bytes) -> int:
    return sum(key[:2] in tags for key in engine.rows())


# Making groups


def test_a_first_read_makes_the_group_from_everything_kept(engine: Engine) -> None:
    fill(engine, 3)
    records = read(engine)
    assert numbers(records) == [0, 1, 2]
    assert {record.attempt for record in records} == {1}
    assert info(engine).consumers == ["c1"]
    assert info(engine).mode == "shared"


def test_a_group_may_wait_for_its_stream(engine: Engine) -> None:
    assert read(engine) == []
    fill(engine, 1)
    assert numbers(read(engine)) == [0]


def test_group_create_is_idempotent_and_other_settings_conflict(engine: Engine) -> None:
    first = engine.run(GroupCreate("s", "g", max_deliver=3))
    assert engine.run(GroupCreate("s", "g", max_deliver=3)) == first
    with pytest.raises(ConflictError, match="max_deliver=3"):
        engine.run(GroupCreate("s", "g"))


@pytest.mark.parametrize(("start", "wanted"), [("0", [0, 1, 2]), ("$", [])])
def test_group_create_start(engine: Engine, start: str, wanted: list[int]) -> None:
    fill(engine, 3)
    engine.run(GroupCreate("s", "g", start=start))
    assert info(engine).lag == len(wanted)
    assert info(engine).last_delivered_id is None
    assert numbers(read(engine)) == wanted


def test_group_create_at_an_id_includes_it(engine: Engine) -> None:
    ids = fill(engine, 3)
    engine.run(GroupCreate("s", "g", start=str(ids[1])))
    assert info(engine).lag == 2
    assert numbers(read(engine)) == [1, 2]


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "fanout"},
        {"ack_timeout_ms": 0},
        {"ack_timeout_ms": limits.DURATION_MS_MAX + 1},
        {"max_deliver": 0},
        {"max_deliver": limits.ATTEMPTS_MAX + 1},
        {"consumer_timeout_ms": 0},
        {"start": "soon"},
    ],
)
def test_bad_settings_are_refused(engine: Engine, options: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        engine.run(GroupCreate("s", "g", **options))
    with pytest.raises(NotFoundError):
        info(engine)


def test_what_needs_a_group_says_not_found(engine: Engine) -> None:
    fill(engine, 1)
    for request in (
        GroupAck("s", "g", [StreamID(1, 0)], [0]),
        GroupNack("s", "g", [StreamID(1, 0)], [0]),
        GroupTouch("s", "g", [StreamID(1, 0)], [0]),
        GroupLeave("s", "g", "c"),
        GroupSeek("s", "g", "0"),
        GroupClaim("s", "g", "c", 0),
    ):
        with pytest.raises(NotFoundError, match="group 'g'"):
            engine.run(request)
    for question in (GroupGetInfo("s", "g"), GroupPending("s", "g"), GroupDead("s", "g")):
        with pytest.raises(NotFoundError, match="group 'g'"):
            engine.query(question)
    assert engine.run(GroupDelete("s", "g")) is False
    assert engine.run(GroupDelete("none", "g")) is False


def test_groups_are_listed_in_pages_and_deleted(engine: Engine) -> None:
    for name in ("b", "a", "c"):
        engine.run(GroupCreate("s", name))
    page = engine.query(GroupList("s", limit=2))
    assert [group.name for group in page.items] == ["a", "b"]
    rest = engine.query(GroupList("s", limit=2, cursor=page.cursor))
    assert [group.name for group in rest.items] == ["c"]
    outcome = engine.outcome(GroupDelete("s", "a"))
    assert outcome.result is True
    assert outcome.ended == [("default", "stream", "s")]
    assert len(engine.query(GroupList("s")).items) == 2


# Reading


def test_two_members_share_the_records(engine: Engine) -> None:
    fill(engine, 4)
    assert numbers(read(engine, "c1", limit=2)) == [0, 1]
    assert numbers(read(engine, "c2", limit=2)) == [2, 3]
    assert read(engine, "c1") == []


def test_groups_do_not_share(engine: Engine) -> None:
    fill(engine, 2)
    read(engine)
    assert numbers(engine.run(GroupRead("s", "other", "c1")).records) == [0, 1]


@pytest.mark.parametrize(
    "options", [{"limit": 0}, {"limit": 1001}, {"block_ms": -1}, {"block_ms": 300_001}]
)
def test_group_read_limits(engine: Engine, options: dict[str, Any]) -> None:
    assert read(engine, limit=1000, block_ms=300_000) == []
    with pytest.raises(BadRequestError):
        read(engine, **options)


def test_an_empty_read_of_a_member_writes_nothing(engine: Engine) -> None:
    read(engine)
    rows = engine.rows()
    index = engine.machine.index
    engine.now_ms += 2_999
    read(engine, block_ms=1000)
    assert engine.machine.index == index
    engine.now_ms += 1
    read(engine, block_ms=1000)
    assert engine.machine.index == index + 1
    assert engine.rows() != rows


def test_lag_pending_and_last_delivered(engine: Engine) -> None:
    ids = fill(engine, 10)
    records = read(engine, limit=4)
    assert (info(engine).lag, info(engine).pending) == (6, 4)
    assert info(engine).last_delivered_id == ids[3]
    ack(engine, records[:3])
    assert (info(engine).lag, info(engine).pending) == (6, 1)
    engine.run(StreamTrim("s", max_records=2))
    assert info(engine).lag == 2


def test_a_delivery_stops_before_it_grows_too_large(engine: Engine) -> None:
    for _ in range(6):
        engine.run(StreamAppend("s", [b"1" * limits.VALUE_BYTES_DEFAULT]))
    assert len(read(engine)) == 4
    assert len(read(engine)) == 2


# Settling


def test_an_ack_leaves_nothing_but_the_memory_of_it(engine: Engine) -> None:
    fill(engine, 3)
    records = read(engine)
    assert ack(engine, records) == GroupAckResult([record.id for record in records], [])
    assert rows_of(engine, PENDING_RECORD.tag, RETURNED.tag) == 0
    assert rows_of(engine, timers.TIMER.tag) == 2  # forget the ack; the member
    engine.advance(limits.SETTLED_MS)
    assert rows_of(engine, SETTLED.tag, timers.TIMER.tag) == 0


def test_what_was_acked_never_returns_and_what_was_leased_does(engine: Engine) -> None:
    fill(engine, 4)
    records = read(engine)
    ack(engine, [records[0], records[2]])
    engine.reopen()
    engine.advance(LEASE_MS - 1)
    assert read(engine) == []
    engine.advance(1)
    again = read(engine)
    assert numbers(again) == [1, 3]
    assert [record.attempt for record in again] == [2, 2]
    assert min(r.lease for r in again) > max(r.lease for r in records)


def test_a_large_delivery_returns_over_several_ticks(engine: Engine) -> None:
    engine.run(StreamAppend("s", [b"1"] * 250))
    read(engine, limit=1000)
    engine.now_ms += LEASE_MS
    assert engine.run(Tick()) is False
    assert len(read(engine, "c2", limit=1000)) == 100
    engine.tick()
    assert len(read(engine, "c2", limit=1000)) == 150
    assert info(engine).pending == 250


def test_due_redeliveries_come_before_new_records(engine: Engine) -> None:
    fill(engine, 4)
    nack(engine, read(engine, limit=2))
    assert numbers(read(engine, limit=3)) == [0, 1, 2]


def test_an_ack_after_the_lease_ran_out_is_accepted_if_nobody_has_it(engine: Engine) -> None:
    fill(engine, 1)
    records = read(engine)
    engine.advance(LEASE_MS)
    assert ack(engine, records).done == [records[0].id]
    assert read(engine) == []
    assert info(engine).pending == 0


def test_an_ack_after_the_record_was_delivered_again_is_stale(engine: Engine) -> None:
    fill(engine, 1)
    first = read(engine, "c1")
    engine.advance(LEASE_MS)
    second = read(engine, "c2")
    for kind in (GroupAck, GroupNack, GroupTouch):
        assert settle(kind, engine, first).stale == [first[0].id]
    assert ack(engine, second).done == [second[0].id]
    assert ack(engine, first).stale == [first[0].id]


def test_an_ack_repeated_by_its_holder_is_done_for_five_minutes(engine: Engine) -> None:
    fill(engine, 2)
    records = read(engine)
    ack(engine, records[:1])
    engine.advance(1000)
    ack(engine, records[1:])
    engine.advance(limits.SETTLED_MS - 1000 - 1)
    assert ack(engine, records).stale == []
    engine.advance(limits.SETTLED_MS)
    assert ack(engine, records).done == []


def test_an_unknown_id_is_stale_and_the_others_are_done(engine: Engine) -> None:
    fill(engine, 2)
    records = read(engine)
    unknown = StreamID(5, 5)
    result = engine.run(GroupAck("s", "g", [records[0].id, unknown], [records[0].lease, 7]))
    assert result == GroupAckResult([records[0].id], [unknown])


def test_an_operator_without_a_lease_is_believed(engine: Engine) -> None:
    ids = fill(engine, 2)
    read(engine, "c1")
    stale = engine.run(GroupAck("s", "g", ids, [0, 0], consumer="c2"))
    assert stale.stale == ids
    assert engine.run(GroupAck("s", "g", [ids[0], ids[0]], [0, 0])).done == [ids[0], ids[0]]
    assert engine.run(GroupAck("s", "g", [ids[1]], [0], consumer="c1")).done == [ids[1]]


def test_a_right_lease_from_another_consumer_is_stale(engine: Engine) -> None:
    fill(engine, 1)
    records = read(engine, "c1")
    assert ack(engine, records, consumer="c2").stale == [records[0].id]
    assert ack(engine, records, consumer="c1").done == [records[0].id]


def test_ids_and_leases_must_be_as_many(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g"))
    with pytest.raises(BadRequestError, match="leases"):
        engine.run(GroupAck("s", "g", [StreamID(1, 1)], []))
    with pytest.raises(BadRequestError, match="ids"):
        engine.run(GroupAck("s", "g", [], []))
    many = [StreamID(1, n) for n in range(limits.MANY_MAX + 1)]
    assert engine.run(GroupAck("s", "g", many[1:], [1] * 1000)).stale == many[1:]
    with pytest.raises(BadRequestError, match="ids"):
        engine.run(GroupAck("s", "g", many, [1] * 1001))


@pytest.mark.parametrize("kind", [GroupAck, GroupNack, GroupTouch])
@pytest.mark.parametrize("lease", [-1, -(2**63)])
def test_a_lease_that_is_no_number_of_ours_is_refused(
    engine: Engine, kind: type[Any], lease: int
) -> None:
    fill(engine, 1)
    [record] = read(engine)
    with pytest.raises(BadRequestError, match="leases"):
        engine.run(kind("s", "g", [record.id], [lease]))


def test_a_stale_ack_refuses_its_batch(engine: Engine) -> None:
    fill(engine, 1)
    records = read(engine)
    stale = GroupAck("s", "g", [records[0].id], [records[0].lease + 1])
    with pytest.raises(ConflictError) as caught:
        engine.run(Batch([StreamAppend("s", [b"9"]), stale]))
    assert caught.value.index == 1
    assert read(engine) == []


def test_a_nack_delays_the_next_delivery_and_wakes_for_it(engine: Engine) -> None:
    fill(engine, 1)
    records = read(engine)
    nack(engine, records, delay_ms=500)
    assert nack(engine, records, delay_ms=500).done == [records[0].id]
    engine.advance(499)
    assert read(engine) == []
    assert info(engine).pending == 1
    engine.now_ms += 1
    assert engine.outcome(Tick()).touched == [("default", "stream", "s")]
    assert [record.attempt for record in read(engine)] == [2]


def test_a_release_counts_no_attempt(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", max_deliver=1))
    fill(engine, 1)
    records = read(engine)
    assert nack(engine, records, release=True).done == [records[0].id]
    again = read(engine)
    assert again[0].attempt == 1
    assert again[0].lease > records[0].lease
    with pytest.raises(BadRequestError, match="release"):
        nack(engine, again, release=True, delay_ms=1)


def test_touch_extends_from_now(engine: Engine) -> None:
    fill(engine, 3)
    records = read(engine)
    engine.advance(LEASE_MS - 1)
    assert settle(GroupTouch, engine, records[:2], extend_ms=60_000).stale == []
    assert pending(engine)[0].expires_at_ms == engine.now_ms + 60_000
    engine.advance(59_999)
    assert numbers(read(engine, "c2")) == [2]
    engine.advance(1)
    assert settle(GroupTouch, engine, records[:1]).stale == [records[0].id]
    assert numbers(read(engine, "c2")) == [0, 1]


def test_two_touches_of_one_delivery_lose_no_lease(engine: Engine) -> None:
    fill(engine, 2)
    records = read(engine)
    settle(GroupTouch, engine, records[:1], extend_ms=LEASE_MS + 100)
    settle(GroupTouch, engine, records[1:], extend_ms=LEASE_MS + 100)
    engine.advance(LEASE_MS + 100)
    assert numbers(read(engine, "c2")) == [0, 1]


def test_touch_never_shortens(engine: Engine) -> None:
    fill(engine, 3)
    records = read(engine)
    engine.advance(10)
    assert settle(GroupTouch, engine, records[:1], extend_ms=LEASE_MS).stale == []
    assert settle(GroupTouch, engine, records, extend_ms=LEASE_MS - 20).stale == []
    engine.advance(LEASE_MS - 11)
    assert read(engine, "c2") == []
    engine.advance(1)
    assert numbers(read(engine, "c2")) == [1, 2]
    engine.advance(9)
    assert read(engine, "c2") == []
    engine.advance(1)
    assert numbers(read(engine, "c2")) == [0]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (GroupTouch, {"extend_ms": 0}),
        (GroupTouch, {"extend_ms": limits.DURATION_MS_MAX + 1}),
        (GroupNack, {"delay_ms": -1}),
        (GroupNack, {"delay_ms": limits.DURATION_MS_MAX + 1}),
        (GroupNack, {"error": "x" * (limits.ERROR_TEXT_BYTES_MAX + 1)}),
        (GroupAck, {"consumer": ""}),
    ],
)
def test_bad_settling_is_refused(engine: Engine, kind: type[Any], options: dict[str, Any]) -> None:
    fill(engine, 1)
    records = read(engine)
    with pytest.raises(BadRequestError):
        settle(kind, engine, records, **options)


def test_after_max_deliver_a_record_is_dead_and_others_go_on(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", max_deliver=2))
    fill(engine, 3)
    first = read(engine, limit=2)
    ack(engine, first[1:])
    nack(engine, first[:1], error="boom 1")
    again = read(engine, limit=1)
    nack(engine, again, error="boom 2")
    assert nack(engine, again, error="boom 2").done == [again[0].id]
    assert numbers(read(engine)) == [2]
    letter = dead(engine)[0]
    assert (letter.payload, letter.reason, letter.error) == (b"0", "max_attempts", "boom 2")
    assert (letter.attempt, letter.id) == (2, first[0].id)
    assert (info(engine).dead, info(engine).pending) == (1, 1)


def test_a_lease_that_runs_out_counts_as_an_attempt(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", max_deliver=1))
    fill(engine, 1)
    read(engine)
    engine.advance(LEASE_MS)
    assert read(engine) == []
    assert [letter.reason for letter in dead(engine)] == ["max_attempts"]
    engine.run(StreamTrim("s", max_records=0))
    assert dead(engine)[0].payload == b"0"


def test_dead_letters_are_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GROUP_DEAD_MAX", 3)
    engine.run(GroupCreate("s", "g", max_deliver=1))
    fill(engine, 5)
    nack(engine, read(engine))
    assert numbers(dead(engine)) == [2, 3, 4]
    page = engine.query(GroupDead("s", "g", limit=2))
    rest = engine.query(GroupDead("s", "g", limit=2, cursor=page.cursor))
    assert numbers(page.items + rest.items) == [2, 3, 4]


def test_a_record_trimmed_while_pending_is_dropped(engine: Engine) -> None:
    fill(engine, 2)
    records = read(engine)
    engine.run(StreamTrim("s", max_records=1))
    nack(engine, records)
    assert numbers(read(engine)) == [1]
    assert info(engine).pending == 1


def test_no_ack_is_at_most_once(engine: Engine) -> None:
    fill(engine, 2)
    records = read(engine, no_ack=True)
    assert numbers(records) == [0, 1]
    assert {record.lease for record in records} == {0}
    engine.advance(LEASE_MS)
    assert read(engine) == []
    assert info(engine).pending == 0


def test_no_ack_takes_redeliveries_too(engine: Engine) -> None:
    fill(engine, 1)
    nack(engine, read(engine))
    assert numbers(read(engine, no_ack=True)) == [0]
    assert (info(engine).pending, read(engine)) == (0, [])


def test_pending_is_listed_by_consumer_and_page(engine: Engine) -> None:
    ids = fill(engine, 5)
    read(engine, "c1", limit=3)
    read(engine, "c2")
    assert [entry.id for entry in pending(engine, consumer="c2")] == ids[3:]
    page = engine.query(GroupPending("s", "g", limit=2))
    rest = engine.query(GroupPending("s", "g", cursor=page.cursor))
    assert [entry.id for entry in page.items + rest.items] == ids
    entry = page.items[0]
    assert (entry.consumer, entry.attempt, entry.delivered_at_ms) == ("c1", 1, engine.now_ms)
    with pytest.raises(BadRequestError, match="cursor"):
        engine.query(GroupDead("s", "g", cursor=page.cursor))


def test_claim_takes_over_what_is_idle(engine: Engine) -> None:
    fill(engine, 3)
    first = read(engine, "c1", limit=2)
    engine.advance(5_000)
    second = read(engine, "c1")
    result = engine.run(GroupClaim("s", "g", "c2", min_idle_ms=5_000))
    assert numbers(result.records) == [0, 1]
    assert {record.attempt for record in result.records} == {2}
    assert ack(engine, first).stale == [record.id for record in first]
    assert ack(engine, second).stale == []
    assert ack(engine, result.records).stale == []


def test_claim_also_takes_what_ran_out_but_respects_a_nacks_delay(engine: Engine) -> None:
    fill(engine, 2)
    records = read(engine)
    nack(engine, records[:1], delay_ms=100_000)
    engine.advance(LEASE_MS)
    claimed = engine.run(GroupClaim("s", "g", "c2", min_idle_ms=LEASE_MS)).records
    assert numbers(claimed) == [1]
    assert read(engine) == []
    engine.advance(100_000)
    ack(engine, claimed)
    assert numbers(read(engine)) == [0]


def test_claim_buries_what_was_delivered_too_often(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", max_deliver=1))
    fill(engine, 1)
    read(engine)
    assert engine.run(GroupClaim("s", "g", "c2", min_idle_ms=0)).records == []
    assert numbers(dead(engine)) == [0]


def test_seek_moves_the_cursor_and_drops_what_is_pending(engine: Engine) -> None:
    ids = fill(engine, 5)
    old = read(engine, limit=3)
    nack(engine, old[:1])
    result = engine.run(GroupSeek("s", "g", str(ids[1])))
    assert (result.pending, result.lag) == (0, 4)
    assert ack(engine, old[1:]).done == []
    assert numbers(read(engine)) == [1, 2, 3, 4]
    engine.run(GroupSeek("s", "g", "$"))
    engine.advance(LEASE_MS)
    assert read(engine) == []


# Members


def test_leave_hands_pending_back_at_once(engine: Engine) -> None:
    fill(engine, 3)
    records = read(engine, "c1", limit=2)
    outcome = engine.outcome(GroupLeave("s", "g", "c1"))
    assert outcome.result is True
    assert outcome.touched == [("default", "stream", "s")]
    assert info(engine).consumers == []
    assert pending(engine, consumer="c1") == []
    again = read(engine, "c2")
    assert numbers(again) == [0, 1, 2]
    assert [record.attempt for record in again] == [1, 1, 1]
    assert ack(engine, records).stale == [record.id for record in records]
    assert engine.run(GroupLeave("s", "g", "c1")) is False


def test_a_member_is_gone_after_its_time_without_a_call(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", consumer_timeout_ms=1000))
    engine.run(GroupJoin("s", "g", "c1"))
    engine.advance(500)
    engine.run(GroupJoin("s", "g", "c2"))
    assert info(engine).consumers == ["c1", "c2"]
    engine.now_ms += 500
    assert info(engine).consumers == ["c2"]
    engine.tick()
    assert info(engine).consumers == ["c2"]
    engine.advance(500)
    assert info(engine).consumers == []
    assert rows_of(engine, timers.TIMER.tag) == 0


def test_an_ack_keeps_its_consumer_alive(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", consumer_timeout_ms=1000))
    fill(engine, 1)
    records = read(engine)
    engine.advance(999)
    ack(engine, records)
    engine.advance(999)
    assert info(engine).consumers == ["c1"]


def test_an_open_wait_keeps_its_consumer_alive() -> None:
    assert RULES.waits[GroupRead].keeps_alive


def test_members_at_the_limit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GROUP_MEMBERS_MAX", 2)
    read(engine, "c1")
    read(engine, "c2")
    with pytest.raises(BadRequestError, match="2 members"):
        read(engine, "c3")
    engine.advance(30_000)
    read(engine, "c3")


@pytest.mark.parametrize("name", ["", "a\tb", "x" * 256])
def test_bad_names_are_refused(engine: Engine, name: str) -> None:
    with pytest.raises(BadRequestError, match="consumer"):
        read(engine, name)
    with pytest.raises(BadRequestError, match="group"):
        engine.run(GroupRead("s", name, "c"))
    with pytest.raises(BadRequestError, match="stream"):
        engine.run(GroupRead(name, "g", "c"))


def test_exclusive_the_second_stands_by_and_takes_over(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", mode="exclusive"))
    fill(engine, 4)
    assert numbers(read(engine, "c1", limit=2)) == [0, 1]
    assert read(engine, "c2") == []
    assert engine.run(GroupClaim("s", "g", "c2", min_idle_ms=0)).records == []
    engine.run(GroupLeave("s", "g", "c1"))
    assert numbers(read(engine, "c2")) == [0, 1, 2, 3]
    assert read(engine, "c1") == []


def test_exclusive_takes_over_from_one_that_is_gone(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", mode="exclusive", consumer_timeout_ms=1000))
    fill(engine, 1)
    read(engine, "c1", limit=1)
    fill(engine, 1)
    engine.advance(900)
    assert read(engine, "c2") == []
    engine.advance(100)
    assert len(read(engine, "c2")) == 1


# Waiting, losing connections, sending again


def test_what_can_be_read_again_touches_the_stream(engine: Engine) -> None:
    fill(engine, 1)
    records = read(engine)
    ids, leases = [records[0].id], [records[0].lease]
    outcome = engine.outcome(GroupNack("s", "g", ids, leases))
    assert outcome.touched == [("default", "stream", "s")]
    assert RULES.waits[GroupRead].topics("default", GroupRead("s", "g", "c"))[0][2] == "s"


def test_a_delivery_to_a_lost_connection_is_handed_back(engine: Engine) -> None:
    engine.run(SessionOpen(), session="client")
    fill(engine, 2)
    outcome = engine.outcome(GroupRead("s", "g", "c1"), session="client", number=1)
    assert outcome.delivery is not None
    engine.run(HandBack("client", 1, outcome.delivery))
    again = read(engine, "c2")
    assert numbers(again) == [0, 1]
    assert {record.attempt for record in again} == {1}
    engine.run(HandBack("client", 1, outcome.delivery))
    assert ack(engine, again).stale == []


def test_a_group_read_sent_again_gets_its_first_answer(engine: Engine) -> None:
    engine.run(SessionOpen(), session="client")
    fill(engine, 3)
    request = GroupRead("s", "g", "c1", limit=2)
    first = engine.run(request, session="client", number=1)
    engine.reopen()
    assert engine.run(request, session="client", number=1) == first
    claim = GroupClaim("s", "g", "c2", min_idle_ms=0)
    claimed = engine.run(claim, session="client", number=2)
    assert engine.run(claim, session="client", number=2) == claimed
    assert numbers(read(engine)) == [2]


def test_the_same_entries_give_the_same_rows(engine: Engine) -> None:
    engine.run(GroupCreate("s", "g", mode="key_shared", max_deliver=2))
    for number in range(40):
        engine.run(StreamAppend("s", [b"%d" % number], f"key{number % 5}"))
        records = read(engine, f"c{number % 3}", limit=3)
        if records and number % 4 == 0:
            ack(engine, records)
        elif records and number % 4 == 1:
            nack(engine, records, delay_ms=number)
        engine.advance(2_000)
    engine.run(GroupLeave("s", "g", "c1"))
    second = Engine()
    for entry in engine.entries:
        second.machine.apply(entry)
        second.flush()
    assert second.rows() == engine.rows()
