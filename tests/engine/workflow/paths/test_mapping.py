"""Mappings: which of their texts are paths, and what they make for a run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from floruntime.engine.workflow.paths.errors import MappingTooLarge, PathFindsNothing
from floruntime.engine.workflow.paths.mapping import paths_in, resolve
from tests.engine.workflow.language.random_definitions import JSON_VALUES
from tests.engine.workflow.paths.roots import FakeRoot

ROOT = FakeRoot(
    {"id": "o-1", "total": 12.5, "none": None, "big": 2**70, "tags": ["a", "b"]},
    outputs={"start": {"ok": True}},
)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("$.input.id", "o-1"),
        ({"id": "$.input.id", "fixed": 5}, {"id": "o-1", "fixed": 5}),
        ({"a": {"b": ["$.input.total", {"c": "$.input.id"}]}}, {"a": {"b": [12.5, {"c": "o-1"}]}}),
        (["$.input.tags[*]", "$.input.none"], [["a", "b"], None]),
        ({"n": "$.input.big"}, {"n": 2**70}),
        ({"$.input.id": "a key is itself"}, {"$.input.id": "a key is itself"}),
        ("costs $.5", "costs $.5"),
        ("$5", "$5"),
        ("", ""),
        (True, True),
        (None, None),
        ({}, {}),
        ({"path": "$.input.id", "default": 1}, "o-1"),
        ({"path": "$.input.nothing", "default": 1}, 1),
        ({"path": "$.input.nothing", "default": None}, None),
        ({"path": "$.input.none", "default": 1}, None),
        ({"path": "$.input.tags[?@ == 'c']", "default": []}, []),
        ({"path": "$.input.nothing", "default": "$.input.id"}, "$.input.id"),
        ({"path": "/tmp", "default": 1}, {"path": "/tmp", "default": 1}),
        ({"path": "$.input.id"}, {"path": "o-1"}),
        ({"path": "$.input.id", "default": 1, "more": 2}, {"path": "o-1", "default": 1, "more": 2}),
    ],
)
def test_a_template_makes_a_value(template: Any, value: Any) -> None:
    assert resolve(template, ROOT) == value


@pytest.mark.parametrize(
    "template", ["$.input.nothing", {"a": [{"b": "$.input.nothing"}]}, ["$.input.nothing"]]
)
def test_a_path_that_finds_nothing_is_named(template: Any) -> None:
    with pytest.raises(PathFindsNothing, match=r"path '\$\.input\.nothing' finds nothing"):
        resolve(template, ROOT)


def test_the_paths_of_a_template_are_told_in_order_with_their_places() -> None:
    template = {
        "a": "$.input.a",
        "b": [1, "text", "$.input.b", {"path": "$.input.c", "default": "$.input.no"}],
        "c": {"path": "$.input.d"},
        "d": {"path": "x", "default": "$.input.e"},
    }
    assert list(paths_in(template)) == [
        (("a",), "$.input.a"),
        (("b", 2), "$.input.b"),
        (("b", 3, "path"), "$.input.c"),
        (("c", "path"), "$.input.d"),
        (("d", "default"), "$.input.e"),
    ]
    assert list(paths_in("$.input")) == [((), "$.input")]


@given(JSON_VALUES.filter(lambda value: not list(paths_in(value))))
def test_what_has_no_paths_is_itself(template: Any) -> None:
    assert resolve(template, ROOT) == template


def test_a_document_is_asked_for_once_however_many_paths_touch_it() -> None:
    root = FakeRoot({"a": 1, "b": 2})
    resolve(["$.input.a", "$.input.b", "$.input[*]", {"path": "$.input.c", "default": 1}], root)
    assert root.asked == ["input"]


def test_a_value_may_be_as_large_as_allowed_and_no_larger() -> None:
    root = FakeRoot("x" * 98)  # 100 bytes with its quotes
    assert resolve(["$.input"] * 3, root, bytes_max=300) == ["x" * 98] * 3
    with pytest.raises(MappingTooLarge, match="more than 299 bytes"):
        resolve(["$.input"] * 3, root, bytes_max=299)


def test_a_lone_surrogate_has_a_size_too() -> None:
    root = FakeRoot("\ud800")
    assert resolve("$.input", root, bytes_max=8) == "\ud800"
    with pytest.raises(MappingTooLarge):
        resolve("$.input", root, bytes_max=7)
