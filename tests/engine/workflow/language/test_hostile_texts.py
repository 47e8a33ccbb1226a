"""Texts that mean harm, or nothing: refused with a place, in bounded time and memory."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from floruntime.core.workflow import Severity
from floruntime.engine.workflow.language.path_rules import QUERY_CHARS_MAX
from floruntime.engine.workflow.language.problems import PROBLEMS_MAX
from floruntime.engine.workflow.language.validation import check
from floruntime.engine.workflow.language.yaml_nodes import (
    DEFINITION_BYTES_MAX,
    DEPTH_MAX,
    NODES_MAX,
)
from tests.engine.workflow.language.definitions import HEAD, START, problems_of, with_start

GOOD = with_start(
    """\
terminals: {Odd: {status: failed}}
steps:
  pay:
    run: "@plan/pay"
    inputMapping: '{"id": "$.steps.start.output.id", "all": ["$.input[*].a", null, 1e3]}'
    retry: &retry {max_attempts: 3, backoff: linear}
    transitions: {success: wait, failure: Odd}
  wait:
    waitForSignal: {type: go, timeoutMs: 1000, onTimeout: pay}
    transitions: {success: start}
plans:
  pay:
    selection: health-weighted
    executors:
      - {name: one, run: "@actions/one", retry: *retry, tracking: {mode: async}}
    cache: {ttl_ms: 5, key: "a{input.b}"}
    fallback:
      value: >-
        {"a": true}
schedule: {cron: "*/5 0-4,7 * JAN MON-FRI", timezone: Europe/Berlin}
"""
)


def codes_of(data: bytes) -> list[str]:
    problems = check(data).problems
    lines = re.split(r"\r\n|\r|\n", data.decode(errors="replace"))
    for problem in problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
    return [problem.code for problem in problems]


def test_the_good_text_is_good() -> None:
    assert [problem.message for problem in problems_of(GOOD)] == [
        "no transition leads to step 'pay'",
        "no transition leads to step 'wait'",
    ]


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [(b"kind: \xff", 1, 7), (b"\xef\xbb\xbfa: \xc3\xa9\n\xc3", 2, 1), (b"\xff\xfea\x00", 1, 1)],
)
def test_what_is_not_utf_8_is_refused_at_its_place(data: bytes, line: int, column: int) -> None:
    (problem,) = check(data).problems
    assert (problem.code, problem.line, problem.column) == ("E101", line, column)


def test_the_largest_text_is_read_and_one_byte_more_is_not() -> None:
    text = with_start("").encode()
    filled = text + b"#" * (DEFINITION_BYTES_MAX - len(text))
    assert check(filled).definition is not None
    assert codes_of(filled + b"#") == ["E102"]


def test_a_mebibyte_of_junk_is_refused_unread() -> None:
    assert codes_of(bytes(range(256)) * 4096) == ["E102"]


def test_as_many_values_as_allowed_are_read_and_one_more_is_not() -> None:
    base = with_start("output: [").encode()
    keys, values = len(["kind", "name", "version", "start", "run", "transitions", "success"]), 5
    others = 1 + keys + values + 2 + len(["output", "["])  # 1: the whole; 2: start, transitions
    full = base + b",".join([b"1"] * (NODES_MAX - others)) + b"]"
    assert check(full).definition is not None
    assert codes_of(full[:-1] + b",1]") == ["E106"]


def test_what_aliases_copy_counts_as_often_as_it_is_copied() -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (problem,) = problems_of(laughs)
    assert (problem.code, problem.line) == ("E106", 5)


def test_aliases_cannot_nest_deeper_than_text() -> None:
    chain = "k0: &k0 [x]\n" + "".join(f"k{i}: &k{i} [*k{i - 1}]\n" for i in range(1, 200))
    (problem,) = problems_of(chain)
    assert (problem.code, problem.line) == ("E107", DEPTH_MAX - 1)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{a: " * 60_000,
        "? " * 100_000,
        "- " * 100_000,
        ": " * 100_000,
        "&a " * 80_000,
        '"' + "\\x41" * 60_000,
        "a" * 250_000,
        "a" * 250_000 + ": 1",
        "\t" * 250_000,
        "\r" * 250_000,
        "!" * 250_000,
        "%YAML 1.1\n---\n" * 10_000,
        "|" + " " * 250_000,
        "a: >\n" + "  x\n\n" * 40_000,
        "a: 1\n" * 50_000,
        "*a\n" * 80_000,
        HEAD + "output: '" + "[" * 200_000 + "'",
        HEAD + "output: " + "9" * 200_000,
        HEAD + START + "output: '[" + ",".join(['"$.input.a"'] * 15_000) + "]'",
        HEAD + START + "output:\n" + "".join(f"- $.input[?@.a == {i}]\n" for i in range(8000)),
        HEAD + START + "output:\n" + "".join(f"- $.inptu{i}\n" for i in range(15_000)),
        HEAD + "".join(f"k{i}: 1\n" for i in range(20_000)),
        HEAD + "start: {transitions: {" + ", ".join(f"a{i}: b" for i in range(15_000)) + "}}",
    ],
    ids=range(24),
)
def test_large_texts_end_in_a_few_problems(text: str) -> None:
    assert 0 <= len(codes_of(text.encode())) <= 2 * PROBLEMS_MAX + 2


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x9f", "\ufeff", "\uffff"])
def test_control_characters_are_refused_at_their_place(character: str) -> None:
    (problem,) = problems_of(f"{HEAD}description: 'a{character}'\n")
    assert (problem.code, problem.line, problem.column) == ("E103", 4, 16)
    assert f"U+{ord(character):04X}" in problem.message


def test_more_errors_than_are_shown_are_counted() -> None:
    problems = problems_of(with_start("".join(f"k{i}: 1\n" for i in range(PROBLEMS_MAX + 3))))
    assert [problem.code for problem in problems] == ["E109"] * PROBLEMS_MAX + ["E117"]
    assert "3 more" in problems[-1].message


def test_more_warnings_than_are_shown_do_not_make_an_error() -> None:
    lost = "{run: '@actions/a', transitions: {success: flo.Completed}}"
    steps = "".join(f"  s{i}: {lost}\n" for i in range(PROBLEMS_MAX + 5))
    checked = check(with_start("steps:\n" + steps).encode())
    assert checked.definition is not None
    assert [problem.code for problem in checked.problems] == ["W603"] * PROBLEMS_MAX + ["W612"]
    assert all(problem.severity is Severity.WARNING for problem in checked.problems)


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes) -> None:
    codes_of(data)


@given(st.text("abk:,[]{}&*!|>'\"%@`#?-\n \t\r<~=$.01\\\u2028\x85é😀", max_size=120))
@example("\x85a: *")
@example("a: \u2028 b\n- x")
def test_any_text_is_answered(text: str) -> None:
    codes_of(text.encode())


@given(st.data())
@settings(max_examples=300)
def test_any_change_of_a_good_text_is_answered(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 20)))
    put = data.draw(st.text("{}[]:-&*?|>'\"!%#\n \tab1.$@/~<", max_size=6))
    codes_of((GOOD[:start] + put + GOOD[end:]).encode())


def test_queries_together_may_be_as_long_as_allowed_and_no_longer() -> None:
    def with_queries(last: str) -> str:
        return with_start("output:\n" + "".join(f"- {query}\n" for query in [*queries, last]))

    queries = [f"$.input[?@.a == {number:03}]".replace("== 0", "== 1") for number in range(900)]
    queries = sorted(set(queries))
    left = QUERY_CHARS_MAX - sum(map(len, queries))
    while left > 900:
        queries.append("$.input.*." + f"a{len(queries)}".ljust(890, "b"))
        left -= len(queries[-1])
    last = "$.input.*." + "c" * (left - len("$.input.*."))
    assert problems_of(with_queries(last)) == []
    (problem,) = problems_of(with_queries(last + "c"))
    assert (problem.code, problem.line) == ("E505", 9)
    same = with_start("output:\n" + "- $.input[?@.a == 100]\n" * 2000)
    assert problems_of(same) == []  # the same query is parsed once
