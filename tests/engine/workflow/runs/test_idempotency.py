"""Idempotency keys of starts: one run a key, for 24 hours after that run has ended."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.engine.workflow.runs.rows import WORKFLOW_KEY
from tests.engine.workflow.calls import ONE_STEP, Workflows

DAY_MS = limits.IDEMPOTENCY_MS
KEYED = ONE_STEP + "\nidempotency: optional"


def keyed() -> Workflows:
    other = KEYED.replace("name: flow", "name: other")
    return Workflows(KEYED, other, timeout_ms=30 * DAY_MS)


def start(flows: Workflows, key: str = "k", input: object = 1, *, name: str = "flow") -> str:
    return flows.start(input, idempotency_key=key, name=name)


def test_the_same_key_and_input_are_the_same_run() -> None:
    flows = keyed()
    assert start(flows) == start(flows)
    assert len(flows.runs()) == 1


def test_another_input_conflicts_and_names_the_run() -> None:
    flows = keyed()
    run_id = start(flows)
    with pytest.raises(ConflictError, match=run_id):
        start(flows, input=2)


def test_another_key_is_another_run() -> None:
    flows = keyed()
    assert start(flows, "k") != start(flows, "K")


def test_a_key_belongs_to_its_workflow() -> None:
    flows = keyed()
    assert start(flows) != start(flows, name="other", input=2)


def test_a_key_stays_over_versions() -> None:
    flows = keyed()
    run_id = start(flows)
    flows.sync(KEYED.replace('"1"', '"2"'))
    assert start(flows) == run_id


def test_a_key_stays_however_long_its_run_takes() -> None:
    flows = keyed()
    run_id = start(flows)
    flows.advance(10 * DAY_MS)
    assert start(flows) == run_id


@pytest.mark.parametrize("tick", [True, False])
def test_a_key_is_kept_24_hours_after_its_run_has_ended(tick: bool) -> None:
    flows = keyed()
    run_id = start(flows)
    flows.advance(5 * DAY_MS)
    flows.break_down()
    flows.advance(DAY_MS - 1)
    assert start(flows) == run_id
    flows.engine.now_ms += 1
    if tick:
        flows.engine.tick()
        assert not [key for key in flows.engine.rows() if key[:2] == WORKFLOW_KEY.tag]
    assert start(flows, input=2) != run_id


def test_the_key_of_a_run_that_was_cancelled_is_kept_as_long() -> None:
    flows = keyed()
    run_id = start(flows)
    flows.cancel(run_id)
    assert start(flows) == run_id
    flows.advance(DAY_MS)
    assert start(flows) != run_id


def test_the_key_of_a_run_that_is_retried_is_kept_until_it_has_ended_again() -> None:
    flows = keyed()
    run_id = start(flows)
    flows.break_down()
    flows.advance(DAY_MS - 1)
    flows.retry(run_id)
    flows.advance(3 * DAY_MS)
    assert start(flows) == run_id
    flows.break_down()
    flows.advance(DAY_MS - 1)
    assert start(flows) == run_id
    flows.advance(1)
    assert start(flows) != run_id


def test_a_retried_run_has_its_key_again_if_nobody_else_has_it() -> None:
    flows = keyed()
    run_id = start(flows)
    flows.break_down()
    flows.advance(2 * DAY_MS)
    flows.retry(run_id)
    assert start(flows) == run_id


def test_a_retried_run_does_not_take_its_key_from_the_run_that_has_it_now() -> None:
    flows = keyed()
    old_id = start(flows)
    flows.break_down()
    flows.advance(2 * DAY_MS)
    new_id = start(flows, input=2)
    flows.retry(old_id)
    assert start(flows, input=2) == new_id
    first, second = flows.claim()
    flows.complete(second if first.payload == b"2" else first)
    assert (flows.status(old_id), flows.status(new_id)) == ("completed", "running")
    assert start(flows, input=2) == new_id
    flows.advance(2 * DAY_MS)
    assert start(flows, input=2) == new_id
    flows.complete(first if first.payload == b"2" else second)
    flows.advance(DAY_MS - 1)
    assert start(flows, input=2) == new_id
    flows.advance(1)
    assert start(flows, input=2) != new_id


def test_a_key_that_names_a_run_wins_over_a_run_id() -> None:
    flows = keyed()
    run_id = start(flows)
    assert flows.start(1, idempotency_key="k", run_id="mine") == run_id
    with pytest.raises(ConflictError, match="used"):
        flows.start(1, idempotency_key="other", run_id=run_id)


def test_a_refused_start_uses_up_no_key() -> None:
    flows = keyed()
    flows.start(1, run_id="mine")
    with pytest.raises(ConflictError):
        flows.start(1, idempotency_key="k", run_id="mine")
    assert flows.start(2, idempotency_key="k", run_id="yours") == "yours"


@pytest.mark.parametrize(
    ("key", "is_right"), [("k" * 255, True), ("k" * 256, False), ("", False), ("a\tb", False)]
)
def test_the_length_of_a_key(key: str, is_right: bool) -> None:
    flows = keyed()
    if is_right:
        assert start(flows, key) == start(flows, key)
    else:
        with pytest.raises(BadRequestError, match="idempotency_key"):
            start(flows, key)


def test_keys_outlive_a_restart() -> None:
    flows = keyed()
    run_id = start(flows)
    flows.engine.reopen()
    assert start(flows) == run_id


def test_keys_of_namespaces_do_not_meet() -> None:
    flows = keyed()
    run_id = start(flows)
    others = Workflows(KEYED, engine=flows.engine, namespace="other")
    assert start(others, input=2) != run_id
