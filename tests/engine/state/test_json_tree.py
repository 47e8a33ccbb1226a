"""Documents opened only as far as they are looked into behave as those that are read whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.engine.state import json_document, json_tree
from floruntime.engine.state.json_document import MISSING, Step, parse_path
from floruntime.engine.state.json_tree import JsonTree

PAD = "x" * json_document.LARGE_BYTES

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
)
NODES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=20,
)
STEPS = st.lists(st.sampled_from(["a", "b", "c", 0, 1, -1]), min_size=1, max_size=4).map(tuple)
EDITS = st.lists(st.tuples(STEPS, st.just(MISSING) | NODES), max_size=6)


def large(member: Any) -> bytes:
    return json.dumps({"pad": PAD, "a": member}, ensure_ascii=False).encode()


def outcome(tree: JsonTree, steps: tuple[Step, ...], value: Any) -> Any:
    if value is MISSING:
        return tree.remove(steps)
    try:
        tree.replace("$.x", steps, value, json_document.dump(value))
    except BadRequestError as error:
        return error.message
    return None


@given(NODES, EDITS, st.integers(1, 4))
def test_edits_come_to_what_they_come_to_in_a_document_read_whole(
    member: Any, edits: list[tuple[tuple[Step, ...], Any]], passes: int
) -> None:
    text = large(member)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_tree, "PASSES_MAX", passes)
        tree = JsonTree("d", text)
        patched.setattr(json_tree, "LARGE_BYTES", len(text))
        whole = JsonTree("d", text)
    for steps, value in edits:
        assert outcome(tree, steps, value) == outcome(whole, steps, value)
        assert json.loads(tree.text()) == json.loads(whole.text())
        assert tree.size_bytes == len(tree.text())
        for of in ((), steps, steps[:-1]):
            found, wanted = tree.get(of), whole.get(of)
            assert (found is None) is (wanted is None)
            assert found is None or json.loads(found) == json.loads(wanted or b"")


def test_what_is_not_looked_into_stays_as_it_was_written() -> None:
    tree = JsonTree("d", b'{"pad": "%s", "n": [1.50, 1e3], "b": 1}' % PAD.encode())
    tree.replace("$.b", parse_path("$.b"), 2, b"2")
    assert tree.text() == b'{"pad":"%s","n":[1.50, 1e3],"b":2}' % PAD.encode()


@pytest.mark.parametrize(
    "text",
    [
        b'{"pad": "%s", "a": [1,,2]}',
        b'{"pad": "%s", "a": NaN}',
        b'{"pad": "%s", "a": "\xff"}',
        b'{"pad": "%s", "a": 1} 2',
        b'["%s"',
    ],
)
def test_what_is_no_json_is_refused_wherever_it_is_wrong(text: bytes) -> None:
    with pytest.raises(ConflictError):
        JsonTree("d", text % PAD.encode())


@pytest.mark.parametrize("member", [b"1e400", b"9" * 5_000, b"[" * 300 + b"]" * 300])
def test_what_cannot_be_read_is_refused_where_it_is_asked_for(member: bytes) -> None:
    tree = JsonTree("d", b'{"pad": "%s", "a": %s, "b": 1}' % (PAD.encode(), member))
    assert tree.get(("b",)) == b"1"
    with pytest.raises(ConflictError):
        tree.get(("a",))


def test_a_lone_surrogate_is_kept_by_its_escape() -> None:
    tree = JsonTree("d", b'{"pad": "%s", "a": {"\\ud800": 1}}' % PAD.encode())
    tree.replace("$.b", ("b",), "\udfff", json_document.dump("\udfff"))
    assert json.loads(tree.text()) == {"pad": PAD, "a": {"\ud800": 1}, "b": "\udfff"}
