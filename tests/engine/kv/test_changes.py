"""The index of changes by version, which watches read."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, GapError
from floruntime.core.kv import KvChange, KvChanges, KvChangesReply, KvDelete, KvPut
from floruntime.core.system import NamespaceDelete
from floruntime.engine.kv import changes as kv_changes
from floruntime.engine.kv import rows as kv_rows
from floruntime.engine.kv.rows import FORGET_AFTER_MS, KV_CHANGE
from floruntime.engine.system.timers import KV_TRIM_CHANGES, TIMER
from tests.engine.harness import Engine


def put(engine: Engine, key: str, value: bytes = b"v", ttl_ms: int | None = None) -> int:
    return engine.run(KvPut(key, value, ttl_ms)).version


def after(
    engine: Engine, version: int | None, key: str = "", *, limit: int = 100
) -> KvChangesReply:
    return engine.query(KvChanges(key, prefix=True, from_version=version, limit=limit))


def versions(reply: KvChangesReply) -> list[int]:
    return [change.version for change in reply.changes]


def trims(engine: Engine) -> int:
    return sum(
        key[:2] == TIMER.tag and TIMER.unpack(key)[1] == KV_TRIM_CHANGES for key in engine.rows()
    )


def test_every_change_after_a_version_is_shown_in_order(engine: Engine) -> None:
    put(engine, "a", b"1")
    put(engine, "b", b"2", ttl_ms=10)
    engine.run(KvDelete("a"))
    engine.advance(10)
    assert after(engine, 1).changes == [
        KvChange("b", b"2", 2, False),
        KvChange("a", b"", 3, True),
        KvChange("b", b"", 4, True),
    ]


def test_without_a_version_it_starts_now(engine: Engine) -> None:
    assert after(engine, None) == KvChangesReply([], 0)
    put(engine, "a")
    assert after(engine, None) == KvChangesReply([], 1)


def test_one_key_or_a_prefix_alone_is_shown(engine: Engine) -> None:
    for key in ("a", "ab", "b", "a"):
        put(engine, key)
    assert versions(after(engine, 0, "a")) == [1, 2, 4]
    reply = engine.query(KvChanges("a", from_version=0))
    assert (versions(reply), reply.version) == ([1, 4], 4)


def test_pages_go_on_from_the_version_they_give(engine: Engine) -> None:
    for _ in range(5):
        put(engine, "a")
    first = after(engine, 0, limit=2)
    assert (versions(first), first.version, first.more) == ([1, 2], 2, True)
    last = after(engine, 4, limit=2)
    assert (versions(last), last.more) == ([5], False)


def test_a_page_looks_at_a_bounded_number_of_changes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kv_changes, "SCANNED_ROWS_MAX", 3)
    for _ in range(5):
        put(engine, "noise")
    put(engine, "a")
    first = after(engine, 0, "a")
    assert (first.changes, first.version, first.more) == ([], 3, True)
    assert versions(after(engine, 3, "a")) == [6]


def test_a_version_of_the_future_waits_for_it(engine: Engine) -> None:
    put(engine, "a")
    assert after(engine, 7) == KvChangesReply([], 7)


@pytest.mark.parametrize(
    "request_",
    [
        KvChanges("", prefix=False),
        KvChanges("k" * (limits.KEY_BYTES_MAX + 1), prefix=True),
        KvChanges("a", from_version=-1),
        KvChanges("a", from_version=2**63),
        KvChanges("a", block_ms=limits.BLOCK_MS_MAX + 1),
        KvChanges("a", block_ms=-1),
        KvChanges("a", limit=0),
        KvChanges("a", limit=1001),
    ],
)
@pytest.mark.parametrize("namespace", ["default", "missing"])
def test_bad_input_is_refused_whether_or_not_the_namespace_exists(
    engine: Engine, request_: KvChanges, namespace: str
) -> None:
    put(engine, "a")
    with pytest.raises(BadRequestError):
        engine.query(request_, namespace=namespace)


# What is kept


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kv_rows, "CHANGES_MAX", 10)
    monkeypatch.setattr(kv_rows, "CHANGES_SLACK", 5)


@pytest.mark.usefixtures("small")
def test_the_last_changes_are_kept_and_from_before_them_is_a_gap(engine: Engine) -> None:
    for _ in range(40):
        put(engine, "a")
    with pytest.raises(GapError) as caught:
        after(engine, 1)
    first = caught.value.first_version
    assert 40 - 15 <= first <= 40 - 10
    assert versions(after(engine, first)) == list(range(first + 1, 41))
    with pytest.raises(GapError):
        after(engine, first - 1)


def test_changes_go_after_24_hours(engine: Engine) -> None:
    put(engine, "a")
    engine.advance(1000)
    put(engine, "a")
    engine.advance(FORGET_AFTER_MS - 1000)
    with pytest.raises(GapError) as caught:
        after(engine, 0)
    assert caught.value.first_version == 1
    assert versions(after(engine, 1)) == [2]
    engine.advance(1000)
    assert not any(key[:2] == KV_CHANGE.tag for key in engine.rows())
    assert after(engine, 2) == KvChangesReply([], 2)


def test_changes_age_out_again_after_all_of_them_had_gone(engine: Engine) -> None:
    for _ in range(3):
        put(engine, "a")
        assert trims(engine) == 1
        engine.advance(FORGET_AFTER_MS)
        assert trims(engine) == 0
        assert not any(key[:2] == KV_CHANGE.tag for key in engine.rows())


@pytest.mark.usefixtures("small")
def test_changes_age_out_after_some_had_gone_by_count(engine: Engine) -> None:
    for _ in range(40):
        put(engine, "a")
        engine.advance(1000)
        assert trims(engine) == 1
    engine.advance(FORGET_AFTER_MS)
    assert trims(engine) == 0
    assert not any(key[:2] == KV_CHANGE.tag for key in engine.rows())
    assert put(engine, "a") == 41
    assert trims(engine) == 1


def test_a_tick_drops_a_bounded_number_of_changes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kv_rows, "TRIM_ROWS_PER_TICK", 2)
    for _ in range(5):
        put(engine, "a")
    ticks = len(engine.entries)
    engine.advance(FORGET_AFTER_MS)
    assert len(engine.entries) - ticks >= 3
    assert not any(key[:2] == KV_CHANGE.tag for key in engine.rows())


def test_from_before_a_namespace_was_deleted_is_a_gap_and_now_is_not(engine: Engine) -> None:
    put(engine, "a")
    put(engine, "a")
    engine.run(NamespaceDelete("default", force=True))
    now = after(engine, None).version
    assert now == 2
    put(engine, "a")
    assert versions(after(engine, now)) == [3]
    with pytest.raises(GapError):
        after(engine, 1)


def test_namespaces_have_changes_of_their_own(engine: Engine) -> None:
    put(engine, "a")
    engine.run(KvPut("b", b""), namespace="other")
    assert [c.key for c in after(engine, 0).changes] == ["a"]
