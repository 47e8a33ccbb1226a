"""YAML text to a definition: what is read is what was written, however it was written."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floruntime.engine.workflow.language.content_hash import content_hash
from floruntime.engine.workflow.language.definition import (
    Backoff,
    Definition,
    FallbackCondition,
    Idempotency,
    Retry,
)
from floruntime.engine.workflow.language.reading import Reading
from tests.engine.workflow.language.definitions import (
    HEAD,
    START,
    definition_of,
    problems_of,
    with_head,
    with_start,
)
from tests.engine.workflow.language.random_definitions import DEFINITIONS, written


def read(text: str) -> Definition:
    reading = Reading(text.encode())
    assert not reading.has_errors, reading.problems.listed()
    assert reading.definition is not None
    return reading.definition


@given(DEFINITIONS, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_what_is_read_is_what_was_written(document: dict[str, Any], chance: random.Random) -> None:
    expected = msgspec.convert(document, Definition)
    assert read(written(document, chance)) == expected


@given(DEFINITIONS, st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_hash_is_of_what_is_said_not_of_how(
    document: dict[str, Any], chance: random.Random
) -> None:
    texts = [written(document, chance) for _ in range(2)]
    first, second = (content_hash(read(text)) for text in texts)
    assert first == second


def test_all_errors_are_told_at_once_in_the_order_of_the_text() -> None:
    text = """\
kind: Workflow
name: 12
version: 1.0
idempotensy: none
start:
  run: "@plan/pay"
  retry: {max_attempts: "3", backof: linear}
  transitions: {success: shp, failure: flo.Faild}
steps:
  ship:
    waitForSignal: {type: a, timeoutMs: 1, onTimeout: 5}
    transitions: {success: $.x}
output: '{"a": "$.steps.shp.output"}'
"""
    assert [(problem.code, problem.line, problem.column) for problem in problems_of(text)] == [
        ("E203", 2, 7),
        ("E203", 3, 10),
        ("E109", 4, 1),
        ("E302", 6, 8),
        ("E111", 7, 25),
        ("E109", 7, 30),
        ("E301", 8, 26),
        ("E301", 8, 40),
        ("E203", 11, 55),
        ("E301", 12, 28),
        ("E503", 13, 17),
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (with_start("desciption: a\n"), "did you mean description?"),
        (with_start("idempotency: requird\n"), "did you mean required?"),
        (with_start("search_attributes: []\n"), "did you mean searchAttributes?"),
        (
            with_head("start: {run: '@actions/a', timeout_ms: 5, transitions: {a: flo.Failed}}"),
            "did you mean timeoutMs?",
        ),
        (
            with_head("start: {run: '@actions/a', transitions: {a: flo.Complete}}"),
            "did you mean flo.Completed?",
        ),
        (with_start("output: $.steps.strt.output\n"), "did you mean start?"),
    ],
)
def test_the_nearest_right_word_is_told(text: str, hint: str) -> None:
    (problem,) = problems_of(text)
    assert problem.message.endswith(hint)


def test_no_word_is_told_that_is_not_near() -> None:
    (problem,) = problems_of(with_start("xyzzy: 1\n"))
    assert "did you mean" not in problem.message


@pytest.mark.parametrize("version", ["1", "1.0", "1e3", "0x1f", "true", "null", "~"])
def test_a_version_that_is_no_text_is_to_be_quoted(version: str) -> None:
    problems = problems_of(f"kind: Workflow\nname: a\nversion: {version}\n{START}")
    expected = "E116" if version in ("null", "~") else "E203"
    assert [(problem.code, problem.path) for problem in problems] == [(expected, "version")]
    if expected == "E203":
        assert f'quote it, "{version}"' in problems[0].message


@pytest.mark.parametrize("version", ["1.0.0", "v1", "2024-01-01", "1_000", "012", "12:30", "on"])
def test_a_version_that_is_text_needs_no_quotes(version: str) -> None:
    assert read(f"kind: Workflow\nname: a\nversion: {version}\n{START}").version == version


def test_everything_not_said_is_at_its_default() -> None:
    definition = definition_of(HEAD + START)
    assert definition.idempotency is Idempotency.NONE
    assert (definition.steps, definition.plans, definition.output) == ({}, {}, None)
    assert definition.start.retry is None


def test_parts_are_read_into_their_types() -> None:
    definition = definition_of(
        with_head(
            """\
start:
  run: "@plan/pay"
  retry: {max_attempts: 0x3, backoff: linear, within_ms: 5}
  transitions: {success: flo.Completed}
plans:
  pay:
    executors: [{name: a, run: "@actions/a", priority: -3}]
    health: {decay: 1}
    fallback: {value: '{"n": 12345678901234567890}', condition: any_error}
"""
        )
    )
    assert definition.start.retry == Retry(max_attempts=3, backoff=Backoff.LINEAR, within_ms=5)
    plan = definition.plans["pay"]
    assert plan.executors[0].priority == -3
    assert (plan.health.decay, type(plan.health.decay)) == (1.0, float)
    assert plan.fallback is not None
    assert plan.fallback.condition is FallbackCondition.ANY_ERROR
    assert plan.fallback.value == {"n": 12345678901234567890}


@pytest.mark.parametrize(
    ("written_value", "value"),
    [
        ("$.input.a", "$.input.a"),
        ("'$.input.a'", "$.input.a"),
        ("'\"$.input.a\"'", "$.input.a"),
        ("'\"plain\"'", "plain"),
        ("'[1, 2]'", [1, 2]),
        ("[1, '2', on]", [1, "2", "on"]),
        ("{a: '{\"b\": 1}'}", {"a": '{"b": 1}'}),
        ("5", 5),
        ("'5'", 5),
        ("true", True),
        ("'null'", None),
        ('|\n  {"a":\n  1}', {"a": 1}),
        (">\n  [1,\n  2]", [1, 2]),
        ("&a [1]", [1]),
    ],
)
def test_a_mapping_is_json_text_or_yaml_or_one_path(written_value: str, value: Any) -> None:
    assert read(with_start(f"output: {written_value}\n")).output == value


def test_aliases_copy_values() -> None:
    definition = definition_of(
        with_head(
            """\
start: {run: "@actions/a", retry: &r {max_attempts: 4}, transitions: {success: b}}
steps:
  b: {run: "@actions/b", retry: *r, transitions: {success: flo.Completed}}
"""
        )
    )
    assert definition.steps["b"].retry == definition.start.retry == Retry(max_attempts=4)


def test_what_is_wrong_in_a_copy_is_told_of_each_use() -> None:
    text = with_head(
        """\
start: {run: "@actions/a", retry: &r {max_attempts: 0}, transitions: {success: b}}
steps:
  b: {run: "@actions/b", retry: *r, transitions: {success: flo.Completed}}
"""
    )
    assert [(one.code, one.line) for one in problems_of(text)] == [("E201", 4)]


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    (problem,) = problems_of("\ufeffkinds: 1\n" + HEAD + START)
    assert (problem.code, problem.line, problem.column) == ("E109", 1, 1)


def test_a_key_with_underscores_may_be_spelled_in_camel_case_as_the_others_are() -> None:
    documented = with_start("  retry: {max_attempts: 3, max_delay_ms: 100}\n")
    assert definition_of(documented.replace("max_a", "maxA").replace("y_ms", "yMs")) == (
        definition_of(documented)
    )
    [problem] = problems_of(with_start("  retry: {max_attempts: 3, maxAttempts: 3}\n"))
    assert problem.code == "E109"
    assert problem.message == "'maxAttempts' and max_attempts are one key; give one of them"
