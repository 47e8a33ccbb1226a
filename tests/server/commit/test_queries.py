"""Queries: what they see, and how they wait."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest

from floruntime.core.kv import KvChanges, KvChangesReply, KvDelete, KvGet, KvPut, PutResult
from floruntime.core.system import NamespaceDelete
from floruntime.engine.kv import rows as kv_rows
from floruntime.engine.rules import RULES
from floruntime.engine.state import tx
from floruntime.server.commit import queries
from tests.server.commit.commit_rig import CommitRig
from tests.until import until


async def test_a_get_waits_until_the_key_exists_and_is_durable(rig: CommitRig) -> None:
    client = rig.client("me")
    get = client.send(KvGet("k", block_ms=1_000))
    rig.journal.hold()
    client.send(KvPut("other", b""))
    client.send(KvPut("k", b"v"))
    await rig.turns()
    assert not client.is_answered(get)
    rig.journal.release()
    await rig.settle()
    assert client.result(get) == b"v"


async def test_a_get_that_waits_ends_with_nothing_at_its_time(rig: CommitRig) -> None:
    client = rig.client("me")
    get = client.send(KvGet("k", block_ms=1_000))
    await rig.advance(999)
    assert not client.is_answered(get)
    await rig.advance(1)
    assert client.result(get) is None
    assert client.waits == 0


async def test_a_watch_without_a_version_shows_every_change_from_its_beginning_on(
    rig: CommitRig,
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
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
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
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = rig.client("me")
    get = client.send(KvGet("k", block_ms=1_000))

    def fail(view: object, query: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setitem(cast(Any, RULES.queries), KvGet, fail)
    logging.disable(logging.CRITICAL)
    put = client.send(KvPut("k", b""))
    await rig.settle()
    logging.disable(logging.NOTSET)
    assert client.result(put) == PutResult(1)
    assert client.error(get).code == "internal"


async def test_reading_of_ever_other_names_holds_no_more_and_more(
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tx, "_CACHED_ROWS_MAX", 10)
    client = rig.client("me")
    for number in range(50):
        assert client.result(client.send(KvGet("k"), namespace=f"n{number}")) is None
    assert len(rig.commit.queries.view()._rows) <= 10


async def test_many_who_wait_on_one_thing_are_asked_in_slices(
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "ASKED_AT_ONCE", 3)
    monkeypatch.setattr(queries, "SLICE_S", 0)
    client, gone = rig.client("me"), rig.client("gone")
    waits = [client.send(KvGet("k", block_ms=1_000)) for _ in range(10)]
    dropped = [gone.send(KvGet("k", block_ms=1_000)) for _ in range(5)]
    client.send(KvPut("k", b"1"))
    await until(lambda: client.is_answered(waits[0]))
    assert [client.is_answered(wait) for wait in waits] == [True] * 3 + [False] * 7
    rig.commit.drop(gone)
    monkeypatch.setattr(queries, "SLICE_S", 1)
    client.send(KvPut("k", b"2"))
    await until(lambda: all(map(client.is_answered, waits)))
    assert {client.result(wait) for wait in waits} <= {b"1", b"2"}
    assert not any(map(gone.is_answered, dropped))
    assert not rig.commit.queries.waiters


async def test_a_watch_that_is_yet_to_be_asked_misses_nothing(
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "ASKED_AT_ONCE", 0)
    monkeypatch.setattr(queries, "SLICE_S", 0)
    client = rig.client("me")
    watch = client.send(KvChanges("k", block_ms=1_000))
    client.send(KvPut("k", b"1"))
    await rig.settle()
    client.send(KvPut("k", b"2"))
    await rig.settle()
    monkeypatch.setattr(queries, "SLICE_S", 1)
    client.send(KvPut("other", b""))
    await until(lambda: client.is_answered(watch))
    reply: KvChangesReply = client.result(watch)
    assert reply.changes[0].value == b"1"


async def test_what_somebody_looks_at_stays_where_it_was_told_to_look(rig: CommitRig) -> None:
    client = rig.client("me")
    client.send(KvPut("k", b"v"))
    await rig.settle()
    mine, other = rig.commit.queries.view_in("default"), rig.commit.queries.view_in("elsewhere")
    client.send(KvGet("k"))
    at_ms = mine.now_ms
    await rig.advance(5)
    assert (mine.namespace, other.namespace) == ("default", "elsewhere")
    assert mine.now_ms == at_ms


async def test_what_was_read_stays_decoded_until_it_changes(
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = rig.client("me")
    client.send(KvPut("k", b"1"))
    client.send(KvPut("other", b"1"))
    await rig.settle()
    assert client.result(client.send(KvGet("k"))) == b"1"
    decoded: list[bytes] = []
    decode = kv_rows.KV.decode

    def noted(data: bytes) -> Any:
        decoded.append(data)
        return decode(data)

    monkeypatch.setattr(kv_rows.KV, "decode", noted)
    assert client.result(client.send(KvGet("k"))) == b"1"
    client.send(KvPut("other", b"2"))
    await rig.settle()
    assert client.result(client.send(KvGet("k"))) == b"1"
    assert not decoded, "another key's change leaves it"


async def test_a_row_that_is_not_durable_yet_is_not_seen_for_having_been_read_before(
    rig: CommitRig,
) -> None:
    client = rig.client("me")
    client.send(KvPut("k", b"old"))
    client.send(KvPut("gone", b"old"))
    await rig.settle()
    for key in ("k", "gone"):
        assert client.result(client.send(KvGet(key))) == b"old"
    rig.journal.hold()
    client.send(KvPut("k", b"new"))
    client.send(KvDelete("gone"))
    await rig.turns()
    for key in ("k", "gone"):
        assert client.result(client.send(KvGet(key))) == b"old"
    rig.journal.release()
    await rig.settle()
    assert client.result(client.send(KvGet("k"))) == b"new"
    assert client.result(client.send(KvGet("gone"))) is None


async def test_what_is_cleared_is_not_seen_for_having_been_read_before(rig: CommitRig) -> None:
    client = rig.client("me")
    client.send(KvPut("k", b"old"))
    await rig.settle()
    assert client.result(client.send(KvGet("k"))) == b"old"
    client.send(NamespaceDelete("default", force=True))
    await rig.settle()
    await rig.advance(5_000)
    assert client.result(client.send(KvGet("k"))) is None
    client.send(KvPut("k", b"new"))
    await rig.settle()
    assert client.result(client.send(KvGet("k"))) == b"new"
