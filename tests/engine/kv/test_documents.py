"""A document that a batch edits again and again: read once, written once, and seen by the rest."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, FloError, NotFoundError
from floruntime.core.kv import (
    KvCheck,
    KvDelete,
    KvGet,
    KvGetEntry,
    KvHistory,
    KvJsonDel,
    KvJsonGet,
    KvJsonSet,
    KvPut,
    PutResult,
)
from floruntime.core.stream import StreamAppend
from floruntime.core.system import Batch
from floruntime.engine.state import json_document
from tests.engine.harness import Engine


def put(engine: Engine, key: str, document: Any) -> None:
    engine.run(KvPut(key, json.dumps(document).encode()))


def edit(path: str, value: Any, key: str = "d") -> KvJsonSet:
    return KvJsonSet(key, path, json.dumps(value).encode())


E = TypeVar("E", bound=FloError)


def refused(engine: Engine, batch: Batch, error: type[E]) -> E:
    with pytest.raises(error) as raised:
        engine.run(batch)
    return raised.value


def stored(engine: Engine, key: str = "d") -> Any:
    return json.loads(engine.query(KvGet(key)) or b"null")


def test_it_is_parsed_once_and_written_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, "d", {"a": list(range(1_000))})
    parsed: list[int] = []
    load = json_document.load

    def counted(text: bytes) -> Any:
        parsed.append(len(text))
        return load(text)

    monkeypatch.setattr(json_document, "load", counted)
    results = engine.run(Batch([edit("$.b", number) for number in range(100)]))
    assert results == [PutResult(2 + number) for number in range(100)]
    assert len([size for size in parsed if size > 1_000]) == 1
    entry = engine.query(KvGetEntry("d"))
    assert entry is not None
    assert entry.version == 101
    assert json.loads(entry.value) == {"a": list(range(1_000)), "b": 99}
    assert [one.version for one in engine.query(KvHistory("d"))] == [101, 1]


def test_the_rest_of_the_batch_sees_what_was_edited(engine: Engine) -> None:
    put(engine, "d", {"a": 1})
    engine.run(
        Batch(
            [
                edit("$.a", 2),
                KvCheck("d", 2),
                edit("$.b", 3),
                KvPut("d", b'{"c": 4}', cas_version=3),
                edit("$.d", 5),
                KvJsonDel("d", "$.c"),
            ]
        )
    )
    assert stored(engine) == {"d": 5}
    assert [one.version for one in engine.query(KvHistory("d"))] == [6, 4, 3, 2, 1]


def test_deleting_it_ends_what_was_open(engine: Engine) -> None:
    put(engine, "d", {"a": 1})
    engine.run(Batch([edit("$.a", 2), KvDelete("d")]))
    assert engine.query(KvGet("d")) is None
    error = refused(engine, Batch([edit("$.a", 2)]), NotFoundError)
    assert error.index == 0


def test_a_batch_that_is_refused_has_edited_nothing(engine: Engine) -> None:
    put(engine, "d", {"a": 1})
    error = refused(engine, Batch([edit("$.a", 2), KvCheck("d", 9)]), ConflictError)
    assert error.index == 1
    assert stored(engine) == {"a": 1}
    engine.run(Batch([edit("$.b", 2)]))
    assert stored(engine) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "edits",
    [
        [edit("$.ä", "ö"), edit("$.x", [1, 2, {"y": None}]), KvJsonDel("d", "$.x[1]")],
        [KvJsonDel("d", "$.a"), edit("$.a", {}), edit("$.a.b", 1.5), KvJsonDel("d", "$.a.b")],
        [KvJsonDel("d", "$.l[-1]"), KvJsonDel("d", "$.l[0]"), KvJsonDel("d", "$.l[0]")],
        [KvJsonDel("d", "$.missing"), edit("$.l[0]", "\ud800"), edit("$.l[0]", 1)],
    ],
)
def test_its_size_is_known_without_writing_it(engine: Engine, edits: list[Any]) -> None:
    put(engine, "d", {"a": 1, "l": [1, "two", 3]})
    before = Engine()
    put(before, "d", {"a": 1, "l": [1, "two", 3]})
    for one in edits:
        before.run(one)
    sizes: list[int] = []

    with pytest.MonkeyPatch.context() as patched:
        from floruntime.engine.kv.documents import OpenDocument

        write = OpenDocument.write

        def measured(self: OpenDocument) -> None:
            sizes.extend((self.tree.size_bytes, len(self.tree.text())))
            write(self)

        patched.setattr(OpenDocument, "write", measured)
        engine.run(Batch(edits))
    assert sizes[0] == sizes[1]
    assert stored(engine) == stored(before), "as one by one"


def test_an_edit_that_makes_it_too_large_is_refused_by_its_place(engine: Engine) -> None:
    put(engine, "d", {"a": "x" * 1_000_000})
    batch = Batch([edit("$.b", "y" * 40_000), edit("$.c", "z" * 40_000)])
    error = refused(engine, batch, BadRequestError)
    assert error.index == 1
    assert "at most 1048576" in error.message


def test_a_batch_edits_large_documents_within_a_bound(engine: Engine) -> None:
    for key in ("d", "e", "f"):
        put(engine, key, {"a": "x" * 900_000})
    engine.run(Batch([edit("$.b", 1), edit("$.b", 1, "e")]))
    error = refused(
        engine, Batch([edit("$.b", 1), edit("$.b", 1, "e"), edit("$.b", 1, "f")]), BadRequestError
    )
    assert error.index == 2
    assert str(limits.BATCH_DOCUMENTS_BYTES_MAX) in error.message


def test_a_batch_is_bounded_by_what_its_lists_hold(engine: Engine) -> None:
    payloads = [b""] * 1_000
    engine.run(Batch([StreamAppend("s", payloads)] * 10))
    error = refused(engine, Batch([StreamAppend("s", payloads)] * 11), BadRequestError)
    assert "11000 payloads" in error.message


def test_reads_of_one_state_parse_a_document_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, "d", {"a": 1})
    view = engine.machine.view(engine.store, "default", engine.now_ms)
    assert [engine.machine.ask(view, KvJsonGet("d", "$.a")) for _ in range(3)] == [b"1"] * 3
    assert len(view.parsed) == 1
