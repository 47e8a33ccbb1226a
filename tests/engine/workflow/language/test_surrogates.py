"""Definitions as `json.dumps` writes them, and the places of what is wrong in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.engine.workflow.language.problems import Problems
from floruntime.engine.workflow.language.source import Source
from floruntime.engine.workflow.language.yaml_nodes import Map, Scalar, read_nodes
from tests.engine.workflow.language.definitions import (
    definition_of,
    marked,
    problems_of,
    with_start,
)

DOCUMENT: dict[str, Any] = {
    "kind": "Workflow",
    "name": "party",
    "version": "1",
    "start": {"waitForSignal": {"type": "x"}, "transitions": {"success": "flo.Completed"}},
}


def read(text: str) -> dict[str, str]:
    """A map of scalars as it is read."""
    source = Source(text)
    problems = Problems(source)
    root = read_nodes(source, problems)
    assert not problems.listed()
    assert isinstance(root, Map)
    values = {key: entry.value for key, entry in root.entries.items()}
    assert all(isinstance(value, Scalar) for value in values.values())
    return {key: value.text for key, value in values.items() if isinstance(value, Scalar)}


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\ue03c\ue7ff\\🎉\ud7ff\uffff")
)


# YAML takes a key of 1,024 characters at most; no name is longer than 255 bytes, escaped or not.
KEYS = TEXTS.filter(lambda text: len(text.encode()) <= 255)


@given(st.dictionaries(KEYS, TEXTS))
def test_every_text_that_json_escapes_comes_back(texts: dict[str, str]) -> None:
    texts["always"] = "🎉"
    assert read(json.dumps(texts)) == texts


def test_keys_and_nested_values_too() -> None:
    document = DOCUMENT | {
        "description": "a 🎉 \ue03c",
        "steps": {
            "🎉": {
                "run": "@actions/🎉",
                "inputMapping": {"🐈": ["🎉", "\ue000"]},
                "transitions": {"success": "start"},
            }
        },
    }
    definition = definition_of(json.dumps(document))
    assert definition.description == "a 🎉 \ue03c"
    assert definition.steps["🎉"].input_mapping == {"🐈": ["🎉", "\ue000"]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"a: \ud83c\udf89", r"\ud83c\udf89"),
        (r"a: '\uD83C \ue03c'", r"\uD83C \ue03c"),
        (r'a: "\\ud83c"', r"\ud83c"),
        (r'a: "\\\ud83c\udf89\\"', "\\🎉\\"),
        ('a: "\\ud83c\\udf89 \\\n   \\uE03C\ue03d\\U0000e03e"', "🎉 \ue03c\ue03d\ue03e"),
        ("a: |  # \\ud83c\n  b \\ud83c\n  \\ue03c\n", "b \\ud83c\n\\ue03c\n"),
        ("a: >-\n  b \\ud83c\n  \\\\ud83c\n", "b \\ud83c \\\\ud83c"),
    ],
)
def test_only_escapes_of_double_quotes_are_some(text: str, value: str) -> None:
    assert read(text + '\nz: "\\ud83c\\udf89"') == {"a": value, "z": "🎉"}


def test_what_stands_behind_an_emoji_is_found_at_its_place() -> None:
    text = r"""output: {a: "\ud83c\udf89", b: «$.inptu}""" + "\n"
    text, line, column = marked(with_start(text))
    [problem] = problems_of(text)
    assert (problem.code, problem.line, problem.column) == ("E502", line, column)


def test_a_path_in_json_text_behind_an_emoji_too() -> None:
    text = r"""output: "{\"a\": \"\ud83c\udf89\", \"b\": \"«$.inptu\"}" """ + "\n"
    text, line, column = marked(with_start(text))
    [problem] = problems_of(text)
    assert (problem.code, problem.line, problem.column) == ("E502", line, column)
