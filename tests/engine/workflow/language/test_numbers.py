"""Numbers of any size in every key that takes one: a problem at its place, never an exception."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import inspect

from floruntime.engine.workflow.language.definition import Definition
from floruntime.engine.workflow.language.validation import check
from tests.engine.workflow.language.definitions import MARK, marked, with_start

HERE = "«NUMBER"
STEP = "steps: {a: {run: '@actions/a', transitions: {success: flo.Completed}, %s}}\n"
EXECUTOR = (
    "steps: {a: {run: '@plan/p', transitions: {success: flo.Completed}}}\n"
    "plans: {p: {executors: [{name: e, run: '@actions/a', %s}]}}\n"
)
PLAN = "plans: {p: {executors: [{name: e, run: '@actions/a'}], %s}}\n"
SCHEDULE = "schedule: {cron: '0 0 * * *', %s}\n"
TEXTS: dict[str, str] = {
    "Definition.retentionMs": f"retentionMs: {HERE}\n",
    "Step.timeoutMs": STEP % f"timeoutMs: {HERE}",
    "Step.waitForTargetMs": STEP % f"waitForTargetMs: {HERE}",
    "Retry": STEP % f"retry: {{KEY: {HERE}}}",
    "Poll": STEP % f"poll: {{KEY: {HERE}}}",
    "SignalWait": (
        "steps: {a: {waitForSignal: {type: t, KEY: «NUMBER}, transitions: {success: start}}}\n"
    ),
    "Branch": (
        "steps: {a: {parallel: {branches: {b: {run: '@actions/a', KEY: «NUMBER}}}, "
        "transitions: {success: start}}}\n"
    ),
    "ForEach": (
        "steps: {a: {forEach: {items: $.input, run: '@actions/a', KEY: «NUMBER}, "
        "transitions: {success: start}}}\n"
    ),
    "Compensate": STEP % "compensate: {run: '@actions/a', KEY: «NUMBER}",
    "Executor": EXECUTOR % f"KEY: {HERE}",
    "Breaker": EXECUTOR % f"breaker: {{KEY: {HERE}}}",
    "RateLimit": EXECUTOR % f"rate_limit: {{KEY: {HERE}}}",
    "Tracking": EXECUTOR % f"tracking: {{mode: async, KEY: {HERE}}}",
    "Health": PLAN % f"health: {{KEY: {HERE}}}",
    "Cache": PLAN % f"cache: {{KEY: {HERE}}}",
    "Schedule": SCHEDULE % f"KEY: {HERE}",
    "Trigger": f"trigger: {{stream: s, KEY: {HERE}}}\n",
}
"""A definition for each part that has numbers, or one key of it."""


def numeric_keys() -> list[tuple[str, str]]:
    """Every key of the language that takes a number, with the part that it belongs to."""
    found: dict[tuple[str, str], None] = {}
    waiting: list[Any] = [inspect.type_info(Definition)]
    seen: set[type] = set()
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, inspect.StructType) and kind.cls not in seen:
            seen.add(kind.cls)
            for field in kind.fields:
                waiting.append(field.type)
                if any(isinstance(each, NUMBERS) for each in within(field.type)):
                    found[(kind.cls.__name__, field.encode_name)] = None
        waiting += [each for each in within(kind) if each is not kind]
    return list(found)


NUMBERS = (inspect.IntType, inspect.FloatType)


def within(kind: Any) -> list[Any]:
    """The type itself, and what it is made of, but not what its fields are."""
    names = ("type", "item_type", "value_type")
    inner = [getattr(kind, name) for name in names if hasattr(kind, name)]
    inner += getattr(kind, "types", ())
    return [kind, *(deeper for each in inner for deeper in within(each))]


KEYS = numeric_keys()


def test_every_key_that_takes_a_number_is_here() -> None:
    assert len(KEYS) > 20
    assert not [key for key in KEYS if key[0] not in TEXTS and ".".join(key) not in TEXTS]


@pytest.mark.parametrize(
    "number",
    [
        "9" * 400,
        "-" + "9" * 400,
        "+" + "9" * 1_000,
        "9" * 5_000,
        "0x" + "f" * 400,
        "0o" + "7" * 400,
        "1e400",
        "-1e400",
        "1" * 400 + ".5",
        "1e99999999999",
        ".inf",
        "-.INF",
        ".nan",
    ],
    ids=lambda number: number[:8],
)
def test_a_number_that_is_none_of_a_keys_is_a_problem_at_its_place(number: str) -> None:
    for part, key in KEYS:
        text = TEXTS.get(f"{part}.{key}") or TEXTS[part]
        text, line, column = marked(with_start(text.replace("KEY", key)))
        problems = check(text.replace("NUMBER", number).encode()).problems
        [problem] = [each for each in problems if each.code in ("E111", "E201")]
        assert (problem.line, problem.column) == (line, column), (part, key)
        assert len(problem.message) < 200, problem.message
        assert not [each for each in problems if each.code.startswith("E") and each != problem]


@pytest.mark.parametrize("number", ["9" * 400, "1e400", "0x" + "f" * 400, "-.inf"])
@pytest.mark.parametrize("key", ["output", "schedule: {interval: 1000, input"])
def test_nor_is_it_a_value_of_json(key: str, number: str) -> None:
    end = "}" if "{" in key else ""
    for written in (f"{{a: {MARK}{number}}}", f"'{{\"a\": {MARK}{number}}}'"):
        text, line, column = marked(with_start(f"{key}: {written}{end}\n"))
        [problem] = [each for each in check(text.encode()).problems if each.code[0] == "E"]
        assert problem.code in ("E213", "E205")
        assert problem.line == line
        assert abs(problem.column - column) <= 1


def test_whole_numbers_and_floating_ones_are_both_among_them() -> None:
    assert {("Schedule", "jitter_ms"), ("Health", "decay"), ("Step", "timeoutMs")} <= set(KEYS)
