"""Waits for any, or for all, of several signals."""

from __future__ import annotations

from tests.engine.workflow.calls import Workflows, flow

ANY = flow("""
start:
  waitForSignal: {anyOf: [approved, rejected, unsure], timeoutMs: 1000}
  transitions: {approved: flo.Completed, rejected: flo.Cancelled, success: ask, timeout: flo.Failed}
steps:
  ask: {waitForSignal: {anyOf: [approved]}, transitions: {success: flo.Completed}}
""")
ALL = flow("""
start:
  waitForSignal: {allOf: [paid, packed], timeoutMs: 1000}
  transitions: {success: flo.Completed, timeout: late}
steps:
  late: {waitForSignal: {type: paid}, transitions: {success: flo.Completed}}
""")


def test_the_type_that_came_is_the_outcome() -> None:
    flows = Workflows(ANY)
    run_id = flows.start()
    assert flows.run(run_id).wait_signal == "approved or rejected or unsure"
    flows.signal(run_id, "other", 1)
    assert flows.status(run_id) == "waiting"
    flows.signal(run_id, "rejected", {"by": "ada"})
    assert flows.status(run_id) == "cancelled"
    assert flows.details(run_id, "signal_matched") == ["rejected"]
    assert flows.output(run_id) == {"by": "ada"}


def test_a_type_without_a_transition_is_a_success() -> None:
    flows = Workflows(ANY)
    run_id = flows.start()
    flows.signal(run_id, "unsure")
    assert flows.step(run_id) == "ask"
    flows.signal(run_id, "approved", 5)
    assert flows.output(run_id) == 5


def test_the_first_that_came_early_counts_and_the_others_stay() -> None:
    flows = Workflows(
        flow(
            "start: {waitForSignal: {type: go}, transitions: {success: any}}\n"
            "steps:\n"
            "  any: {waitForSignal: {anyOf: [a, b]}, transitions: {a: flo.Failed, b: then}}\n"
            "  then: {waitForSignal: {type: a}, transitions: {success: flo.Completed}}"
        )
    )
    run_id = flows.start()
    flows.signal(run_id, "b", 1)
    flows.signal(run_id, "a", 2)
    flows.signal(run_id, "go")
    assert flows.output(run_id) == 2


def test_all_must_come_in_any_order_and_the_output_is_a_map() -> None:
    flows = Workflows(ALL)
    run_id = flows.start()
    assert flows.run(run_id).wait_signal == "paid and packed"
    flows.signal(run_id, "packed", {"box": 1})
    assert flows.run(run_id).wait_signal == "paid"
    flows.signal(run_id, "packed", {"box": 2})
    flows.engine.reopen()
    flows.signal(run_id, "paid")
    assert flows.status(run_id) == "completed"
    assert flows.output(run_id) == {"paid": None, "packed": {"box": 1}}
    assert flows.details(run_id, "signal_matched") == ["paid", "packed"]


def test_what_has_come_when_the_time_is_up_is_kept_for_others() -> None:
    flows = Workflows(ALL)
    run_id = flows.start()
    flows.signal(run_id, "paid", 7)
    flows.advance(1000)
    assert flows.output(run_id) == 7
    assert flows.details(run_id, "signal_timeout") == ["late"]


def test_all_that_came_early_are_taken_at_once() -> None:
    flows = Workflows(
        flow(
            "start: {waitForSignal: {type: go}, transitions: {success: all}}\n"
            "steps: {all: {waitForSignal: {allOf: [a, b]}, transitions: {success: flo.Completed}}}"
        )
    )
    run_id = flows.start()
    for type in ("b", "a", "go"):
        flows.signal(run_id, type, type)
    assert flows.output(run_id) == {"a": "a", "b": "b"}


def test_payloads_that_are_too_large_together_are_a_failure() -> None:
    flows = Workflows(
        flow(
            "start: {waitForSignal: {allOf: [a, b]}, "
            "transitions: {success: flo.Completed, failure: flo.Cancelled}}"
        )
    )
    run_id = flows.start()
    flows.signal(run_id, "a", "x" * 600_000)
    flows.signal(run_id, "b", "x" * 600_000)
    assert flows.status(run_id) == "cancelled"
