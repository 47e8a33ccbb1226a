"""KV: conditions, versions, TTLs, counters, history, scans."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.kv import (
    KvCheck,
    KvDelete,
    KvEntry,
    KvExists,
    KvGet,
    KvGetEntry,
    KvHistory,
    KvIncr,
    KvMget,
    KvPut,
    KvScan,
    KvTouch,
    ScanResult,
)
from floruntime.core.system import NamespaceDelete, NamespaceList, Tick
from floruntime.core.types import Command, Query
from floruntime.engine.kv import keys as kv
from floruntime.engine.kv.rows import FORGET_AFTER_MS, KV, KV_HISTORY
from tests.engine.harness import START_MS, Engine


def put(engine: Engine, key: str = "k", value: bytes = b"v", **options: Any) -> int:
    return engine.run(KvPut(key, value, **options)).version


def conflict(engine: Engine, command: Command[object]) -> int | None:
    with pytest.raises(ConflictError) as caught:
        engine.run(command)
    return caught.value.current_version


def entry(engine: Engine, key: str = "k") -> KvEntry | None:
    return engine.query(KvGetEntry(key))


# Versions


def test_versions_count_up_by_one_for_each_changed_key_of_a_namespace(engine: Engine) -> None:
    assert [put(engine, key) for key in "abd"] == [1, 2, 3]
    assert engine.run(KvDelete("a"))
    assert put(engine, "c") == 5


def test_versions_of_two_namespaces_are_apart(engine: Engine) -> None:
    put(engine)
    assert engine.run(KvPut("k", b"v"), namespace="other").version == 1


def test_versions_go_on_after_deletion_of_the_key_and_of_the_namespace(engine: Engine) -> None:
    put(engine)
    engine.run(KvDelete("k"))
    assert put(engine) == 3
    engine.run(NamespaceDelete("default", force=True))
    assert put(engine) == 4
    engine.advance(0)
    assert put(engine) == 5


def test_an_entry_tells_version_times_and_deadline(engine: Engine) -> None:
    put(engine, value=b"v", ttl_ms=500)
    assert entry(engine) == KvEntry("k", b"v", 1, START_MS, START_MS + 500)


# Conditions


@pytest.mark.parametrize("condition", [{"cas_version": 0}, {"if_not_exists": True}])
def test_a_key_that_must_not_exist_may_be_missing_a_tombstone_or_expired(
    engine: Engine, condition: dict[str, Any]
) -> None:
    assert put(engine, **condition) == 1
    assert conflict(engine, KvPut("k", b"x", **condition)) == 1
    engine.run(KvDelete("k"))
    assert put(engine, ttl_ms=10, **condition) == 3
    engine.now_ms += 10
    assert put(engine, **condition) == 5


def test_another_cas_version_on_a_missing_key_conflicts_with_current_version_0(
    engine: Engine,
) -> None:
    assert conflict(engine, KvPut("k", b"x", cas_version=7)) == 0
    put(engine)
    engine.run(KvDelete("k"))
    assert conflict(engine, KvPut("k", b"x", cas_version=2)) == 0


def test_cas_takes_the_current_version_and_no_other(engine: Engine) -> None:
    put(engine)
    assert conflict(engine, KvPut("k", b"x", cas_version=2)) == 1
    assert put(engine, cas_version=1) == 2
    assert conflict(engine, KvPut("k", b"x", cas_version=1)) == 2


def test_if_exists_on_a_missing_key_conflicts_with_current_version_0(engine: Engine) -> None:
    assert conflict(engine, KvPut("k", b"x", if_exists=True)) == 0
    put(engine, ttl_ms=5)
    assert put(engine, if_exists=True, ttl_ms=5) == 2
    engine.now_ms += 5
    assert conflict(engine, KvPut("k", b"x", if_exists=True)) == 0


@pytest.mark.parametrize(
    "command",
    [
        KvPut("k", b"", if_not_exists=True, if_exists=True),
        KvPut("k", b"", if_not_exists=True, cas_version=3),
        KvPut("k", b"", if_exists=True, cas_version=0),
        KvPut("k", b"", cas_version=-1),
        KvPut("k", b"", cas_version=2**63),
        KvPut("k", b"", ttl_ms=0),
        KvPut("k", b"", ttl_ms=-1),
        KvPut("k", b"", ttl_ms=limits.DURATION_MS_MAX + 1),
        KvDelete("k", cas_version=-1),
        KvTouch("k", -1),
        KvTouch("k", limits.DURATION_MS_MAX + 1),
        KvIncr("k", 2**63),
        KvIncr("k", -(2**63) - 1),
        KvCheck("k", -1),
    ],
)
def test_what_can_never_be_right_is_refused_and_writes_nothing(
    engine: Engine, command: Command[object]
) -> None:
    put(engine)
    before = engine.rows()
    with pytest.raises(BadRequestError):
        engine.run(command)
    assert {**engine.rows()} == before


def test_check_is_a_condition_alone(engine: Engine) -> None:
    engine.run(KvCheck("k", 0))
    assert conflict(engine, KvCheck("k", 1)) == 0
    put(engine, ttl_ms=5)
    engine.run(KvCheck("k", 1))
    assert conflict(engine, KvCheck("k", 0)) == 1
    engine.now_ms += 5
    engine.run(KvCheck("k", 0))


# Limits


@pytest.mark.parametrize("key", ["k" * limits.KEY_BYTES_MAX, "é" * (limits.KEY_BYTES_MAX // 2)])
def test_a_key_of_the_largest_size_is_taken(engine: Engine, key: str) -> None:
    put(engine, key)
    assert engine.query(KvGet(key)) == b"v"


@pytest.mark.parametrize("key", ["", "k" * (limits.KEY_BYTES_MAX + 1), "é" * 2049])
@pytest.mark.parametrize("kind", [KvGet, KvGetEntry, KvExists, KvHistory, KvDelete, KvIncr])
def test_a_key_past_its_size_is_refused(engine: Engine, kind: type, key: str) -> None:
    with pytest.raises(BadRequestError, match="key"):
        (engine.query if issubclass(kind, Query) else engine.run)(kind(key))


def test_a_value_of_the_largest_size_is_taken_and_one_past_it_refused(engine: Engine) -> None:
    put(engine, value=b"x" * limits.VALUE_BYTES_DEFAULT)
    with pytest.raises(BadRequestError, match=str(limits.VALUE_BYTES_DEFAULT)):
        put(engine, value=b"x" * (limits.VALUE_BYTES_DEFAULT + 1))


def test_the_longest_ttl_is_taken(engine: Engine) -> None:
    put(engine, ttl_ms=limits.DURATION_MS_MAX)
    assert engine.run(KvTouch("k", limits.DURATION_MS_MAX))


@pytest.mark.parametrize(
    ("query", "is_right"),
    [
        (KvScan(limit=0), False),
        (KvScan(limit=1), True),
        (KvScan(limit=1000), True),
        (KvScan(limit=1001), False),
        (KvScan("p" * limits.KEY_BYTES_MAX), True),
        (KvScan("p" * (limits.KEY_BYTES_MAX + 1)), False),
        (KvHistory("k", 0), False),
        (KvHistory("k", 64), True),
        (KvHistory("k", 65), False),
        (KvMget([]), True),
        (KvMget(["k"] * 256), True),
        (KvMget(["k"] * 257), False),
        (KvGet("k", limits.BLOCK_MS_MAX), True),
        (KvGet("k", limits.BLOCK_MS_MAX + 1), False),
        (KvGet("k", -1), False),
    ],
)
def test_the_limits_of_queries(engine: Engine, query: Query[object], is_right: bool) -> None:
    if is_right:
        engine.query(query)
    else:
        with pytest.raises(BadRequestError):
            engine.query(query)


# Deletion


def test_delete_of_a_missing_key_answers_false_and_with_a_condition_conflicts(
    engine: Engine,
) -> None:
    assert engine.run(KvDelete("k")) is False
    assert conflict(engine, KvDelete("k", cas_version=0)) == 0
    assert conflict(engine, KvDelete("k", cas_version=4)) == 0
    put(engine)
    assert conflict(engine, KvDelete("k", cas_version=2)) == 1
    assert engine.run(KvDelete("k", cas_version=1)) is True
    assert engine.run(KvDelete("k")) is False
    assert engine.query(KvGet("k")) is None


@pytest.mark.parametrize("command", [KvDelete("k"), KvTouch("k", 5)])
def test_what_changes_nothing_makes_no_namespace(engine: Engine, command: Command[bool]) -> None:
    assert engine.run(command, namespace="fresh") is False
    assert engine.query(NamespaceList()).items == []


def test_a_deleted_key_and_its_history_go_after_24_hours(engine: Engine) -> None:
    put(engine)
    engine.run(KvDelete("k"))
    engine.advance(FORGET_AFTER_MS - 1)
    assert len(engine.query(KvHistory("k"))) == 2
    engine.advance(1)
    assert engine.query(KvHistory("k")) == []
    rows = engine.rows()
    assert not any(key[:2] in (KV.tag, KV_HISTORY.tag) for key in rows)


def test_a_key_that_came_back_is_not_forgotten(engine: Engine) -> None:
    put(engine)
    engine.run(KvDelete("k"))
    engine.advance(FORGET_AFTER_MS - 1)
    put(engine, value=b"again")
    engine.advance(FORGET_AFTER_MS)
    assert engine.query(KvGet("k")) == b"again"
    assert [version.deleted for version in engine.query(KvHistory("k"))] == [False, True, False]


def test_a_key_deleted_twice_is_kept_24_hours_from_the_second_time(engine: Engine) -> None:
    put(engine)
    engine.run(KvDelete("k"))
    engine.advance(1000)
    put(engine)
    engine.run(KvDelete("k"))
    engine.advance(FORGET_AFTER_MS - 1)
    assert len(engine.query(KvHistory("k"))) == 4
    engine.advance(1)
    assert engine.query(KvHistory("k")) == []


# TTLs


def test_a_read_at_the_deadline_never_shows_the_value_even_if_the_tick_is_late(
    engine: Engine,
) -> None:
    put(engine, ttl_ms=100)
    engine.now_ms += 99
    assert engine.query(KvGet("k")) == b"v"
    engine.now_ms += 1
    assert engine.query(KvGet("k")) is None
    assert entry(engine) is None
    assert engine.query(KvExists("k")) is False
    assert engine.query(KvMget(["k"])) == [None]
    assert engine.query(KvScan()).entries == []
    assert engine.run(KvDelete("k")) is False


def test_expiry_writes_a_tombstone_with_a_version_of_its_own(engine: Engine) -> None:
    put(engine, ttl_ms=100)
    engine.advance(100)
    newest, first = engine.query(KvHistory("k"))
    assert (newest.version, newest.deleted, newest.timestamp_ms) == (2, True, START_MS + 100)
    assert (first.version, first.value, first.deleted) == (1, b"v", False)
    assert put(engine) == 3


def test_a_write_past_the_deadline_expires_the_key_first(engine: Engine) -> None:
    put(engine, ttl_ms=100)
    engine.now_ms += 100
    assert put(engine, value=b"new") == 3
    assert [(v.version, v.deleted) for v in engine.query(KvHistory("k"))] == [
        (3, False),
        (2, True),
        (1, False),
    ]


def test_overwriting_clears_the_ttl(engine: Engine) -> None:
    put(engine, ttl_ms=100)
    put(engine)
    engine.advance(200)
    assert entry(engine) == KvEntry("k", b"v", 2, START_MS, None)


def test_the_timer_of_an_earlier_ttl_does_nothing_to_a_later_one(engine: Engine) -> None:
    put(engine, ttl_ms=100)
    put(engine, value=b"w", ttl_ms=200)
    engine.advance(199)
    assert engine.query(KvGet("k")) == b"w"
    engine.advance(1)
    assert [v.version for v in engine.query(KvHistory("k"))] == [3, 2, 1]


def test_touch_moves_the_deadline_and_0_takes_it_away(engine: Engine) -> None:
    put(engine, ttl_ms=100)
    assert engine.run(KvTouch("k", 300))
    engine.advance(299)
    assert engine.query(KvExists("k"))
    assert engine.run(KvTouch("k", 0))
    engine.advance(1000)
    found = entry(engine)
    assert found is not None
    assert (found.version, found.expires_at_ms) == (1, None)
    assert engine.run(KvTouch("k", 10, cas_version=1))
    engine.advance(10)
    assert entry(engine) is None


def test_touch_of_a_missing_key_answers_false_and_with_a_condition_conflicts(
    engine: Engine,
) -> None:
    assert engine.run(KvTouch("k", 5)) is False
    assert conflict(engine, KvTouch("k", 5, cas_version=0)) == 0
    put(engine, ttl_ms=5)
    assert conflict(engine, KvTouch("k", 5, cas_version=9)) == 1
    engine.now_ms += 5
    assert engine.run(KvTouch("k", 5)) is False
    assert conflict(engine, KvTouch("k", 5, cas_version=1)) == 0


def test_time_spent_down_counts(engine: Engine) -> None:
    put(engine, ttl_ms=100)
    engine.reopen()
    engine.now_ms += 100
    assert engine.query(KvGet("k")) is None
    engine.tick()
    assert engine.query(KvHistory("k"))[0].deleted


def test_nothing_of_expired_keys_is_left_after_24_hours(engine: Engine) -> None:
    put(engine, "stays")
    engine.advance(2 * FORGET_AFTER_MS)
    baseline = set(engine.rows())
    for key in "abc":
        put(engine, key, ttl_ms=10)
        put(engine, key, ttl_ms=20)
    engine.advance(20)
    engine.advance(2 * FORGET_AFTER_MS)
    assert set(engine.rows()) == baseline


# Counters


def test_incr_creates_at_delta_and_reads_as_its_decimal_digits(engine: Engine) -> None:
    assert engine.run(KvIncr("n", -5)) == -5
    assert engine.run(KvIncr("n", 17)) == 12
    assert engine.query(KvGet("n")) == b"12"


def test_incr_keeps_the_ttl(engine: Engine) -> None:
    put(engine, "n", b"1", ttl_ms=100)
    engine.run(KvIncr("n"))
    found = entry(engine, "n")
    assert found is not None
    assert found.expires_at_ms == START_MS + 100
    engine.advance(100)
    assert engine.run(KvIncr("n")) == 1
    assert engine.query(KvGetEntry("n")).expires_at_ms is None  # type: ignore[union-attr]  # it is there


def test_a_counter_reaches_the_ends_of_64_bits_and_not_past_them(engine: Engine) -> None:
    assert engine.run(KvIncr("n", 2**63 - 1)) == 2**63 - 1
    before = engine.rows()
    assert conflict(engine, KvIncr("n", 1)) == 1
    assert engine.rows() == before
    assert engine.run(KvIncr("n", -(2**63))) == -1
    assert engine.run(KvIncr("n", -(2**63) + 1)) == -(2**63)
    assert conflict(engine, KvIncr("n", -1)) == 3


@pytest.mark.parametrize(
    "value", [b"", b"x", b"1.5", b"+1", b"01", b"-0", b" 1", b"1\n", str(2**63).encode()]
)
def test_a_value_that_is_no_counter_is_a_conflict(engine: Engine, value: bytes) -> None:
    put(engine, "n", value)
    assert conflict(engine, KvIncr("n", -1)) == 1
    assert engine.query(KvGet("n")) == value


# History


def test_history_is_newest_first_and_has_at_most_64_versions(engine: Engine) -> None:
    for number in range(70):
        put(engine, value=str(number).encode())
    versions = engine.query(KvHistory("k", limit=64))
    assert [v.version for v in versions] == list(range(70, 6, -1))
    assert [v.value for v in versions] == [str(v.version - 1).encode() for v in versions]
    assert sum(key[:2] == KV_HISTORY.tag for key in engine.rows()) == 63


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_history_shows_at_most_its_limit(engine: Engine, limit: int) -> None:
    for _ in range(3):
        put(engine)
    found = engine.query(KvHistory("k", limit))
    assert [v.version for v in found] == [3, 2, 1][:limit]


def test_history_of_a_missing_key_is_empty(engine: Engine) -> None:
    assert engine.query(KvHistory("k")) == []


# Scans


def pages(engine: Engine, prefix: str = "", limit: int = 2) -> list[str]:
    keys: list[str] = []
    cursor: str | None = None
    while True:
        page = engine.query(KvScan(prefix, limit, cursor))
        keys += [found.key for found in page.entries]
        if not page.has_more:
            return keys
        cursor = page.cursor


def test_a_scan_is_in_byte_order_and_bounded_by_its_prefix(engine: Engine) -> None:
    for key in ("b", "a", "ab", "aé", "a\x7f", "Z", "a"):
        put(engine, key)
    assert pages(engine) == ["Z", "a", "ab", "a\x7f", "aé", "b"]
    assert pages(engine, "a") == ["a", "ab", "a\x7f", "aé"]
    assert pages(engine, "none") == []


def test_keys_only_leaves_the_values_out(engine: Engine) -> None:
    put(engine)
    [found] = engine.query(KvScan(keys_only=True)).entries
    assert (found.key, found.value, found.version) == ("k", b"", 1)


def test_what_is_there_throughout_appears_exactly_once_however_much_comes_and_goes(
    engine: Engine,
) -> None:
    stays = [f"stays{number:02}" for number in range(20)]
    for key in stays:
        put(engine, key)
    seen: list[str] = []
    cursor: str | None = None
    for turn in range(40):
        page = engine.query(KvScan("", 3, cursor))
        seen += [found.key for found in page.entries]
        put(engine, f"stays{turn % 20:02}x")
        engine.run(KvDelete(f"stays{(turn * 7) % 20:02}x"))
        if not page.has_more:
            break
        cursor = page.cursor
    assert [key for key in seen if key in stays] == stays
    assert len(set(seen)) == len(seen)


def test_a_page_of_tombstones_ends_early_with_a_cursor(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kv, "SCANNED_ROWS_MAX", 3)
    for number in range(8):
        put(engine, f"k{number}")
        if number < 7:
            engine.run(KvDelete(f"k{number}"))
    page = engine.query(KvScan())
    assert (page.entries, page.has_more) == ([], True)
    assert pages(engine, limit=100) == ["k7"]


def test_a_page_ends_when_its_values_reach_the_largest_reply(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REPLY_BYTES_MAX", 10)
    for key in "abc":
        put(engine, key, b"123456")
    first = engine.query(KvScan())
    assert [found.key for found in first.entries] == ["a", "b"]
    assert pages(engine, limit=100) == ["a", "b", "c"]


def test_a_foreign_or_garbled_cursor_is_refused(engine: Engine) -> None:
    for key in ("a1", "a2", "b1", "b2"):
        put(engine, key)
        engine.run(KvPut(key, b""), namespace="other")
    page: ScanResult = engine.query(KvScan("a", limit=1))
    assert page.cursor is not None
    changed = "B" if page.cursor[8] != "B" else "C"
    for cursor in (
        "",
        "x",
        "\u00e9",
        page.cursor[:-4],
        page.cursor[:8] + changed + page.cursor[9:],
    ):
        with pytest.raises(BadRequestError, match="cursor"):
            engine.query(KvScan("a", cursor=cursor))
    with pytest.raises(BadRequestError, match="cursor"):
        engine.query(KvScan("b", cursor=page.cursor))
    with pytest.raises(BadRequestError, match="cursor"):
        engine.query(KvScan("a", cursor=page.cursor), namespace="other")


# Namespaces


def test_namespaces_never_see_each_other(engine: Engine) -> None:
    put(engine, value=b"mine")
    engine.run(KvPut("k", b"theirs"), namespace="other")
    engine.run(KvDelete("k"), namespace="other")
    assert engine.query(KvGet("k")) == b"mine"
    assert engine.query(KvScan(), namespace="third").entries == []
    assert engine.query(KvHistory("k"), namespace="third") == []
    assert len(engine.query(KvHistory("k"), namespace="other")) == 2


def test_mget_answers_in_order(engine: Engine) -> None:
    put(engine, "a", b"1")
    put(engine, "b", b"2")
    found = engine.query(KvMget(["b", "none", "a", "b"]))
    assert [None if f is None else f.value for f in found] == [b"2", None, b"1", b"2"]


def test_the_same_entries_on_a_second_machine_give_identical_rows(engine: Engine) -> None:
    for number in range(30):
        put(engine, f"k{number % 7}", ttl_ms=50 + number if number % 3 else None)
        engine.outcome(KvDelete(f"k{number % 5}", cas_version=number))
        engine.run(KvIncr("n"), session="", number=0)
        engine.advance(20)
    second = Engine()
    for given in engine.entries:
        second.machine.apply(given)
        second.flush()
    assert second.rows() == engine.rows()


def test_a_tick_without_anything_due_answers_that_no_more_is(engine: Engine) -> None:
    assert engine.run(Tick()) is False
