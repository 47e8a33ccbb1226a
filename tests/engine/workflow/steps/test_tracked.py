"""The outcome that a signal `plan:EXECUTOR` tells."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.engine.workflow.language.outcomes import Outcome
from floruntime.engine.workflow.steps.tracked import outcome_in


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (b"", Outcome(("success",))),
        (b"\xff", Outcome(("success",), b"\xff")),
        (b"[1]", Outcome(("success",), b"[1]")),
        (b'{"a":1}', Outcome(("success",), b'{"a":1}')),
        (b'{"outcome":1}', Outcome(("success",), b'{"outcome":1}')),
        (b'{"outcome":"no good name"}', Outcome(("success",), b'{"outcome":"no good name"}')),
        (b'{"outcome":"pending"}', Outcome(("success",), b'{"outcome":"pending"}')),
        (b'{"outcome":"paid"}', Outcome(("paid",), b'{"outcome":"paid"}')),
        (b'{"outcome":"paid","output":{"a":1}}', Outcome(("paid",), b'{"a":1}')),
        (b'{"outcome":"paid","output":null}', Outcome(("paid",), b"null")),
        (
            b'{"outcome":"failure","error":"E1: x"}',
            Outcome(("failure",), b'{"outcome":"failure","error":"E1: x"}', "E1: x"),
        ),
        (b'{"outcome":"failure","output":1,"error":2}', Outcome(("failure",), b"1")),
        (b'{"outcome":"failure","output":1,"error":""}', Outcome(("failure",), b"1", "")),
    ],
)
def test_what_a_payload_tells(data: bytes, outcome: Outcome) -> None:
    assert outcome_in(data) == outcome


def test_half_a_character_in_an_error_is_shown_as_what_it_is() -> None:
    assert outcome_in(b'{"outcome":"failure","error":"a\\ud800z"}').error == "a\\ud800z"


def test_an_error_that_is_too_long_is_cut_and_says_so() -> None:
    longest = "x" * limits.ERROR_TEXT_BYTES_MAX
    assert outcome_in(b'{"outcome":"failure","error":"%b"}' % longest.encode()).error == longest
    told = outcome_in(b'{"outcome":"failure","error":"%bx"}' % longest.encode()).error
    assert told is not None
    assert len(told.encode()) <= limits.ERROR_TEXT_BYTES_MAX
    assert told.endswith("… (4097 bytes)")
