"""A run's history: order, pages, what each event tells."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from floruntime.core.action import ActionAttempt
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import UINT_MAX
from floruntime.core.workflow import HistoryEvent, WorkflowHistory, WorkflowSignal
from floruntime.engine.rules import RULES
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow

LOOP = flow("""
start: {run: "@actions/charge", transitions: {success: wait}}
steps:
  wait: {waitForSignal: {type: x}, transitions: {success: start}}
""")


def looped() -> tuple[Workflows, str]:
    """A run with some fifty events, some of them in one command, some alone."""
    flows = Workflows(LOOP)
    run_id = flows.start()
    for n in range(6):
        flows.advance(1)
        flows.do()
        flows.signal(run_id, f"other-{n}")
        flows.signal(run_id, "x")
    return flows, run_id


def pages(flows: Workflows, run_id: str, limit: int) -> list[HistoryEvent]:
    found: list[HistoryEvent] = []
    cursor = None
    while True:
        page = flows.ask(WorkflowHistory(run_id, limit, cursor))
        assert len(page.items) <= limit
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found
        assert len(page.items) == limit


def test_events_are_numbered_from_one_without_gaps_oldest_first() -> None:
    flows, run_id = looped()
    events = flows.history(run_id)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert events == sorted(events, key=lambda event: event.timestamp_ms)
    assert len(events) == 63


@pytest.mark.parametrize("limit", [*range(1, 12), 62, 63, 64, 1000])
def test_pages_of_every_size_have_each_event_once(limit: int) -> None:
    flows, run_id = looped()
    assert pages(flows, run_id, limit) == flows.history(run_id)


def test_events_that_come_between_pages_come_later() -> None:
    flows, run_id = looped()
    first = flows.ask(WorkflowHistory(run_id, 50))
    flows.do()
    flows.signal(run_id, "x")
    rest = flows.ask(WorkflowHistory(run_id, 1000, first.cursor))
    assert first.items + rest.items == flows.history(run_id)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_has_limits(limit: int) -> None:
    flows, run_id = looped()
    with pytest.raises(BadRequestError, match="limit"):
        flows.ask(WorkflowHistory(run_id, limit))


@pytest.mark.parametrize("cursor", ["", "garbled", "AAAA"])
def test_a_garbled_cursor_is_refused(cursor: str) -> None:
    flows, run_id = looped()
    with pytest.raises(BadRequestError, match="cursor"):
        flows.ask(WorkflowHistory(run_id, 10, cursor))


def test_a_cursor_of_another_runs_history_is_refused() -> None:
    flows, run_id = looped()
    cursor = flows.ask(WorkflowHistory(run_id, 10)).cursor
    with pytest.raises(BadRequestError, match="another listing"):
        flows.ask(WorkflowHistory(flows.start(), 10, cursor))


def test_what_an_event_tells() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start({"a": 1})
    began_ms = flows.now_ms
    flows.advance(5)
    action_run_id = flows.last_action_run(run_id)
    flows.break_down(error="card: declined")
    assert flows.history(run_id) == [
        HistoryEvent(1, "workflow_started", '{"a": 1}', None, began_ms),
        HistoryEvent(2, "step_started", "", "start", began_ms),
        HistoryEvent(3, "awaiting_action", "charge", "start", began_ms, action_run_id),
        HistoryEvent(
            4,
            "action_completed",
            "failure: card: declined",
            "start",
            began_ms + 5,
            action_run_id,
            [ActionAttempt(1, "w1", began_ms + 5, began_ms + 5, None, "card: declined")],
        ),
        HistoryEvent(5, "step_completed", "failure: card: declined", "start", began_ms + 5),
        HistoryEvent(
            6,
            "workflow_failed",
            "flo.Failed: step 'start' led to flo.Failed: failure: card: declined",
            "start",
            began_ms + 5,
        ),
    ]


def test_events_of_a_child_name_its_run_whatever_its_id() -> None:
    child = flow('start: {run: "@actions/charge", transitions: {success: flo.Completed}}', name="c")
    flows = Workflows(
        child, flow('start: {run: "@workflow/c", transitions: {success: flo.Completed}}')
    )
    run_id = flows.start()
    child_id = flows.runs(workflow_name="c")[0]
    flows.do()
    told = [event.run_id for event in flows.history(run_id) if event.run_id]
    assert told == [child_id, child_id]


def test_a_history_goes_on_after_a_restart() -> None:
    flows, run_id = looped()
    flows.engine.reopen()
    flows.do()
    events = flows.history(run_id)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))


def test_a_page_ends_early_when_its_events_tell_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floruntime.core.limits.REPLY_BYTES_MAX", 2000)
    flows = Workflows(
        flow("""
start:
  run: "@actions/charge"
  retry: {max_attempts: 9, initial_delay_ms: 0}
  transitions: {success: flo.Completed}
""")
    )
    run_id = flows.start()
    for _ in range(3):
        flows.break_down(error="x" * 900)
        flows.engine.tick()
    page = flows.ask(WorkflowHistory(run_id, 1000))
    assert [event.type for event in page.items[3:]] == [
        "action_completed",
        "step_retry",
        "awaiting_action",
        "action_completed",
    ]
    rest = flows.ask(WorkflowHistory(run_id, 1000, page.cursor))
    assert rest.items[0].sequence == page.items[-1].sequence + 1


# Following


@pytest.mark.parametrize("after", [0, 1, 6, 62, 63, 64, UINT_MAX])
def test_a_history_can_be_asked_for_after_an_event(after: int) -> None:
    flows, run_id = looped()
    page = flows.ask(WorkflowHistory(run_id, 1000, None, after))
    assert page.items == flows.history(run_id)[after:]


def test_what_is_asked_for_after_is_paged_too() -> None:
    flows, run_id = looped()
    first = flows.ask(WorkflowHistory(run_id, 10, None, 20))
    rest = flows.ask(WorkflowHistory(run_id, 1000, first.cursor))
    assert first.items + rest.items == flows.history(run_id)[20:]


@pytest.mark.parametrize(("field", "value"), [("after", -1), ("block_ms", 300_001)])
def test_what_is_asked_has_limits(field: str, value: int) -> None:
    flows, run_id = looped()
    request = replace(WorkflowHistory(run_id), **{field: value})
    with pytest.raises(BadRequestError, match=field):
        flows.ask(request)


def test_a_wait_for_events_ends_with_an_event_or_the_end_of_the_run() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    rule, request = RULES.waits[WorkflowHistory], WorkflowHistory(run_id, after=3, block_ms=100)
    [topic] = rule.topics("default", request)
    assert not rule.found(flows.ask(request))
    outcome = flows.engine.outcome(WorkflowSignal(run_id, "x"))
    assert topic in outcome.touched
    assert rule.found(flows.ask(request))
    request = WorkflowHistory(run_id, after=4, block_ms=100)
    assert not rule.found(flows.ask(request))
    flows.do()
    assert rule.found(flows.ask(WorkflowHistory(run_id, after=1000)))
