"""What RFC 9535 says of segments, selectors and filters, and what following a path may cost."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.engine.workflow.paths.errors import MappingTooLarge, PathTooCostly
from floruntime.engine.workflow.paths.mapping import resolve
from floruntime.engine.workflow.paths.path import parse_path
from floruntime.engine.workflow.paths.walk import NODES_MAX
from tests.engine.workflow.paths.roots import FakeRoot

TREE = {"a": [1, {"b": 2}, [3, {"b": 4}]], "b": {"c": {"b": 5}}}


def found(path: str, document: Any) -> Any:
    """What a path gives; nothing is an empty list."""
    value = parse_path(path).find(FakeRoot(document))
    return value if isinstance(value, list) else []


@pytest.mark.parametrize(
    ("path", "document", "values"),
    [
        # Selectors
        ("$.input[*]", {"x": 1, "y": [2]}, [1, [2]]),
        ("$.input[*]", [1, None], [1, None]),
        ("$.input[*]", "text", []),
        ("$.input['x', 'x', 0]", {"x": 1}, [1, 1]),
        ("$.input[0, 'x']", [7], [7]),
        ("$.input[1:3]", [0, 1, 2, 3], [1, 2]),
        ("$.input[::-1]", [0, 1, 2], [2, 1, 0]),
        ("$.input[-2:]", [0, 1, 2], [1, 2]),
        ("$.input[5:0:-2]", [0, 1, 2, 3], [3, 1]),
        ("$.input[::0]", [0, 1], []),
        ("$.input[0:1]", "text", []),
        # Descendants, each node before what is in it
        ("$.input..b", TREE, [{"c": {"b": 5}}, 2, 4, 5]),
        ("$.input..[0]", TREE, [1, 3]),
        ("$.input..*", {"a": [1, [2]]}, [[1, [2]], 1, [2], 2]),
        ("$.input.a..['b', 1]", TREE, [{"b": 2}, 2, {"b": 4}, 4]),
        ("$.input..[?@.b]", TREE, [{"b": 2}, {"b": 4}, {"b": 5}]),
    ],
)
def test_selectors_select_what_the_standard_says(
    path: str, document: Any, values: list[Any]
) -> None:
    assert found(path, document) == values


A_B = {"a": 1, "b": 2}
B_A = {"b": 2, "a": 1}


@pytest.mark.parametrize(
    ("test", "children", "chosen"),
    [
        # Existence: of a value, whatever it is
        ("@.x", [{"x": None}, {"x": False}, {"y": 1}, 5], [0, 1]),
        ("!@.x", [{"x": 0}, {"y": 1}], [1]),
        ("@[*]", [[], [1], {}, {"a": 1}], [1, 3]),
        ("@.x || @.y && @.z", [{"y": 1}, {"y": 1, "z": 1}, {"x": 1}], [1, 2]),
        ("(@.x || @.y) && @.z", [{"x": 1}, {"x": 1, "z": 1}], [1]),
        ("!(@.x || @.y)", [{"x": 1}, {"z": 1}], [1]),
        # Equality: by value, and of the same kind
        ("@ == 1", [1, 1.0, True, "1", [1]], [0, 1]),
        ("@ == true", [1, True, "true"], [1]),
        ("@ == null", [None, 0, False, ""], [0]),
        ("@ == 'a'", ["a", ["a"]], [0]),
        ("@ == 1.5e1", [15, 1.5], [0]),
        ("@.x == @.y", [{"x": [1], "y": [1]}, {"x": [True], "y": [1]}], [0]),
        ("@.x == @.y", [{"x": A_B, "y": B_A}, {"x": A_B, "y": {"a": 1}}], [0]),
        ("@.x == @.y", [{"x": {"a": 1}, "y": {"b": 1}}, {"x": [1, 2], "y": [1]}], []),
        ("@.x == @.y", [{"z": 1}, {"x": None}], [0]),  # nothing is nothing
        ("@.x != @.y", [{"x": 1}, {"z": 1}], [0]),
        ("@ == 9007199254740993", [9007199254740992, 9007199254740993], [1]),
        # Order: of two numbers or two texts only
        ("@ < 2", [1, 1.5, 2, "1", True, None], [0, 1]),
        ("@ <= 2", [1, 2, 3], [0, 1]),
        ("@ > 'a'", ["b", "a", "😀", 5], [0, 2]),
        ("@ >= true", [True, False], [0]),
        ("@.x <= @.y", [{"z": 1}], [0]),
        # Functions
        ("length(@) == 2", ["ab", "😀é", [1, 2], A_B, 2], [0, 1, 2, 3]),
        ("length(@) == length(@.x)", [5, "a"], [0]),  # of a number, it is nothing
        ("count(@.*) == 2", [[1, 2], {"a": 1}, 5], [0]),
        ("count(@..x) > 1", [{"x": {"x": 1}}, {"x": 1}], [0]),
        ("value(@..x) == 1", [{"a": {"x": 1}}, {"x": 1, "a": {"x": 1}}], [0]),
    ],
)
def test_filters_choose_what_the_standard_says(
    test: str, children: list[Any], chosen: list[int]
) -> None:
    expected = [children[place] for place in chosen]
    assert repr(found(f"$.input[?{test}]", children)) == repr(expected)  # 1 is not 1.0 or True


NESTED: Any = 0
for _ in range(150):
    NESTED = [NESTED, *([1] * 20)]
WIDE = [{"a": i, "b": [i]} for i in range(NODES_MAX // 4)]


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("$.input..*..*..*", NESTED),
        ("$.input..[?@..[?@..[?@.a]]]", NESTED),
        ("$.input..[?count(@..*) > 1]", NESTED),
        ("$.input[?@ == $.input[0]]", [[[1] * 1000] * 1000] * 3),
        ("$.input[?@[?@ == $.input[0]]]", [[1] * 1000] * 1000),
        ("$.input..a", WIDE),
        ("$.input[*, *, *, *, *, *]", WIDE),
        ("$.input[?@.a && @.b && @.a && @.b]", WIDE),
        ("$.input[0:][0:][0:][?@ == 1]", [[list(range(600))] * 20] * 50),
        ("$.input[?@[?@ == $.input[0][0]]]", [["x" * 100_000] * 200] * 200),
        ("$.input[?@[?@ < $.input[0][0]]]", [["x" * 100_000] * 200] * 200),
    ],
)
def test_what_a_path_may_touch_is_bounded(path: str, document: Any) -> None:
    with pytest.raises(PathTooCostly, match="more than 250,000 nodes") as refused:
        parse_path(path).evaluate(FakeRoot(document))
    assert path in str(refused.value)


def test_a_path_of_names_costs_nothing_whatever_the_document() -> None:
    assert parse_path("$.input[-1].a").evaluate(FakeRoot(WIDE)) == len(WIDE) - 1


def test_all_paths_of_a_mapping_share_what_they_may_touch() -> None:
    document = [[i] for i in range(NODES_MAX // 7)]
    paths = ["$.input[*][0]", "$.input[0:]", "$.input[*]", "$.input.*", "$.input[*].*"]
    root = FakeRoot(document)
    for path in paths:
        parse_path(path).evaluate(root)
    with pytest.raises(PathTooCostly):
        resolve(paths, root)


def test_the_list_of_what_is_found_may_hold_no_node_too_often() -> None:
    """Each level holds all the deeper ones: ten kilobytes become a megabyte."""
    document: Any = "x" * 10_000
    for _ in range(100):
        document = [document]
    with pytest.raises(MappingTooLarge, match="more than 500,000 bytes"):
        resolve("$.input..*", FakeRoot(document), bytes_max=500_000)
