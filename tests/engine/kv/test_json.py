"""KV: JSON documents and paths into them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.kv import KvGet, KvGetEntry, KvJsonDel, KvJsonGet, KvJsonSet, KvPut
from floruntime.engine.state import json_document as documents
from tests.engine.harness import START_MS, Engine


def put(engine: Engine, value: Any, path: str = "$", key: str = "doc") -> int:
    return engine.run(KvJsonSet(key, path, json.dumps(value).encode())).version


def get(engine: Engine, path: str = "$", key: str = "doc") -> Any:
    found = engine.query(KvJsonGet(key, path))
    return None if found is None else json.loads(found)


def test_the_root_replaces_or_creates_the_document(engine: Engine) -> None:
    assert put(engine, {"a": 1}) == 1
    assert put(engine, [1, 2]) == 2
    assert get(engine) == [1, 2]
    assert engine.query(KvGet("doc")) == b"[1,2]"


@pytest.mark.parametrize("path", ["$", "$.a", "$[0]"])
def test_getting_of_a_missing_key_or_path_answers_none(engine: Engine, path: str) -> None:
    assert get(engine, path) is None
    put(engine, {"b": [1]})
    assert get(engine, "$.a") is None
    assert get(engine, "$.b[1]") is None
    assert get(engine, "$.b.c") is None


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.a.b", 1),
        ("$['a']['b']", 1),
        ('$["a"].b', 1),
        ("$.list[0]", "x"),
        ("$.list[-1]", "z"),
        ("$['it\\'s']", True),
        ("$.ключ", 2),
        ("$['a b']", None),
    ],
)
def test_paths_name_one_place(engine: Engine, path: str, found: Any) -> None:
    put(engine, {"a": {"b": 1}, "list": ["x", "y", "z"], "it's": True, "ключ": 2, "a b": None})
    assert get(engine, path) == found


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        ".a",
        "$a",
        "$.",
        "$..a",
        "$.*",
        "$[*]",
        "$[1:2]",
        "$[?@.a]",
        "$['a','b']",
        "$[01]",
        "$.a ",
        "$[",
        "$['a",
        "$" + ".a" * 65,
    ],
)
def test_a_path_that_names_no_single_place_is_refused(engine: Engine, path: str) -> None:
    put(engine, {})
    for ask in (
        lambda: engine.query(KvJsonGet("doc", path)),
        lambda: engine.run(KvJsonSet("doc", path, b"1")),
        lambda: engine.run(KvJsonDel("doc", path)),
    ):
        with pytest.raises(BadRequestError, match="path"):
            ask()


def test_a_path_of_64_steps_is_taken(engine: Engine) -> None:
    put(engine, {})
    assert get(engine, "$" + ".a" * 64) is None


def test_setting_a_sub_path_of_a_missing_key_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFoundError):
        put(engine, 1, "$.a")


def test_a_missing_last_member_is_created(engine: Engine) -> None:
    put(engine, {"a": {}})
    put(engine, 1, "$.a.new")
    put(engine, [0], "$.list")
    put(engine, 5, "$.list[0]")
    assert get(engine) == {"a": {"new": 1}, "list": [5]}


@pytest.mark.parametrize(
    "path", ["$.none.b", "$.list[1]", "$.list[-2]", "$.list.a", "$.n.a", "$[0]"]
)
def test_a_missing_parent_or_an_index_out_of_range_is_refused(engine: Engine, path: str) -> None:
    put(engine, {"list": [0], "n": 1})
    with pytest.raises(BadRequestError, match="does not fit"):
        put(engine, 1, path)
    assert get(engine) == {"list": [0], "n": 1}


def test_deleting_a_missing_path_changes_nothing_and_keeps_the_version(engine: Engine) -> None:
    assert engine.run(KvJsonDel("doc", "$.a")) is False
    put(engine, {"a": 1})
    before = engine.rows()
    assert engine.run(KvJsonDel("doc", "$.b")) is False
    assert engine.query(KvGetEntry("doc")).version == 1  # type: ignore[union-attr]  # it is there
    assert [k for k, v in engine.rows().items() if before.get(k) != v and k[:2] != b"mm"] == []


def test_deleting_a_path_and_the_document(engine: Engine) -> None:
    put(engine, {"a": [1, 2, 3]})
    assert engine.run(KvJsonDel("doc", "$.a[0]")) is True
    assert get(engine) == {"a": [2, 3]}
    assert engine.run(KvJsonDel("doc")) is True
    assert engine.run(KvJsonDel("doc")) is False
    assert get(engine) is None


def test_a_sub_path_keeps_the_ttl_and_the_root_clears_it(engine: Engine) -> None:
    engine.run(KvPut("doc", b'{"a":1,"b":2}', ttl_ms=100))
    put(engine, 2, "$.a")
    engine.run(KvJsonDel("doc", "$.b"))
    assert engine.query(KvGetEntry("doc")).expires_at_ms == START_MS + 100  # type: ignore[union-attr]  # there
    put(engine, {"a": 3})
    assert engine.query(KvGetEntry("doc")).expires_at_ms is None  # type: ignore[union-attr]  # there


@pytest.mark.parametrize("number", [2**53 + 1, 2**64 + 1, -(10**30)])
def test_integers_stay_exact(engine: Engine, number: int) -> None:
    put(engine, {"n": number, "m": 0})
    put(engine, 1, "$.m")
    assert get(engine, "$.n") == number


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"[-1e999]",
        b"'a'",
        b"{} {}",
        b"\xff",
        '"a"'.encode("utf-16"),
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_refused_by_its_field(engine: Engine, text: bytes) -> None:
    with pytest.raises(BadRequestError, match="value"):
        engine.run(KvJsonSet("doc", "$", text))


def test_a_value_that_is_no_document_is_a_conflict(engine: Engine) -> None:
    engine.run(KvPut("doc", b"\x00\x01"))
    with pytest.raises(ConflictError):
        get(engine)
    with pytest.raises(ConflictError):
        put(engine, 1, "$.a")
    with pytest.raises(ConflictError):
        engine.run(KvJsonDel("doc", "$.a"))
    put(engine, {})
    assert get(engine) == {}


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_the_deepest_document_is_taken_and_one_past_it_refused(engine: Engine) -> None:
    engine.run(KvJsonSet("doc", "$", nested(documents.DEPTH_MAX)))
    with pytest.raises(BadRequestError, match="deep"):
        engine.run(KvJsonSet("doc", "$", nested(documents.DEPTH_MAX + 1)))


def test_setting_a_path_cannot_make_a_document_too_deep_to_read(engine: Engine) -> None:
    put(engine, {"a": {}})
    engine.run(KvJsonSet("doc", "$.a.b", nested(documents.DEPTH_MAX - 2)))
    with pytest.raises(BadRequestError, match="deep"):
        engine.run(KvJsonSet("doc", "$.a.c", nested(documents.DEPTH_MAX - 1)))
    assert get(engine, "$.a.c") is None


def test_a_lone_surrogate_is_kept_as_its_escape(engine: Engine) -> None:
    engine.run(KvJsonSet("doc", "$", b'["\\ud800", "\xc3\xa9"]'))
    stored = engine.query(KvGet("doc"))
    assert stored is not None
    assert json.loads(stored.decode()) == ["\ud800", "é"]


def test_a_document_past_the_value_size_is_refused(engine: Engine) -> None:
    put(engine, {"a": ""})
    room = limits.VALUE_BYTES_DEFAULT - len(b'{"a":""}')
    put(engine, "x" * room, "$.a")
    with pytest.raises(BadRequestError, match="value"):
        put(engine, "x" * (room + 1), "$.a")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_any_document_comes_back_as_it_went_in(value: Any) -> None:
    engine = Engine()
    put(engine, value)
    assert get(engine) == value


def test_an_integer_has_a_bound_that_is_told(engine: Engine) -> None:
    largest = b"9" * documents.DIGITS_MAX
    engine.run(KvJsonSet("doc", "$", b'{"a": -' + largest + b"}"))
    assert engine.query(KvJsonGet("doc", "$.a")) == b"-" + largest
    for text in (b"9" * 5_000, b'{"a": [-' + b"9" * 5_000 + b"]}"):
        with pytest.raises(BadRequestError, match="value cannot be taken as JSON: it has a number"):
            engine.run(KvJsonSet("doc", "$", text))
    engine.run(KvPut("other", b"9" * 4_301))
    with pytest.raises(ConflictError, match="it has a number of 4,301 digits; 4,300 are allowed"):
        engine.query(KvJsonGet("other", "$"))
