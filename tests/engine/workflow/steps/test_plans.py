"""Plans: one executor after the other until one gives an answer, whatever the selection."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import ActionCancel
from floruntime.engine.workflow.steps.plan_rows import PLAN
from tests.engine.workflow.steps.plan_flows import SELECTIONS, Plans, executor, planned

every_selection = pytest.mark.parametrize("selection", SELECTIONS)


def state_of(flows: Plans, name: str) -> Any:
    """What is known of an executor."""
    [row] = [PLAN.decode(data) for key, data in flows.engine.rows().items() if key[:2] == PLAN.tag]
    return row.executors[name]


# Answers


@every_selection
@pytest.mark.parametrize("outcome", ["success", "declined"])
def test_any_answer_is_the_plans_and_nobody_else_is_called(selection: str, outcome: str) -> None:
    flows = Plans(planned("a", "b", "c", selection=selection))
    run_id = flows.start()
    name = flows.succeed({"by": 1}, outcome)
    assert flows.terminal(run_id) == ("flo.Completed" if outcome == "success" else "flo.Cancelled")
    assert flows.output(run_id) == {"by": 1}
    assert flows.called() == []
    assert flows.details(run_id, "plan_executor_start") == [name]
    told = [name] if outcome == "success" else []
    assert flows.details(run_id, "plan_executor_success") == told


@every_selection
def test_after_a_failure_the_next_one_is_called_with_the_same_input(selection: str) -> None:
    flows = Plans(planned("a", "b", "c", selection=selection, step="inputMapping: {x: $.input}"))
    run_id = flows.start(7)
    names = []
    for _ in range(2):
        task = flows.call()
        assert task.payload == b'{"x":7}'
        names.append(task.action)
        flows.fail(task, "bad luck")
    names.append(flows.succeed())
    assert sorted(names) == ["a", "b", "c"]
    assert flows.status(run_id) == "completed"
    assert flows.details(run_id, "plan_executor_start") == names
    assert flows.details(run_id, "plan_executor_exhausted") == [
        f"{name}: failure: bad luck" for name in names[:2]
    ]


@pytest.mark.parametrize("outcome", ["failure", "timeout", "execution_failure"])
def test_a_handler_that_says_so_itself_has_failed(outcome: str) -> None:
    flows = Plans(planned("a", "b"))
    flows.start()
    flows.succeed(outcome=outcome)
    assert flows.succeed() == "b"


def test_an_action_that_timed_out_has_failed() -> None:
    flows = Plans(planned("a", "b"), run_timeout_ms=100)
    run_id = flows.start()
    flows.advance(100)
    assert flows.succeed() == "b"
    assert flows.status(run_id) == "completed"


def test_a_worker_that_is_lost_has_failed() -> None:
    flows = Plans(planned("a", "b"), timeout_ms=1000)
    flows.start()
    flows.call()
    flows.advance(1000)
    assert flows.succeed() == "b"


def test_a_call_that_is_cancelled_from_outside_has_failed() -> None:
    flows = Plans(planned(executor("a", "retry: {max_attempts: 3}"), "b"))
    run_id = flows.start()
    flows.tell(ActionCancel(flows.last_action_run(run_id), None))
    assert flows.succeed() == "b"  # no other attempt: somebody wanted it so


@every_selection
@pytest.mark.parametrize("disabled", [False, True])
def test_executors_that_are_not_there_are_passed_over(selection: str, disabled: bool) -> None:
    flows = Plans(
        planned("a", "b", "c", selection=selection), actions=("a", "b", "c") if disabled else ("b",)
    )
    if disabled:
        flows.enable_action("a", False)
        flows.enable_action("c", False)
    run_id = flows.start()
    assert flows.succeed() == "b"
    assert flows.status(run_id) == "completed"
    told = flows.details(run_id, "action_disabled" if disabled else "action_not_found")
    assert set(told) <= {"a", "c"}


@every_selection
def test_without_any_answer_the_plan_is_exhausted(selection: str) -> None:
    flows = Plans(planned("a", "b", "c", selection=selection))
    run_id = flows.start()
    assert sorted(flows.order(run_id)) == ["a", "b", "c"]
    assert flows.terminal(run_id) == "flo.TimedOut"
    assert flows.details(run_id, "step_completed") == ["exhausted: failure: broken"]
    assert flows.details(run_id, "plan_executor_exhausted")[3:] == ["plan pay: failure: broken"]


def test_an_exhausted_plan_falls_back_to_failure() -> None:
    flows = Plans(planned("a", transitions="success: flo.Completed, failure: flo.Cancelled"))
    run_id = flows.start()
    flows.go_wrong()
    assert flows.terminal(run_id) == "flo.Cancelled"


def test_an_exhausted_plan_that_leads_nowhere_fails_the_run_and_says_so() -> None:
    flows = Plans(planned("a", transitions="success: flo.Completed"))
    run_id = flows.start()
    flows.go_wrong("E7: no")
    assert flows.run(run_id).error == (
        "step 'start' has no transition for its outcome exhausted: failure: E7: no"
    )


def test_a_step_tries_its_whole_plan_again() -> None:
    flows = Plans(
        planned(
            "a",
            "b",
            step="retry: {max_attempts: 2, initial_delay_ms: 500}",
            transitions="success: flo.Completed, failure: flo.Failed",
        )
    )
    run_id = flows.start()
    flows.go_wrong()
    flows.go_wrong()
    assert flows.status(run_id) == "waiting"
    flows.advance(500)
    flows.go_wrong()
    assert flows.succeed() == "b"
    assert flows.status(run_id) == "completed"


def test_a_step_asks_its_whole_plan_again_while_it_is_pending() -> None:
    flows = Plans(planned("a", step="poll: {initialDelayMs: 50}"))
    run_id = flows.start()
    flows.succeed(outcome="pending")
    assert flows.status(run_id) == "waiting"
    flows.advance(50)
    flows.succeed()
    assert flows.status(run_id) == "completed"


def test_an_input_that_cannot_be_made_calls_nobody() -> None:
    flows = Plans(
        planned(
            "a",
            step="inputMapping: $.input.missing",
            transitions="success: flo.Completed, execution_failure: flo.Cancelled",
        )
    )
    run_id = flows.start({})
    assert flows.terminal(run_id) == "flo.Cancelled"
    assert flows.called() == []


def test_plans_of_workflows_know_nothing_of_each_other() -> None:
    breaker = "breaker: {failure_threshold: 1}"
    document = planned(executor("a", breaker))
    flows = Plans(document, document.replace("name: flow", "name: other"))
    flows.start()
    flows.go_wrong()
    run_id = flows.start(name="other")
    assert flows.succeed() == "a"
    assert flows.status(run_id) == "completed"


# Retries of an executor


@every_selection
def test_an_executor_is_tried_again_before_the_next_one_is_called(selection: str) -> None:
    retry = "retry: {max_attempts: 3, initial_delay_ms: 100}"
    flows = Plans(planned(executor("a", retry), executor("b", retry), selection=selection))
    run_id = flows.start()
    first = flows.go_wrong("busy: wait")
    assert flows.status(run_id) == "waiting"
    flows.advance(99)
    assert flows.called() == []
    flows.advance(1)
    assert flows.go_wrong() == first
    flows.advance(200)
    assert flows.go_wrong() == first
    second = flows.succeed()
    assert {first, second} == {"a", "b"}
    assert flows.details(run_id, "plan_executor_retry")[0] == (
        f"{first}: attempt 2 in 100 ms, after failure: busy: wait"
    )


@pytest.mark.parametrize(
    ("retry", "delays_ms"),
    [
        ("backoff: constant, initial_delay_ms: 70", [70, 70, 70]),
        ("backoff: linear, initial_delay_ms: 70", [70, 140, 210]),
        ("backoff: exponential, initial_delay_ms: 70, max_delay_ms: 200", [70, 140, 200]),
    ],
)
def test_when_an_executor_is_tried_again(retry: str, delays_ms: list[int]) -> None:
    flows = Plans(planned(executor("a", f"retry: {{max_attempts: 4, {retry}}}")))
    flows.start()
    found = []
    for _ in delays_ms:
        flows.go_wrong()
        found.append(flows.advance_to_next())
    assert found == delays_ms


def test_within_ms_counts_from_the_executors_first_call() -> None:
    retry = "retry: {max_attempts: 9, backoff: constant, initial_delay_ms: 100, within_ms: 300}"
    flows = Plans(planned("b", executor("a", retry)))
    run_id = flows.start()
    flows.advance(5000)
    flows.go_wrong()  # b, long ago
    flows.advance(200)
    assert flows.go_wrong() == "a"
    flows.advance(100)
    flows.go_wrong()
    assert flows.terminal(run_id) == "flo.TimedOut"


def test_a_failure_that_no_retry_helps_calls_the_next_one() -> None:
    flows = Plans(planned(executor("a", "retry: {max_attempts: 3}"), "b"))
    flows.start()
    flows.go_wrong(retry=False)
    assert flows.succeed() == "b"


def test_an_executor_that_is_not_there_is_tried_again() -> None:
    retry = "retry: {max_attempts: 2, initial_delay_ms: 10}"
    flows = Plans(planned(executor("a", retry)), actions=("b",))
    run_id = flows.start()
    assert flows.status(run_id) == "waiting"
    flows.register("a")
    flows.advance(10)
    assert flows.succeed() == "a"


# Breakers

BREAKER = "breaker: {failure_threshold: 2, cooldown_ms: 1000, half_open_max_calls: 2}"


def opened(selection: str = "static-order", more: str = BREAKER, plan: str = "") -> Plans:
    """A plan of one executor whose breaker has just opened."""
    flows = Plans(planned(executor("a", more), selection=selection, plan=plan))
    for _ in range(2):
        flows.start()
        flows.go_wrong()
    return flows


@every_selection
def test_an_open_breaker_lets_no_call_through(selection: str) -> None:
    flows = opened(selection)
    flows.advance(999)
    run_id = flows.start()
    assert flows.called() == []
    assert flows.terminal(run_id) == "flo.TimedOut"
    assert flows.details(run_id, "plan_breaker_skip") == ["a"]
    assert flows.details(run_id, "plan_executor_start") == []
    assert flows.details(run_id, "step_completed") == [
        "exhausted: no executor of plan 'pay' may be called now"
    ]


@every_selection
def test_who_is_passed_over_does_not_hold_up_the_others(selection: str) -> None:
    flows = Plans(planned(executor("a", BREAKER), "b", selection=selection))
    for n in range(40):
        run_id = flows.start(run_id=f"r{n}")
        task = flows.call()
        if task.action == "a":
            flows.fail(task)
            task = flows.call()
        assert task.action == "b"
        flows.complete(task)
        assert flows.status(run_id) == "completed"
    assert state_of(flows, "a").opened_ms


@every_selection
def test_after_the_cooldown_probes_are_let_through(selection: str) -> None:
    flows = opened(selection)
    flows.advance(1000)
    probes = [flows.start() for _ in range(2)]
    late_id = flows.start()
    assert {task.caller_run_id for task in flows.called()} == set(probes)
    assert flows.terminal(late_id) == "flo.TimedOut"


def test_a_probe_that_goes_well_closes_the_breaker() -> None:
    flows = opened()
    flows.advance(1000)
    flows.start()
    flows.succeed()
    for _ in range(5):
        flows.start()
    assert len(flows.called()) == 5


def test_a_probe_that_fails_opens_the_breaker_for_another_cooldown() -> None:
    flows = opened()
    flows.advance(1000)
    flows.start()
    flows.go_wrong()
    flows.advance(999)
    flows.start()
    assert flows.called() == []
    flows.advance(1)
    flows.start()
    assert len(flows.called()) == 1


def test_a_business_answer_is_a_good_one() -> None:
    flows = opened()
    flows.advance(1000)
    flows.start()
    flows.succeed(outcome="declined")
    for _ in range(5):
        flows.start()
    assert len(flows.called()) == 5


def test_an_executor_that_is_not_there_opens_its_breaker() -> None:
    flows = Plans(planned(executor("a", BREAKER)), actions=("b",))
    for _ in range(2):
        flows.start()
    run_id = flows.start()
    assert flows.details(run_id, "plan_breaker_skip") == ["a"]


@pytest.mark.parametrize("how", ["cancel", "timeout", "claimed cancel"])
def test_a_probe_that_is_broken_off_makes_room_for_another(how: str) -> None:
    breaker = BREAKER.replace("half_open_max_calls: 2", "half_open_max_calls: 1")
    flows = Plans(
        planned(
            executor("a", breaker),
            step="timeoutMs: 500",
            transitions="success: flo.Completed, failure: flo.Failed, timeout: flo.TimedOut",
        )
    )
    for _ in range(2):
        flows.start()
        flows.go_wrong()
    flows.advance(1000)
    run_id = flows.start()
    refused_id = flows.start()
    assert flows.details(refused_id, "plan_breaker_skip") == ["a"]
    if how == "timeout":
        flows.advance(500)
        assert flows.terminal(run_id) == "flo.TimedOut"
        assert state_of(flows, "a").opened_ms == flows.now_ms  # too slow: that is a failure
        flows.advance(1000)
    else:
        if how.startswith("claimed"):
            flows.call()
        flows.cancel(run_id)
    assert state_of(flows, "a").probes == 0
    flows.start()
    assert len(flows.called()) == 1


def test_a_probe_that_is_tracked_is_under_way_until_its_signal() -> None:
    breaker = BREAKER.replace("half_open_max_calls: 2", "half_open_max_calls: 1")
    flows = opened(more=f"{breaker}, tracking: {{mode: async, timeout_ms: 500}}")
    flows.advance(1000)
    run_id = flows.start()
    flows.succeed(outcome="pending")
    assert flows.details(flows.start(), "plan_breaker_skip") == ["a"]
    flows.signal(run_id, "plan:a", "done")
    assert flows.status(run_id) == "completed"
    flows.start()
    assert len(flows.called()) == 1


def test_a_probe_that_fails_is_over_while_its_executor_waits_to_be_tried_again() -> None:
    flows = opened(more=f"{BREAKER}, retry: {{max_attempts: 2, initial_delay_ms: 10}}")
    flows.advance(10)  # the second of those that opened it finds it open
    flows.advance(1000)
    run_id = flows.start()
    flows.go_wrong()
    assert flows.status(run_id) == "waiting"
    assert state_of(flows, "a").probes == 0


def test_each_attempt_of_an_executor_asks_its_breaker() -> None:
    retry = "retry: {max_attempts: 5, initial_delay_ms: 0}"
    flows = Plans(planned(executor("a", f"{BREAKER}, {retry}"), "b"))
    run_id = flows.start()
    flows.go_wrong()
    flows.engine.tick()
    flows.go_wrong()  # which opens it
    flows.engine.tick()
    assert flows.succeed() == "b"
    assert flows.details(run_id, "plan_executor_start") == ["a", "a", "b"]


def test_all_breakers_open_is_exhausted_without_a_call() -> None:
    flows = Plans(planned(executor("a", BREAKER), executor("b", BREAKER)))
    for _ in range(2):
        assert flows.order(flows.start()) == ["a", "b"]
    run_id = flows.start()
    assert flows.called() == []
    assert flows.types(run_id).count("awaiting_action") == 0
    assert flows.terminal(run_id) == "flo.TimedOut"


def test_a_breaker_outlives_a_restart() -> None:
    flows = opened()
    flows.engine.reopen()
    assert flows.details(flows.start(), "plan_breaker_skip") == ["a"]


def test_a_breaker_stays_open_over_versions() -> None:
    flows = opened()
    flows.sync(planned(executor("a", BREAKER), version="2"))
    assert flows.details(flows.start(), "plan_breaker_skip") == ["a"]


# Rates


@every_selection
@pytest.mark.parametrize(
    ("limit", "span_ms"),
    [
        ("max_per_second: 2", 1000),
        ("max_per_minute: 2", 60_000),
        ("max_per_hour: 2", 3_600_000),
    ],
)
def test_over_its_rate_an_executor_is_passed_over(selection: str, limit: str, span_ms: int) -> None:
    flows = Plans(planned(executor("a", f"rate_limit: {{{limit}}}"), selection=selection))
    flows.advance(span_ms - flows.now_ms % span_ms)
    run_ids = [flows.start() for _ in range(3)]
    assert len(flows.called()) == 2
    assert flows.terminal(run_ids[2]) == "flo.TimedOut"
    told, of_plan = flows.details(run_ids[2], "plan_executor_exhausted")
    assert told.startswith("a: its rate limit is 2 per ")
    assert of_plan == "plan pay: no executor of plan 'pay' may be called now"
    flows.advance(span_ms - 1)
    flows.start()
    assert flows.called() == []
    flows.advance(1)
    flows.start()
    assert len(flows.called()) == 1


def test_who_is_over_the_rate_leaves_the_call_to_the_next_one() -> None:
    flows = Plans(planned(executor("a", "rate_limit: {max_per_hour: 1}"), "b"))
    for _ in range(3):
        flows.start()
    assert sorted(task.action for task in flows.called()) == ["a", "b", "b"]


def test_attempts_of_an_executor_count_for_its_rate() -> None:
    more = "rate_limit: {max_per_hour: 2}, retry: {max_attempts: 5, initial_delay_ms: 0}"
    flows = Plans(planned(executor("a", more), "b"))
    run_id = flows.start()
    for _ in range(2):
        flows.go_wrong()
        flows.engine.tick()
    assert flows.succeed() == "b"
    assert flows.details(run_id, "plan_executor_start") == ["a", "a", "b"]


# Tracking

TRACKED = "tracking: {mode: async, timeout_ms: 1000}"


@every_selection
def test_a_pending_call_is_answered_by_its_signal(selection: str) -> None:
    flows = Plans(planned(executor("a", TRACKED), selection=selection))
    run_id = flows.start()
    flows.succeed("job 5", outcome="pending")
    run = flows.run(run_id)
    assert (run.status, run.wait_signal) == ("waiting", "plan:a")
    flows.signal(run_id, "plan:a", {"id": 7})
    assert flows.output(run_id) == {"id": 7}
    assert flows.types(run_id)[-7:] == [
        "action_completed",
        "waiting_for_signal",
        "signal_received",
        "signal_matched",
        "plan_executor_success",
        "step_completed",
        "workflow_completed",
    ]


@pytest.mark.parametrize(
    ("data", "terminal"),
    [
        ({"outcome": "declined", "output": 1}, "flo.Cancelled"),
        ({"outcome": "success", "output": 1}, "flo.Completed"),
        ({"outcome": "surprise"}, "flo.Failed"),
    ],
)
def test_a_signal_can_tell_another_outcome(data: dict[str, Any], terminal: str) -> None:
    flows = Plans(planned(executor("a", TRACKED)))
    run_id = flows.start()
    flows.succeed(outcome="pending")
    flows.signal(run_id, "plan:a", data)
    assert flows.terminal(run_id) == terminal


def test_a_signal_that_tells_a_failure_leads_on_as_any_failure() -> None:
    retry = "retry: {max_attempts: 2, initial_delay_ms: 10}"
    flows = Plans(planned(executor("a", f"{TRACKED}, {retry}"), "b"))
    run_id = flows.start()
    flows.succeed(outcome="pending")
    flows.signal(run_id, "plan:a", {"outcome": "failure", "error": "E1: no"})
    assert flows.details(run_id, "plan_executor_retry") == [
        "a: attempt 2 in 10 ms, after failure: E1: no"
    ]
    flows.advance(10)
    flows.succeed(outcome="pending")
    flows.signal(run_id, "plan:a", {"outcome": "failure", "error": "E1: no"})
    assert flows.succeed() == "b"


def test_a_signal_that_comes_before_the_answer_is_taken_then() -> None:
    flows = Plans(planned(executor("a", TRACKED)))
    run_id = flows.start()
    flows.signal(run_id, "plan:a", "early")
    assert flows.status(run_id) == "running"
    flows.succeed(outcome="pending")
    assert flows.output(run_id) == "early"


def test_without_a_signal_in_time_the_executor_has_failed() -> None:
    flows = Plans(planned(executor("a", TRACKED), "b"))
    run_id = flows.start()
    flows.succeed(outcome="pending")
    flows.advance(999)
    assert flows.status(run_id) == "waiting"
    flows.advance(1)
    assert flows.details(run_id, "signal_timeout") == ["plan:a"]
    assert flows.details(run_id, "plan_executor_exhausted") == [
        "a: timeout: no outcome came within 1000 ms"
    ]
    assert flows.succeed() == "b"


def test_the_tracking_of_an_executor_is_waited_for_five_minutes_unless_told() -> None:
    flows = Plans(planned(executor("a", "tracking: {mode: async}")))
    run_id = flows.start()
    flows.succeed(outcome="pending")
    flows.advance(299_999)
    assert flows.status(run_id) == "waiting"
    flows.advance(1)
    assert flows.terminal(run_id) == "flo.TimedOut"


def test_an_answer_that_is_not_pending_needs_no_signal() -> None:
    flows = Plans(planned(executor("a", TRACKED)))
    run_id = flows.start()
    flows.succeed(1)
    assert flows.output(run_id) == 1


def test_a_signal_for_another_executor_is_not_this_ones() -> None:
    flows = Plans(planned(executor("a", TRACKED), executor("b", TRACKED)))
    run_id = flows.start()
    flows.succeed(outcome="pending")
    flows.signal(run_id, "plan:b", "b")
    assert flows.run(run_id).wait_signal == "plan:a"
    flows.advance(1000)
    flows.succeed(outcome="pending")
    assert flows.output(run_id) == "b"


# Fallbacks


@every_selection
@pytest.mark.parametrize("condition", ["", ", condition: exhausted", ", condition: any_error"])
def test_an_exhausted_plan_gives_its_fallback_instead(selection: str, condition: str) -> None:
    flows = Plans(
        planned("a", "b", selection=selection, plan=f"fallback: {{value: {{x: [1]}}{condition}}}")
    )
    run_id = flows.start()
    flows.order(run_id)
    assert (flows.status(run_id), flows.output(run_id)) == ("completed", {"x": [1]})
    assert flows.details(run_id, "step_completed") == ["success"]
    assert flows.details(run_id, "plan_executor_exhausted")[-1] == (
        "plan pay: its fallback stands in, after failure: broken"
    )


def test_a_fallback_may_be_json_text_or_null() -> None:
    for value, expected in (("'{\"x\": 1}'", {"x": 1}), ("null", None), ("7", 7)):
        flows = Plans(planned("a", plan=f"fallback: {{value: {value}}}"))
        run_id = flows.start()
        flows.go_wrong()
        assert (flows.status(run_id), flows.output(run_id)) == ("completed", expected)


def test_a_fallback_stands_in_when_nobody_may_be_called() -> None:
    flows = opened(plan="fallback: {value: 1}")
    run_id = flows.start()
    assert flows.called() == []
    assert flows.output(run_id) == 1


@pytest.mark.parametrize("outcome", ["declined", "pending"])
def test_an_answer_needs_no_fallback(outcome: str) -> None:
    flows = Plans(planned("a", plan="fallback: {value: 1, condition: any_error}"))
    run_id = flows.start()
    flows.succeed(outcome=outcome)
    assert flows.output(run_id) is None
    assert flows.status(run_id) != "completed"


# Classes of errors


@every_selection
def test_a_fatal_error_ends_the_plan_at_once(selection: str) -> None:
    retry = "retry: {max_attempts: 3}"
    flows = Plans(
        planned(
            executor("a", retry),
            executor("b", retry),
            selection=selection,
            plan="errors: {fatal: [FRAUD, E2]}",
            step="retry: {max_attempts: 3}",
        )
    )
    run_id = flows.start()
    flows.go_wrong("FRAUD: stolen card")
    assert flows.called() == []
    assert flows.terminal(run_id) == "flo.Failed"
    assert flows.details(run_id, "step_completed") == ["failure: FRAUD: stolen card"]


@pytest.mark.parametrize(
    ("error", "is_fatal"),
    [
        ("NonRetryableError: E2: gone", True),
        ("ValueError: E2", True),
        ("Exception: E2: gone", True),
        ("ValueError: E22", False),
        ("ValueError: x: E2", False),
        ("E2", True),
        ("E2: x", True),
        (" E2 : x", True),
        ("E22: x", False),
        ("x: E2", False),
    ],
)
def test_a_code_is_the_text_before_the_colon_or_of_an_exceptions_message(
    error: str, is_fatal: bool
) -> None:
    flows = Plans(planned("a", "b", plan="errors: {fatal: [E2]}"))
    run_id = flows.start()
    flows.go_wrong(error)
    assert (flows.terminal(run_id) == "flo.Failed") == is_fatal


@pytest.mark.parametrize(
    ("condition", "terminal"), [("exhausted", "flo.Failed"), ("any_error", "flo.Completed")]
)
def test_a_fatal_error_gives_the_fallback_of_any_error_only(condition: str, terminal: str) -> None:
    flows = Plans(
        planned(
            "a", plan=f"fallback: {{value: 1, condition: {condition}}}\n    errors: {{fatal: [E]}}"
        )
    )
    run_id = flows.start()
    flows.go_wrong("E: x")
    assert flows.terminal(run_id) == terminal


def test_a_fatal_error_is_no_fault_of_the_executor() -> None:
    flows = Plans(planned(executor("a", BREAKER), plan="errors: {fatal: [E]}"))
    for _ in range(5):
        flows.start()
        flows.go_wrong("E: x")
    assert not state_of(flows, "a").opened_ms


@every_selection
@pytest.mark.parametrize(("error", "retried"), [("BUSY: x", True), ("E7: x", False), ("", False)])
def test_only_errors_with_these_codes_are_tried_again(
    selection: str, error: str, retried: bool
) -> None:
    retry = "retry: {max_attempts: 2, initial_delay_ms: 5}"
    flows = Plans(
        planned(
            executor("a", retry),
            executor("b", retry),
            selection=selection,
            plan="errors: {retryable: [BUSY]}",
        )
    )
    run_id = flows.start()
    flows.go_wrong(error)
    assert flows.status(run_id) == ("waiting" if retried else "running")


def test_a_time_out_has_its_own_name_as_code() -> None:
    retry = "retry: {max_attempts: 2, initial_delay_ms: 5}"
    flows = Plans(
        planned(executor("a", retry), plan="errors: {retryable: [timeout]}"), run_timeout_ms=100
    )
    run_id = flows.start()
    flows.advance(100)
    assert flows.status(run_id) == "waiting"


def test_a_fatal_signal_of_a_tracked_call_ends_the_plan() -> None:
    flows = Plans(planned(executor("a", TRACKED), "b", plan="errors: {fatal: [E]}"))
    run_id = flows.start()
    flows.succeed(outcome="pending")
    flows.signal(run_id, "plan:a", {"outcome": "failure", "error": "E: x"})
    assert flows.terminal(run_id) == "flo.Failed"


# The whole step's time


def test_an_executor_that_the_step_had_no_time_for_has_failed() -> None:
    flows = Plans(
        planned(
            executor("a", BREAKER),
            step="timeoutMs: 100",
            transitions="success: flo.Completed, timeout: flo.TimedOut, failure: flo.Failed",
        )
    )
    for _ in range(2):
        flows.start()
        flows.advance(100)
    run_id = flows.start()
    assert flows.details(run_id, "plan_breaker_skip") == ["a"]


def test_events_name_their_step() -> None:
    flows = Plans(planned("a"))
    run_id = flows.start()
    flows.succeed()
    assert {event.step for event in flows.history(run_id)[1:]} == {"start"}
