"""Where paths start, what they give, and what they ask a run for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.engine.state.json_document import MISSING
from floruntime.engine.workflow.paths.errors import PathError, PathFindsNothing
from floruntime.engine.workflow.paths.path import Head, HeadKind, Path, is_path, parse_path
from floruntime.engine.workflow.paths.syntax import (
    PATH_BYTES_MAX,
    parse_query,
    plain_steps,
)
from tests.engine.workflow.paths.roots import FakeRoot

LINES = [{"sku": "a", "price": 5}, {"sku": "b", "price": 12.5}]
ORDER = {"id": "o-1", "lines": LINES, "note": None}
ROOT = FakeRoot(
    ORDER,
    outputs={"start": {"ok": True}, "a step": [1, 2, 3], "check-it": "text"},
    outcomes={"start": "success"},
    flo={"run_id": "r-1", "workflow": "orders", "timestamp": 17, "event": {"id": "1-0"}},
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.input", ORDER),
        ("$.input.id", "o-1"),
        ("$.input.note", None),
        ("$['input']['id']", "o-1"),
        ('$["input"].lines[-1].sku', "b"),
        ("$.input.lines[0]['price']", 5),
        ("$.steps.start.output.ok", True),
        ("$.steps._start.output.ok", True),
        ("$.steps._start.outcome", "success"),
        ("$.steps['a step'].output[1]", 2),
        ("$.steps.check-it.output", "text"),
        ("$.flo.run_id", "r-1"),
        ("$.flo.workflow", "orders"),
        ("$.flo.timestamp", 17),
        ("$.flo.event.id", "1-0"),
    ],
)
def test_a_path_of_names_and_indexes_gives_its_value(path: str, value: Any) -> None:
    assert parse_path(path).is_singular
    assert parse_path(path).evaluate(ROOT) == value


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.input.lines[*].sku", ["a", "b"]),
        ("$.input.lines[0:1]", LINES[:1]),
        ("$.input..price", [5, 12.5]),
        ("$.input['id', 'note']", ["o-1", None]),
        ("$.input.lines[?@.price > 10].sku", ["b"]),
        ("$.input.lines[?@.price > 10 && $.steps.start.output.ok == true].sku", ["b"]),
        ("$.input.lines[?@.sku == $.flo.run_id || true == true].price", [5, 12.5]),
    ],
)
def test_any_other_path_gives_the_list_of_what_it_finds(path: str, values: Any) -> None:
    assert not parse_path(path).is_singular
    assert parse_path(path).evaluate(ROOT) == values


@pytest.mark.parametrize(
    "path",
    [
        "$.input.nothing",
        "$.input.id.deeper",
        "$.input.lines[2]",
        "$.input.lines[-3]",
        "$.input.lines.sku",
        "$.input[0]",
        "$.steps.later.output",
        "$.steps.later.outcome",
        "$.input.lines[?@.price > 100]",
        "$.input..nothing",
    ],
)
def test_a_path_that_finds_nothing_says_so_by_name(path: str) -> None:
    assert parse_path(path).find(ROOT) is MISSING
    with pytest.raises(PathFindsNothing) as refused:
        parse_path(path).evaluate(ROOT)
    assert path in str(refused.value)


def test_only_what_a_path_touches_is_asked_for() -> None:
    root = FakeRoot({"a": [{"b": 1}, {"b": 2}]}, outputs={"x": 2})
    assert parse_path("$.input.a[0].b").evaluate(root) == 1
    assert root.asked == ["input"]
    assert parse_path("$.steps.x.output").evaluate(root) == 2
    assert root.asked == ["input", "output of x"]


def test_within_filters_a_document_is_asked_for_once() -> None:
    root = FakeRoot({"a": [{"b": 1}, {"b": 2}, {"b": 2}]}, outputs={"x": 2})
    path = parse_path(
        "$.input.a[?@.b == $.steps.x.output && $.input.a && !($.steps.x.output == 1)]"
    )
    assert path.evaluate(root) == [{"b": 2}, {"b": 2}]
    assert sorted(root.asked) == ["input", "output of x"]


def test_a_path_knows_all_that_it_touches() -> None:
    path = parse_path("$.input.a[?@.b == $.steps._start.output.c && @.d[?@ == $.flo.run_id]]")
    assert set(path.heads) == {
        Head(HeadKind.INPUT),
        Head(HeadKind.OUTPUT, "start"),
        Head(HeadKind.FLO, "run_id"),
    }


@pytest.mark.parametrize(
    "path",
    [
        "$",
        "$.steps",
        "$.steps.a",
        "$.steps.a.result",
        "$.steps.*.output",
        "$.steps[0].output",
        "$.flo",
        "$.flo.secret",
        "$.inputs",
        "$..input",
        "$.*",
        "$['input', 'flo']",
        "$[?@.input]",
        "$.input[?@ == $.steps.a]",
    ],
)
def test_a_path_starts_at_what_a_run_knows(path: str) -> None:
    with pytest.raises(PathError) as refused:
        Path(path)
    assert refused.value.code == "E502"
    assert path in refused.value.message


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("$.input[", "E501"),
        ("$.input.", "E501"),
        ("$.input a", "E501"),
        (" $.input", "E501"),
        ("$.input ", "E501"),
        ("$.input[01]", "E501"),
        ("$.input[-0]", "E501"),
        ("$.input[9007199254740992]", "E501"),
        ("$.input['a\\x41']", "E501"),
        ("$.input[?@.a = 1]", "E501"),
        ("$.input[?@.a]]", "E501"),
        ("$.input[?true]", "E501"),
        ("$.input[?@.* == 1]", "E501"),
        ("$.input[?count(1) == 1]", "E501"),
        ("$.input[?length(@)]", "E501"),
        ("$.input[?1e400 == @]", None),
        ("$.input[?" + "(" * 64 + "@" + ")" * 64 + "]", None),
        ("$.input[?" + "(" * 65 + "@" + ")" * 65 + "]", "E505"),
        ("$.input[?" + "!" * 129 + "@]", "E505"),
        ("$.input[?@.a == " + "'" + "(" * 200 + "']", None),
        ("$.input" + "[?@" * 16 + "]" * 16, None),
        ("$.input" + "[?@" * 17 + "]" * 17, "E505"),
        ("input.a", "E501"),
        ("$.input[?match(@, 'a.*')]", "E504"),
        ("$.input[?search(@, 'a')]", "E504"),
        ("$.input[?keys(@)]", "E504"),
        ("$.input." + "a" * PATH_BYTES_MAX, "E505"),
        ("$.input." + "é" * (PATH_BYTES_MAX // 2), "E505"),
        # What the parser takes, although RFC 9535 knows nothing of it:
        ("$.input[a]", "E501"),
        ("$.input[$.input.a]", "E501"),
        ("$.input[?@.a <> 1]", "E501"),
        ("$.input[?@.a == [1]]", "E501"),
        ("$.input.~", "E501"),
        ("$.input[?#]", "E501"),
        ("$.input[?@.a contains 'b']", "E501"),
        ("$.input[?@.a =~ /b/]", "E501"),
        ("$.input | $.flo", "E501"),
        ("$.input[?(@.a) == 1]", "E501"),
        ("$.input[?@.a == (1)]", "E501"),
        ("$.input[?!!@.a]", "E501"),
        ("$.input[?count(@.*) && @.a]", "E501"),
        ("$.input[1e1]", "E501"),
        ("$.input[?!(!@.a)]", None),
        ("$.input[?@ == -01]", "E501"),
        ("^.input", "E501"),
    ],
)
def test_what_is_no_path_of_the_standard_is_refused(path: str, code: str | None) -> None:
    if code is None:
        Path(path)
        return
    with pytest.raises(PathError) as refused:
        Path(path)
    assert refused.value.code == code


def test_a_path_is_parsed_once() -> None:
    assert parse_path("$.input.parsed.once") is parse_path("$.input.parsed.once")


@pytest.mark.parametrize("value", ["$", "$input", "a$.b", " $.a", "", 5, None, ["$.a"]])
def test_only_text_that_begins_with_the_prefix_is_a_path(value: Any) -> None:
    assert not is_path(value)


NAMES = st.from_regex(r"[A-Za-z_é€😀][A-Za-z_é€😀0-9-]{0,5}", fullmatch=True)
STEPS = st.one_of(
    NAMES.map(lambda name: f".{name}"), st.integers(-12, 10**9 - 1).map(lambda index: f"[{index}]")
)


@given(st.lists(STEPS, max_size=6))
def test_plain_paths_are_what_the_parser_makes_of_them(steps: list[str]) -> None:
    text = f"$.input{''.join(steps)}"
    assert plain_steps(text) == parse_query(text).steps()


@given(st.text("$.[]'\"abz0-19_é😀 *?@", max_size=12))
def test_what_is_plain_is_no_more_than_what_the_parser_takes(rest: str) -> None:
    text = f"$.input{rest}"
    if plain_steps(text) is not None:
        assert plain_steps(text) == parse_query(text).steps()
