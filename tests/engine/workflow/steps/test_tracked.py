"""The outcome that a signal `plan:EXECUTOR` tells."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.engine.workflow.language.outcomes import StepOutcome
from floruntime.engine.workflow.steps.tracked import outcome_in


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (b"", StepOutcome(("success",))),
        (b"\xff", StepOutcome(("success",), b"\xff")),
        (b"[1]", StepOutcome(("success",), b"[1]")),
        (b'{"a":1}', StepOutcome(("success",), b'{"a":1}')),
        (b'{"outcome":1}', StepOutcome(("success",), b'{"outcome":1}')),
        (b'{"outcome":"no good name"}', StepOutcome(("success",), b'{"outcome":"no good name"}')),
        (b'{"outcome":"pending"}', StepOutcome(("success",), b'{"outcome":"pending"}')),
        (b'{"outcome":"paid"}', StepOutcome(("paid",), b'{"outcome":"paid"}')),
        (b'{"outcome":"paid","output":{"a":1}}', StepOutcome(("paid",), b'{"a":1}')),
        (b'{"outcome":"paid","output":null}', StepOutcome(("paid",), b"null")),
        (
            b'{"outcome":"failure","error":"E1: x"}',
            StepOutcome(("failure",), b'{"outcome":"failure","error":"E1: x"}', "E1: x"),
        ),
        (b'{"outcome":"failure","output":1,"error":2}', StepOutcome(("failure",), b"1")),
        (b'{"outcome":"failure","output":1,"error":""}', StepOutcome(("failure",), b"1", "")),
    ],
)
def test_what_a_payload_tells(data: bytes, outcome: StepOutcome) -> None:
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
