"""JSON text within YAML, and where in the source its parts stand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.engine.workflow.language.json_text import JsonTextError, read_json_text
from floruntime.engine.workflow.language.reading import Reading
from floruntime.engine.workflow.language.yaml_nodes import DEPTH_MAX
from tests.engine.workflow.language.definitions import with_start
from tests.engine.workflow.language.random_definitions import JSON_VALUES


@given(JSON_VALUES, st.sampled_from([None, 2]))
def test_json_text_is_read_into_its_value(value: Any, indent: int | None) -> None:
    assert read_json_text(json.dumps(value, indent=indent)).value == value


@given(JSON_VALUES)
def test_every_text_is_known_by_its_place(value: Any) -> None:
    text = json.dumps(value)
    read = read_json_text(text)
    for path, offset in read.offsets.items():
        part = value
        for step in path:
            part = part[step]
        assert text[offset:].startswith(json.dumps(part))
    assert len(read.offsets) == len(list(_texts(value)))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def test_numbers_are_exact() -> None:
    value = read_json_text("[18446744073709551615, -9223372036854775808, 0.1, 1e2]").value
    assert value == [18446744073709551615, -9223372036854775808, 0.1, 100.0]


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", 0),
        ("{", 1),
        ("[1,]", 3),
        ("{'a': 1}", 1),
        ('{"a": 1} x', 9),
        ('{"a": {"b": 1, "b": 2}}', 15),
        ('["a", "a", {"a": 1, "c": "a", "a": 2}]', 30),
        ("[1, Infinity]", 4),
        ("[-Infinity]", 1),
        ("[1, 1e999]", 4),
        ("[" * DEPTH_MAX + "[", DEPTH_MAX),
        ('["[[[[", ' + "[" * DEPTH_MAX, 9 + DEPTH_MAX - 1),
        ('["a\tb"]', 3),
    ],
)
def test_what_is_no_json_is_refused_at_its_place(text: str, offset: int) -> None:
    with pytest.raises(JsonTextError) as refused:
        read_json_text(text)
    assert refused.value.offset == offset


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("""'{"a": "$.input.one", "b": ["$.input.two"]}'""", 8),
        ("""'{"it''s": 1, "a": "$.input.one", "b": ["$.input.two"]}'""", 8),
        (r'''"{\"a\": \"$.input.one\", \"b\": [\"$.input.two\"]}"''', 8),
        (r'''"{\"a\":\n\t\"$.input.one\", \"b\": [\"$.input.two\"]}"''', 8),
        ("""'{"a": "$.input.one",\n  \n   "b": ["$.input.two"]}'""", 10),
        ("""|\n  {\n    "a": "$.input.one",\n    "b": ["$.input.two"]\n  }""", 11),
        (""">-\n\n   {"a": "$.input.one",\n   "b": ["$.input.two"]\n   }""", 11),
        ("""{"a": "$.input.one", "b": ["$.input.two"]}""", 8),
        ("""{a: $.input.one, b: ['$.input.two']}""", 8),
    ],
)
def test_a_path_within_is_known_by_its_place_in_the_source(output: str, line: int) -> None:
    text = with_start(f"output: {output}\n")
    reading = Reading(text.encode())
    assert not reading.has_errors
    for path, name in ((("output", "a"), "$.input.one"), (("output", "b", 0), "$.input.two")):
        index = reading.places.of_value(path)
        assert text[index:].lstrip("'\"").startswith(name)
    assert reading.source.place(reading.places.of_value(("output", "b", 0)))[0] == line


def test_where_text_and_source_cannot_be_brought_together_it_is_the_scalar() -> None:
    reading = Reading(with_start('output: "[\\x31, \\"$.input\\"]"\n').encode())
    assert reading.source.place(reading.places.of_value(("output", 1))) == (8, 9)
