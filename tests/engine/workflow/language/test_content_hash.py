"""One hash for all texts that say the same."""

from __future__ import annotations

import pytest

from floruntime.engine.workflow.language.content_hash import content_hash
from tests.engine.workflow.language.definitions import definition_of, with_head, with_start

PLAIN = """\
start:
  run: "@plan/pay"
  inputMapping: {a: 1, b: ["$.input.x", two]}
  transitions: {success: flo.Completed, failure: flo.Failed}
plans:
  pay:
    executors: [{name: a, run: "@actions/a"}, {name: b, run: "@actions/b"}]
"""
MAPPING = '{a: 1, b: ["$.input.x", two]}'
WAYS = "{success: flo.Completed, failure: flo.Failed}"


def hash_of(text: str) -> str:
    return content_hash(definition_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n" + with_head(PLAIN),
        with_head(PLAIN.replace('"@plan/pay"', "'@plan/pay'")),
        with_head(PLAIN.replace(MAPPING, '\'{"b": ["$.input.x", "two"], "a": 1}\'')),
        with_head(PLAIN.replace(WAYS, "{failure: flo.Failed, success: flo.Completed}")),
        with_head("plans" + PLAIN.partition("plans")[2] + PLAIN.partition("plans")[0]),
        with_head(PLAIN) + "idempotency: none\nsteps: {}\nretentionMs: 2592000000\n",
        with_head(PLAIN.replace("name: a,", "name: a, priority: 0, tracking: {mode: sync},")),
    ],
)
def test_how_it_is_said_makes_no_difference(text: str) -> None:
    assert hash_of(text) == hash_of(with_head(PLAIN))


@pytest.mark.parametrize(
    "text",
    [
        with_head(PLAIN).replace('"1"', '"2"'),
        with_head(PLAIN.replace("a: 1", "a: 2")),
        with_head(PLAIN.replace("a: 1", "a: true")),
        with_head(PLAIN.replace("a: 1", "a: '1'")),
        with_head(PLAIN.replace("a: 1", "a: null")),
        with_head(PLAIN.replace('["$.input.x", two]', '[two, "$.input.x"]')),
        with_head(PLAIN) + "description: more\n",
        with_head(PLAIN).replace(
            '{name: a, run: "@actions/a"}, {name: b, run: "@actions/b"}',
            '{name: b, run: "@actions/b"}, {name: a, run: "@actions/a"}',
        ),
    ],
)
def test_what_is_said_makes_a_difference(text: str) -> None:
    assert hash_of(text) != hash_of(with_head(PLAIN))


@pytest.mark.parametrize(
    ("rest", "digest"),
    [
        ("", "931a53bd4364a23ef1a925e24a37c57c2bf9686f55ef788a5bb9076f53986a6a"),
        (
            "schedule: {interval: 5000, input: {a: [1.5, null]}}\n",
            "ab8dfcf33ae3c2a76440449a6f020cbddee7a5c852537908c944f2bc98923161",
        ),
    ],
)
def test_the_hash_of_a_definition_of_today_stays(rest: str, digest: str) -> None:
    """It is stored: were it another one tomorrow, a sync of the same text would conflict."""
    assert hash_of(with_start(rest)) == digest
