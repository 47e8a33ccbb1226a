"""Signals: each consumed once, in order, by a wait for its type; deadlines that die with theirs."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.workflow import WorkflowSignal
from tests.engine.workflow.calls import Workflows, flow

ONE_WAIT = flow("""
start:
  waitForSignal: {type: approval}
  transitions: {success: flo.Completed}
""")
TWO_TYPES = flow("""
start: {run: "@actions/charge", transitions: {success: first}}
steps:
  first: {waitForSignal: {type: a}, transitions: {success: second}}
  second: {waitForSignal: {type: b}, transitions: {success: third}}
  third: {waitForSignal: {type: a}, transitions: {success: flo.Completed}}
output: {first: $.steps.first.output, second: $.steps.second.output, third: $.steps.third.output}
""")
LOOP = flow("""
start: {waitForSignal: {type: item}, transitions: {success: sum}}
steps:
  sum:
    run: "@actions/charge"
    inputMapping: $.steps.start.output
    transitions: {more: start, success: flo.Completed}
""")


def timed(wait: str, transitions: str) -> str:
    return flow(f"""
start:
  waitForSignal: {{type: approval, timeoutMs: 1000{wait}}}
  transitions: {{{transitions}}}
steps:
  remind: {{run: "@actions/charge", transitions: {{success: start}}}}
""")


# Matching


def test_a_signal_ends_its_wait_and_is_the_steps_output() -> None:
    flows = Workflows(ONE_WAIT)
    run_id = flows.start()
    assert flows.run(run_id).wait_signal == "approval"
    flows.signal(run_id, "approval", {"by": "ada"})
    assert (flows.status(run_id), flows.output(run_id)) == ("completed", {"by": "ada"})
    assert flows.types(run_id) == [
        "workflow_started",
        "step_started",
        "waiting_for_signal",
        "signal_received",
        "signal_matched",
        "step_completed",
        "workflow_completed",
    ]


def test_a_signal_without_data_gives_an_empty_output() -> None:
    flows = Workflows(ONE_WAIT)
    run_id = flows.start()
    flows.signal(run_id, "approval")
    assert (flows.status(run_id), flows.run(run_id).output) == ("completed", b"")


def test_a_signal_of_another_type_ends_nothing_and_is_kept() -> None:
    flows = Workflows(TWO_TYPES)
    run_id = flows.start()
    flows.do()
    flows.signal(run_id, "b", 2)
    assert flows.step(run_id) == "first"
    flows.signal(run_id, "a", 1)
    assert flows.step(run_id) == "third"
    flows.signal(run_id, "a", 3)
    assert flows.output(run_id) == {"first": 1, "second": 2, "third": 3}


def test_a_signal_that_comes_early_waits_for_its_wait() -> None:
    flows = Workflows(TWO_TYPES)
    run_id = flows.start()
    flows.signal(run_id, "a", "early")
    assert flows.types(run_id)[-1] == "signal_received"
    assert flows.status(run_id) == "running"
    flows.engine.reopen()
    flows.do()
    assert flows.step(run_id) == "second"
    assert "waiting_for_signal" not in [
        event.type for event in flows.history(run_id) if event.step == "first"
    ]


def test_signals_of_a_type_are_taken_in_the_order_of_their_arrival() -> None:
    flows = Workflows(LOOP)
    run_id = flows.start()
    flows.signal(run_id, "item", 0)
    for n in (1, 2, 3):
        flows.signal(run_id, "item", n)
    for n in (0, 1, 2, 3):
        task = flows.claim_one()
        assert task.payload == b"%d" % n
        flows.complete(task, outcome="more")
    assert flows.status(run_id) == "waiting"


def test_types_do_not_stand_in_each_others_way() -> None:
    flows = Workflows(TWO_TYPES)
    run_id = flows.start()
    for type, data in (("b", "b1"), ("a", "a1"), ("c", "c1"), ("a", "a2"), ("b", "b2")):
        flows.signal(run_id, type, data)
    flows.do()
    assert flows.output(run_id) == {"first": "a1", "second": "b1", "third": "a2"}


def test_each_signal_is_consumed_once() -> None:
    flows = Workflows(LOOP)
    run_id = flows.start()
    flows.signal(run_id, "item", 1)
    flows.do(outcome="more")
    assert flows.run(run_id).wait_signal == "item"
    flows.signal(run_id, "item", 2)
    assert flows.claim_one().payload == b"2"
    assert flows.types(run_id).count("signal_matched") == 2


def test_a_loop_that_waits_for_the_same_type_twice_takes_two() -> None:
    flows = Workflows(
        flow("""
start: {waitForSignal: {type: x}, transitions: {success: again}}
steps:
  again: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    flows.signal(run_id, "x", 1)
    assert (flows.status(run_id), flows.step(run_id)) == ("waiting", "again")
    flows.signal(run_id, "x", 2)
    assert flows.output(run_id) == 2


def test_runs_do_not_take_each_others_signals() -> None:
    flows = Workflows(ONE_WAIT)
    one, other = flows.start(), flows.start()
    flows.signal(one, "approval", 1)
    assert (flows.status(one), flows.status(other)) == ("completed", "waiting")


# Refusals


def test_a_signal_to_a_finished_run_conflicts() -> None:
    flows = Workflows(ONE_WAIT)
    run_id = flows.start()
    flows.signal(run_id, "approval")
    with pytest.raises(ConflictError, match="completed"):
        flows.signal(run_id, "approval")


@pytest.mark.parametrize("run_id", ["wfrun-999", "other", "wfrun-0", "wfrun-01", "wfrun-"])
def test_a_signal_to_an_unknown_run_is_not_found(run_id: str) -> None:
    flows = Workflows(ONE_WAIT)
    flows.start()
    with pytest.raises(NotFoundError, match=run_id):
        flows.signal(run_id, "approval")


@pytest.mark.parametrize(
    ("type", "is_right"), [("t" * 255, True), ("t" * 256, False), ("", False), ("a\nb", False)]
)
def test_the_name_of_a_type(type: str, is_right: bool) -> None:
    flows = Workflows(ONE_WAIT)
    run_id = flows.start()
    if is_right:
        flows.signal(run_id, type)
    else:
        with pytest.raises(BadRequestError, match="type"):
            flows.signal(run_id, type)


def test_the_size_of_the_data() -> None:
    flows = Workflows(ONE_WAIT)
    run_id = flows.start()
    with pytest.raises(BadRequestError, match="data"):
        flows.engine.run(WorkflowSignal(run_id, "x", b"x" * (limits.VALUE_BYTES_DEFAULT + 1)))
    flows.engine.run(WorkflowSignal(run_id, "x", b"x" * limits.VALUE_BYTES_DEFAULT))


def test_1000_signals_are_kept_and_one_more_is_refused() -> None:
    flows = Workflows(TWO_TYPES)
    run_id = flows.start()
    for n in range(limits.SIGNALS_KEPT_MAX):
        flows.signal(run_id, f"type-{n % 7}", n)
    rows = flows.engine.rows()
    with pytest.raises(BadRequestError, match="1000"):
        flows.signal(run_id, "a")
    assert flows.engine.rows() == rows
    flows.do()
    flows.signal(run_id, "a")  # it is waited for, so it is not kept
    assert flows.step(run_id) == "second"


def test_signals_that_nothing_waited_for_do_not_keep_a_run_from_ending() -> None:
    flows = Workflows(ONE_WAIT)
    run_id = flows.start()
    flows.signal(run_id, "other")
    flows.signal(run_id, "approval")
    assert flows.status(run_id) == "completed"


# Deadlines


@pytest.mark.parametrize(
    ("wait", "transitions", "terminal"),
    [
        (", onTimeout: flo.Cancelled", "success: flo.Completed", "flo.Cancelled"),
        (", onTimeout: flo.Cancelled", "success: start, timeout: flo.Failed", "flo.Cancelled"),
        ("", "success: flo.Completed, timeout: flo.Cancelled", "flo.Cancelled"),
        ("", "success: flo.Completed, failure: flo.Cancelled", "flo.TimedOut"),
    ],
)
def test_where_a_time_out_leads(wait: str, transitions: str, terminal: str) -> None:
    flows = Workflows(timed(wait, transitions))
    run_id = flows.start()
    flows.advance(999)
    assert flows.status(run_id) == "waiting"
    flows.advance(1)
    run = flows.run(run_id)
    assert run.terminal == terminal
    assert run.status == ("timed_out" if terminal == "flo.TimedOut" else "cancelled")
    assert "no signal of type 'approval' came within 1000 ms" in (run.error or "")
    assert flows.details(run_id, "signal_timeout") == [terminal]


def test_a_time_out_can_lead_to_a_step_and_back() -> None:
    flows = Workflows(timed(", onTimeout: remind", "success: flo.Completed"))
    run_id = flows.start()
    for _ in range(3):
        flows.advance(1000)
        assert flows.step(run_id) == "remind"
        flows.do()
    flows.advance(999)
    flows.signal(run_id, "approval", "at last")
    assert flows.output(run_id) == "at last"


def test_mappings_see_that_a_wait_timed_out() -> None:
    flows = Workflows(
        flow("""
start:
  waitForSignal: {type: approval, timeoutMs: 10, onTimeout: tell}
  transitions: {success: flo.Completed}
steps:
  tell:
    run: "@actions/charge"
    inputMapping: {outcome: $.steps.start.outcome, why: $.steps.start.output.error}
    transitions: {success: flo.Completed}
""")
    )
    flows.start()
    flows.advance(10)
    assert flows.claim_one().payload == (
        b'{"outcome":"timeout","why":"no signal of type \'approval\' came within 10 ms"}'
    )


def test_a_deadline_dies_with_its_wait() -> None:
    flows = Workflows(
        flow("""
start:
  waitForSignal: {type: x, timeoutMs: 1000, onTimeout: flo.Failed}
  transitions: {success: again}
steps:
  again: {waitForSignal: {type: x}, transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    flows.signal(run_id, "x")
    flows.advance(100_000)
    assert (flows.status(run_id), flows.step(run_id)) == ("waiting", "again")


def test_a_wait_that_is_entered_again_has_a_deadline_of_its_own() -> None:
    flows = Workflows(
        flow("""
start:
  waitForSignal: {type: x, timeoutMs: 1000, onTimeout: flo.Failed}
  transitions: {success: start}
""")
    )
    run_id = flows.start()
    for _ in range(5):
        flows.advance(900)
        flows.signal(run_id, "x")
    flows.advance(999)
    assert flows.status(run_id) == "waiting"
    flows.advance(1)
    assert flows.status(run_id) == "failed"


def test_a_kept_signal_is_taken_before_any_deadline_is_set() -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {success: wait}}
steps:
  wait:
    waitForSignal: {type: x, timeoutMs: 1000, onTimeout: flo.Failed}
    transitions: {success: rest}
  rest: {run: "@actions/charge", transitions: {success: flo.Completed}}
""")
    )
    run_id = flows.start()
    flows.signal(run_id, "x")
    flows.do()
    flows.advance(10_000)
    assert (flows.status(run_id), flows.step(run_id)) == ("running", "rest")


def test_a_deadline_outlives_a_restart_and_time_spent_down_counts() -> None:
    flows = Workflows(timed("", "success: flo.Completed"))
    run_id = flows.start()
    flows.engine.reopen()
    flows.advance(1_000_000)
    assert flows.status(run_id) == "timed_out"


@pytest.mark.parametrize("late_ms", [-1, 0])
def test_a_signal_after_the_deadline_is_too_late_even_if_the_tick_is_later(late_ms: int) -> None:
    flows = Workflows(timed(", onTimeout: remind", "success: flo.Completed"))
    run_id = flows.start()
    flows.engine.now_ms += 1000 + late_ms
    flows.signal(run_id, "approval", "late")
    assert flows.status(run_id) == ("completed" if late_ms < 0 else "waiting")
    if not late_ms:
        flows.engine.tick()
        flows.do("charge")  # which reminds, and waits again: it was kept for this wait
        assert flows.path(run_id) == ["start", "remind", "start"]
        assert flows.output(run_id) == "late"
