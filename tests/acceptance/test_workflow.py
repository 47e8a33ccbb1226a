"""Workflows, as API.md, WORKFLOW.md and SEMANTICS.md promise them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from floruntime import (
    ActionContext,
    ActionWorker,
    BadRequestError,
    ConflictError,
    FloClient,
    HistoryEvent,
    NonRetryableError,
    NotFoundError,
    Severity,
    SyncAction,
    WorkflowRun,
    WorkflowStatus,
)
from floruntime.testing import FloTestServer
from tests.acceptance.flows import (
    APPROVAL,
    DAY_MS,
    MINUTE_MS,
    approval,
    flow,
    one_action,
    settled,
    types,
    working,
)

# The page of the API


async def test_the_section_of_the_mission_line_by_line(client: FloClient) -> None:
    text = flow(
        "start:\n  waitForSignal: {type: approval_decision}\n"
        "  transitions: {success: flo.Completed}\n",
        name="process-order",
    )
    result = await client.workflow.sync(text)
    assert f"{result.name} v{result.version}: {result.action}" == "process-order v1: created"
    result2 = await client.workflow.sync_bytes(text.encode())
    assert result2.action == "unchanged"
    run_id = await client.workflow.start(
        "process-order", json.dumps({"orderId": "ORD-123", "amount": 99.99})
    )
    status = await client.workflow.status(run_id)
    assert isinstance(run_id, str)
    assert (status.run_id, status.workflow, status.version) == (run_id, "process-order", "1")
    assert (status.status, status.current_step) == ("waiting", "start")
    assert json.loads(status.input) == {"orderId": "ORD-123", "amount": 99.99}
    assert isinstance(status.created_at_ms, int)
    assert status.started_at_ms is not None
    assert (status.completed_at_ms, status.wait_signal) == (None, "approval_decision")
    payload = {"approved": True, "approver": "manager@corp.com"}
    await client.workflow.signal(run_id, "approval_decision", json.dumps(payload))
    done = await client.workflow.status(run_id)
    assert (done.status, json.loads(done.output or b"")) == ("completed", payload)
    events = await client.workflow.history(run_id, limit=20)
    for event in events:
        assert f"[{event.timestamp_ms}] {event.type}: {event.detail}"
    assert events[0].type == "workflow_started"
    other = await client.workflow.start("process-order")
    await client.workflow.cancel(other, "User requested cancellation")
    runs = await client.workflow.list_runs(workflow_name="process-order")
    assert [(run.run_id, run.status) for run in runs] == [
        *((other, "cancelled"), (run_id, "completed"))
    ]
    [definition] = await client.workflow.list_definitions()
    assert f"{definition.name} v{definition.version}" == "process-order v1"
    assert await client.workflow.get_definition("process-order") == text.encode()
    assert await client.workflow.get_definition("nothing") is None
    await client.workflow.disable("process-order")
    with pytest.raises(ConflictError, match="disabled"):
        await client.workflow.start("process-order")
    await client.workflow.enable("process-order")
    await client.workflow.start("process-order")


async def test_results_are_frozen_structs_with_these_fields(client: FloClient) -> None:
    result = await client.workflow.sync(APPROVAL + "schedule: {interval: 60000}\n")
    assert {"name", "version", "action", "warnings"} <= set(result.__struct_fields__)
    run_id = await client.workflow.start("flow")
    run = await client.workflow.status(run_id)
    assert {
        *("run_id", "workflow", "version", "status", "current_step", "input", "output", "error"),
        *("created_at_ms", "started_at_ms", "completed_at_ms", "wait_signal", "parent_run_id"),
        "search_attributes",
    } <= set(run.__struct_fields__)
    [definition] = await client.workflow.list_definitions()
    assert {"name", "version", "enabled", "created_at_ms"} <= set(definition.__struct_fields__)
    assert {"sequence", "type", "detail", "step", "timestamp_ms"} <= set(
        HistoryEvent.__struct_fields__
    )
    with pytest.raises(AttributeError):
        run.status = WorkflowStatus.FAILED  # type: ignore[misc]  # it is frozen


async def test_a_completed_run_has_bytes_for_its_output_even_without_any(client: FloClient) -> None:
    await client.workflow.sync(APPROVAL)
    run_id = await client.workflow.start("flow")
    assert (await client.workflow.status(run_id)).output is None
    await client.workflow.signal(run_id, "approval_decision")
    run = await client.workflow.status(run_id)
    assert (run.status, run.output) == ("completed", b"")


async def test_problems_have_code_severity_message_path_line_and_column(client: FloClient) -> None:
    text = flow("start:\n  run: '@actions/a'\n  transitions: {success: nowhere}\n  extra: 1\n")
    problems = [
        each for each in await client.workflow.validate(text) if each.severity is Severity.ERROR
    ]
    places = {(each.path, each.line) for each in problems}
    assert {("start.transitions.success", 6), ("start.extra", 7)} <= places
    assert all(each.code and each.message and each.column >= 1 for each in problems)
    with pytest.raises(BadRequestError) as refusal:
        await client.workflow.sync(text)
    assert [each for each in refusal.value.problems if each.severity is Severity.ERROR] == problems


async def test_listings_page(client: FloClient) -> None:
    for number in range(5):
        await client.workflow.sync(approval(f"flow{number}"))
        await client.workflow.start(f"flow{number}")
    first = await client.workflow.list_definitions(limit=2)
    assert ([each.name for each in first], first.has_more) == (["flow0", "flow1"], True)
    rest = await client.workflow.list_definitions(cursor=first.cursor)
    assert ([each.name for each in rest], rest.has_more) == (["flow2", "flow3", "flow4"], False)
    newest = await client.workflow.list_runs(limit=1)
    older = await client.workflow.list_runs(cursor=newest.cursor)
    assert [run.workflow for run in [*newest, *older]] == [f"flow{n}" for n in (4, 3, 2, 1, 0)]
    events = await client.workflow.history(newest[0].run_id, limit=1)
    more = await client.workflow.history(newest[0].run_id, cursor=events.cursor)
    assert [event.sequence for event in [*events, *more]] == [1, 2, 3]
    with pytest.raises(BadRequestError):
        await client.workflow.list_runs(cursor=first.cursor)


# Sync


async def test_sync_goes_by_content_and_a_version_has_one(client: FloClient) -> None:
    assert (await client.workflow.sync(APPROVAL)).action is SyncAction.CREATED
    assert (await client.workflow.sync(APPROVAL)).action is SyncAction.UNCHANGED
    newer = APPROVAL.replace('"1"', '"2"')
    assert (await client.workflow.sync(newer)).action is SyncAction.UPDATED
    with pytest.raises(ConflictError):
        await client.workflow.sync(newer.replace("60000", "61000"))
    assert await client.workflow.get_definition("flow") == newer.encode()
    assert await client.workflow.get_definition("flow", version="1") == APPROVAL.encode()
    assert await client.workflow.get_definition("flow", version="3") is None


async def test_a_conflict_in_a_directory_leaves_all_of_it_undone(
    client: FloClient, tmp_path: Path
) -> None:
    await client.workflow.sync(APPROVAL)
    (tmp_path / "a.yaml").write_text(approval("new"))
    (tmp_path / "b.yaml").write_text(APPROVAL.replace("60000", "61000"))
    with pytest.raises(ConflictError):
        await client.workflow.sync_dir(tmp_path)
    assert await client.workflow.get_definition("new") is None


async def test_a_run_stays_on_its_version(client: FloClient) -> None:
    await client.workflow.sync(APPROVAL)
    old = await client.workflow.start("flow")
    await client.workflow.sync(
        flow(
            "start:\n  run: '@actions/none'\n  waitForTargetMs: 0\n"
            "  transitions: {success: flo.Failed}\n",
            version="2",
        )
    )
    await client.workflow.signal(old, "approval_decision", b"1")
    run = await client.workflow.status(old)
    assert (run.version, run.status) == ("1", "completed")
    pinned = await client.workflow.start("flow", version="1")
    assert (await client.workflow.status(pinned)).wait_signal == "approval_decision"
    with pytest.raises(NotFoundError):
        await client.workflow.start("flow", version="9")


# Start


async def test_idempotency_none_optional_and_required(client: FloClient) -> None:
    for rule in ("none", "optional", "required"):
        text = approval(rule, more=f"idempotency: {rule}\n")
        await client.workflow.sync(text)
    with pytest.raises(BadRequestError):
        await client.workflow.start("none", idempotency_key="k")
    with pytest.raises(BadRequestError):
        await client.workflow.start("required")
    for name in ("optional", "required"):
        first = await client.workflow.start(name, {"a": 1}, idempotency_key="k")
        assert await client.workflow.start(name, {"a": 1}, idempotency_key="k") == first
        with pytest.raises(ConflictError):
            await client.workflow.start(name, {"a": 2}, idempotency_key="k")
    assert len(await client.workflow.list_runs(workflow_name="optional")) == 1


async def test_unknown_workflows_runs_and_ids_that_were_used(client: FloClient) -> None:
    with pytest.raises(NotFoundError):
        await client.workflow.start("nothing")
    for call in (
        client.workflow.status("r"),
        client.workflow.wait("r"),
        client.workflow.signal("r", "go"),
        client.workflow.cancel("r"),
        client.workflow.retry("r"),
        client.workflow.history("r"),
        client.workflow.disable("nothing"),
        client.workflow.pause_schedule("nothing"),
    ):
        with pytest.raises(NotFoundError):
            await call
    await client.workflow.sync(APPROVAL)
    assert await client.workflow.start("flow", run_id="mine") == "mine"
    with pytest.raises(ConflictError):
        await client.workflow.start("flow", run_id="mine")
    with pytest.raises(BadRequestError):
        await client.workflow.start("flow", "this is no JSON")


# Steps


async def test_an_action_a_mapping_and_an_output() -> None:
    async with working() as (_, client, doer):
        await client.workflow.sync(
            flow(
                'start:\n  run: "@actions/do"\n  inputMapping:\n    id: $.input.order.id\n'
                "    tags: $.input.tags[*]\n    by: {path: $.input.by, default: nobody}\n"
                "    run: $.flo.run_id\n    fixed: [1, two]\n"
                "  transitions: {success: flo.Completed}\n"
                "output: {got: $.steps.start.output.done, outcome: $.steps.start.outcome}\n"
            )
        )
        run_id = await client.workflow.start("flow", {"order": {"id": 7}, "tags": ["a", "b"]})
        run = await client.workflow.wait(run_id)
        [given] = doer.given
        assert given == {
            "id": 7,
            "tags": ["a", "b"],
            "by": "nobody",
            "run": run_id,
            "fixed": [1, "two"],
        }
        assert json.loads(run.output or b"") == {"got": True, "outcome": "success"}
        assert (run.status, run.terminal) == ("completed", "flo.Completed")


async def test_a_path_that_finds_nothing_fails_the_step_naming_it() -> None:
    async with working() as (_, client, doer):
        await client.workflow.sync(
            one_action("  inputMapping: {id: $.input.missing}\n", "failure: flo.Failed")
        )
        run = await client.workflow.wait(await client.workflow.start("flow", {}))
        assert run.status is WorkflowStatus.FAILED
        assert "$.input.missing" in (run.error or "")
        assert doer.given == []


async def test_outcomes_lead_by_their_name_and_business_outcomes_do_not_fall_back() -> None:
    async with working() as (_, client, doer):
        await client.workflow.sync(
            one_action(transitions="approved: flo.Completed, failure: flo.Cancelled")
        )
        doer.will = ["approved", ValueError("broken"), "rejected"]
        ends = [await client.workflow.wait(await client.workflow.start("flow")) for _ in range(3)]
        assert [run.status for run in ends] == ["completed", "cancelled", "failed"]
        assert "'start'" in (ends[2].error or "")
        assert "rejected" in (ends[2].error or "")


async def test_what_the_engine_cannot_run_falls_back_to_failure() -> None:
    async with working() as (_, client, _):
        await client.workflow.sync(
            flow(
                "start:\n  run: '@actions/none'\n  waitForTargetMs: 0\n"
                "  transitions: {failure: flo.Cancelled}\n"
            )
        )
        run_id = await client.workflow.start("flow")
        assert (await client.workflow.status(run_id)).status is WorkflowStatus.CANCELLED
        assert "action_not_found" in await types(client, run_id)
        await client.workflow.sync(
            one_action(transitions="target_disabled: flo.TimedOut").replace('"1"', '"2"')
        )
        await client.action.disable("do")
        run_id = await client.workflow.start("flow")
        assert (await client.workflow.status(run_id)).status is WorkflowStatus.TIMED_OUT
        assert "action_disabled" in await types(client, run_id)


async def test_retry_waits_real_time_and_gives_up() -> None:
    async with working() as (server, client, doer):
        await client.workflow.sync(
            one_action(
                "  retry: {max_attempts: 3, backoff: exponential, initial_delay_ms: 1000}\n",
                "success: flo.Completed, failure: flo.Failed",
            )
        )
        doer.will = [ValueError("one"), ValueError("two"), {"at": "last"}]
        run_id = await client.workflow.start("flow")
        assert (await settled(server, client, run_id)).status is WorkflowStatus.WAITING
        await server.advance(999)
        assert len(doer.given) == 1
        await server.advance(1)
        assert len(doer.given) == 2
        await server.advance(1_999)
        assert len(doer.given) == 2
        await server.advance(1)
        assert (await settled(server, client, run_id)).output == b'{"at":"last"}'
        assert (await types(client, run_id)).count("step_retry") == 2


async def test_what_must_not_be_retried_is_not() -> None:
    async with working() as (server, client, doer):
        await client.workflow.sync(
            one_action("  retry: {max_attempts: 5}\n", "no: flo.Cancelled, failure: flo.Failed")
        )
        doer.will = [NonRetryableError("never"), "no"]
        for status in ("failed", "cancelled"):
            run = await settled(server, client, await client.workflow.start("flow"))
            assert run.status == status
        assert len(doer.given) == 2


async def test_polls_go_on_while_the_outcome_is_pending() -> None:
    async with working() as (server, client, doer):
        await client.workflow.sync(
            one_action(
                "  poll: {initialDelayMs: 100, maxAttempts: 2, backoff: constant, "
                "baseDelayMs: 500}\n",
                "success: flo.Completed, timeout: flo.TimedOut",
            )
        )
        doer.will = ["pending", "pending", {"ready": 1}]
        run_id = await client.workflow.start("flow")
        await server.advance(100)
        await server.advance(500)
        assert (await settled(server, client, run_id)).output == b'{"ready":1}'
        doer.will = ["pending"] * 3
        run_id = await client.workflow.start("flow")
        await server.advance(600)
        assert (await settled(server, client, run_id)).status is WorkflowStatus.TIMED_OUT
        assert "poll_exhausted" in await types(client, run_id)


async def test_a_step_that_takes_too_long_is_cancelled_and_a_late_result_refused(
    server: FloTestServer, served: FloClient
) -> None:
    await served.action.register("do", timeout_ms=10 * MINUTE_MS)
    await served.workflow.sync(one_action("  timeoutMs: 60000\n", "timeout: flo.TimedOut"))
    run_id = await served.workflow.start("flow")
    task = await served.worker.await_task("w", ["do"], block_ms=0)
    assert task is not None
    assert task.caller_run_id == run_id
    await server.advance(MINUTE_MS)
    assert (await served.workflow.status(run_id)).status is WorkflowStatus.TIMED_OUT
    with pytest.raises(ConflictError):
        await served.worker.complete("w", task, b"late")


# Signals


async def test_signals_are_consumed_once_first_in_first_out_and_kept_if_early(
    client: FloClient,
) -> None:
    wait = "waitForSignal: {type: go}"
    await client.workflow.sync(
        flow(
            f"start:\n  {wait}\n  transitions: {{success: second}}\n"
            f"steps:\n  second:\n    {wait}\n    transitions: {{success: other}}\n"
            "  other:\n    waitForSignal: {type: other}\n"
            "    transitions: {success: flo.Completed}\n"
            "output: [$.steps.start.output, $.steps.second.output, $.steps.other.output]\n"
        )
    )
    run_id = await client.workflow.start("flow")
    await client.workflow.signal(run_id, "other", 0)
    await client.workflow.signal(run_id, "go", 1)
    assert (await client.workflow.status(run_id)).current_step == "second"
    await client.workflow.signal(run_id, "go", 2)
    run = await client.workflow.status(run_id)
    assert (run.status, json.loads(run.output or b"")) == ("completed", [1, 2, 0])
    with pytest.raises(ConflictError):
        await client.workflow.signal(run_id, "go")


@pytest.mark.parametrize(
    ("wait", "transitions", "terminal"),
    [
        ("", "success: flo.Completed", "flo.TimedOut"),
        (", onTimeout: flo.Cancelled", "success: flo.Completed", "flo.Cancelled"),
        ("", "success: flo.Completed, timeout: flo.Failed", "flo.Failed"),
    ],
)
async def test_a_wait_ends_when_its_time_is_up(
    server: FloTestServer, served: FloClient, wait: str, transitions: str, terminal: str
) -> None:
    await served.workflow.sync(
        flow(
            f"start:\n  waitForSignal: {{type: go, timeoutMs: 60000{wait}}}\n"
            f"  transitions: {{{transitions}}}\n"
        )
    )
    run_id = await served.workflow.start("flow")
    await server.advance(MINUTE_MS - 1)
    assert (await served.workflow.status(run_id)).status is WorkflowStatus.WAITING
    await server.advance(1)
    assert (await served.workflow.status(run_id)).terminal == terminal


# Cancel, retry


async def test_cancel_ends_a_run_with_its_child_and_tells_the_handler(
    server: FloTestServer, served: FloClient
) -> None:
    await served.action.register("do", timeout_ms=10 * MINUTE_MS)
    await served.workflow.sync(one_action())
    await served.workflow.sync(
        flow(
            "start:\n  run: '@workflow/flow'\n  transitions: {success: flo.Completed}\n",
            name="parent",
        )
    )
    parent = await served.workflow.start("parent")
    [child] = await served.workflow.list_runs(workflow_name="flow")
    assert child.parent_run_id == parent
    await served.worker.register("w", ["do"])
    task = await served.worker.await_task("w", ["do"], block_ms=0)
    assert task is not None
    await served.workflow.cancel(parent, "enough")
    assert (await served.workflow.status(parent)).error == "enough"
    assert (await served.workflow.status(child.run_id)).status is WorkflowStatus.CANCELLED
    heartbeat = await served.worker.heartbeat("w", running=[task.run_id])
    assert heartbeat.cancelled == [task.run_id]
    with pytest.raises(ConflictError):
        await served.worker.complete("w", task)
    with pytest.raises(ConflictError):
        await served.workflow.cancel(parent)


async def test_a_failed_run_goes_on_from_the_step_that_failed() -> None:
    async with working() as (server, client, doer):
        await client.workflow.sync(
            flow(
                'start:\n  run: "@actions/do"\n  transitions: {success: second}\n'
                'steps:\n  second:\n    run: "@actions/do"\n'
                "    inputMapping: $.steps.start.output\n"
                "    transitions: {success: flo.Completed, failure: flo.Failed}\n"
            )
        )
        doer.will = [{"first": 1}, ValueError("broken")]
        run_id = await client.workflow.start("flow", "0")
        assert (await settled(server, client, run_id)).status is WorkflowStatus.FAILED
        await client.workflow.retry(run_id)
        run = await settled(server, client, run_id)
        assert (run.status, run.error) == ("completed", None)
        assert doer.given == [0, {"first": 1}, {"first": 1}]
        with pytest.raises(ConflictError):
            await client.workflow.retry(run_id)


# Children


async def test_a_childs_terminal_is_its_outcome_and_its_output_the_steps() -> None:
    async with working() as (server, client, doer):
        await client.workflow.sync(
            flow(
                'start:\n  run: "@actions/do"\n  transitions: {success: fine, lost: gone}\n'
                "terminals: {fine: {status: completed}, gone: {status: failed}}\n",
                name="child",
            )
        )
        await client.workflow.sync(
            flow(
                "start:\n  run: '@workflow/child'\n"
                "  transitions: {success: flo.Completed, gone: flo.Cancelled}\n"
            )
        )
        doer.will = [{"by": "child"}, "lost"]
        done = await settled(server, client, await client.workflow.start("flow"))
        assert (done.status, done.output) == ("completed", b'{"by":"child"}')
        lost = await settled(server, client, await client.workflow.start("flow"))
        assert lost.status is WorkflowStatus.CANCELLED


# Plans


async def test_a_plan_goes_from_one_executor_to_the_next_and_skips_an_open_breaker() -> None:
    worker = ActionWorker("unused")
    asked: list[str] = []

    def executor(name: str, *, fails: bool) -> None:
        async def run(ctx: ActionContext) -> Any:
            asked.append(name)
            if fails:
                raise ConnectionError("down")
            return {"by": name}

        worker.register_action(name, run, max_retries=0)

    executor("a", fails=True)
    executor("b", fails=False)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        await client.workflow.sync(
            flow(
                "start:\n  run: '@plan/both'\n  transitions: {success: flo.Completed}\n"
                "plans:\n  both:\n    executors:\n"
                "      - {name: b, run: '@actions/b', priority: 1}\n"
                "      - {name: a, run: '@actions/a', priority: 2,"
                " breaker: {failure_threshold: 2, cooldown_ms: 60000}}\n"
            )
        )
        for _ in range(3):
            run = await settled(server, client, await client.workflow.start("flow"))
            assert run.output == b'{"by":"b"}'
        assert asked == ["a", "b", "a", "b", "b"]
        assert "plan_breaker_skip" in await types(client, run.run_id)
        await server.advance(MINUTE_MS)
        await settled(server, client, await client.workflow.start("flow"))
        assert asked[-2:] == ["a", "b"]


async def test_a_plan_that_tracks_takes_the_outcome_from_a_signal() -> None:
    async with working() as (server, client, doer):
        await client.workflow.sync(
            flow(
                "start:\n  run: '@plan/slow'\n"
                "  transitions: {success: flo.Completed, refused: flo.Failed}\n"
                "plans:\n  slow:\n    executors:\n"
                "      - {name: bank, run: '@actions/do', tracking: {mode: async}}\n"
            )
        )
        doer.will = ["pending", "pending"]
        paid = await client.workflow.start("flow")
        assert (await settled(server, client, paid)).wait_signal == "plan:bank"
        await client.workflow.signal(paid, "plan:bank", {"paid": 1})
        assert (await client.workflow.status(paid)).output == b'{"paid":1}'
        refused = await client.workflow.start("flow")
        await server.settle()
        await client.workflow.signal(refused, "plan:bank", {"outcome": "refused"})
        assert (await client.workflow.status(refused)).status is WorkflowStatus.FAILED


# Schedules and triggers


async def test_a_schedule_runs_skips_pauses_and_is_triggered(
    server: FloTestServer, served: FloClient
) -> None:
    text = APPROVAL.replace("60000", "150000") + "schedule: {interval: 60000, input: {n: 1}}\n"
    await served.workflow.sync(text)
    begun_ms = server.now_ms
    await server.advance(2 * MINUTE_MS)
    [run] = await served.workflow.list_runs()
    assert (run.run_id, run.input) == (f"flow@{begun_ms + MINUTE_MS}", b'{"n":1}')
    [schedule] = await served.workflow.schedules()
    assert (schedule.skipped_total, schedule.last_run_id) == (1, run.run_id)
    assert (await served.workflow.pause_schedule("flow")).paused
    await server.advance(10 * MINUTE_MS)
    assert len(await served.workflow.list_runs()) == 1
    resumed = await served.workflow.resume_schedule("flow")
    assert not resumed.paused
    by_hand = await served.workflow.trigger_schedule("flow")
    assert (await served.workflow.status(by_hand)).input == b'{"n":1}'
    await served.workflow.signal(by_hand, "approval_decision")
    await server.advance(MINUTE_MS)
    assert len(await served.workflow.list_runs()) == 3


async def test_an_interval_may_be_as_short_as_a_hundredth_of_a_second(
    server: FloTestServer, served: FloClient
) -> None:
    await served.workflow.sync(APPROVAL + "schedule: {interval: 10, overlap: allow}\n")
    await server.advance(1_000)
    assert len(await served.workflow.list_runs()) == 100
    [problem] = await served.workflow.validate(APPROVAL + "schedule: {interval: 9}\n")
    assert (problem.severity, problem.path) == ("error", "schedule.interval")


async def test_cron_in_a_zone_comes_once_a_night_on_both_nights_of_the_change() -> None:
    """Berlin, 2024: no 02:30 on the 31st of March, two of them on the 27th of October."""
    text = APPROVAL.replace("60000", "1000") + (
        'schedule: {cron: "30 2 * * *", timezone: Europe/Berlin}\n'
    )
    for start_ms, expected in (
        (1_711_825_200_000, [1_711_846_800_000, 1_711_931_400_000]),
        (1_729_972_800_000, [1_729_989_000_000, 1_730_079_000_000]),
    ):
        async with FloTestServer(start_ms=start_ms) as server, server.client() as client:
            await client.workflow.sync(text)
            await server.advance(36 * 60 * MINUTE_MS)
            runs = await client.workflow.list_runs()
            assert [run.created_at_ms for run in reversed(runs)] == expected


async def test_each_record_of_a_stream_starts_one_run(client: FloClient) -> None:
    await client.stream.append("orders", b'"before"')
    await client.workflow.sync(APPROVAL + "trigger: {stream: orders}\n")
    for number in range(3):
        await client.stream.append("orders", json.dumps({"n": number}), headers={"h": "1"})
    runs: list[WorkflowRun] = []
    async with asyncio.timeout(10):
        while len(runs) < 3:
            runs = list(await client.workflow.list_runs())
    assert sorted(run.input for run in runs) == [b'{"n": 0}', b'{"n": 1}', b'{"n": 2}']


async def test_batches_of_records_close_by_size_or_by_time(
    server: FloTestServer, served: FloClient
) -> None:
    await served.workflow.sync(
        APPROVAL + "trigger: {stream: orders, batch_size: 2, batch_timeout_ms: 5000}\n"
    )
    await served.stream.append_many("orders", [b"1", b"2", b"\xff"])
    await server.settle()
    [full] = await served.workflow.list_runs()
    assert json.loads(full.input) == [1, 2]
    await server.advance(5_000)
    [rest, _] = await served.workflow.list_runs()
    assert json.loads(rest.input) == [{"base64": "/w=="}]


# Search, history, retention


async def test_runs_are_found_by_their_attributes(client: FloClient) -> None:
    await client.workflow.sync(
        APPROVAL + "searchAttributes:\n"
        "  - {name: customer, type: string, from: $.input.customer}\n"
        "  - {name: amount, type: number, from: $.input.amount}\n"
    )
    first = await client.workflow.start("flow", {"customer": "ada", "amount": 5})
    second = await client.workflow.start("flow", {"customer": "ada", "amount": 7.5})
    await client.workflow.start("flow", {"customer": 7})

    async def found(**search: Any) -> list[str]:
        return [run.run_id for run in await client.workflow.list_runs(search=search)]

    assert await found(customer="ada") == [second, first]
    assert await found(customer="ada", amount=5) == [first]
    assert await found(amount=7.5) == [second]
    assert await found(customer="7") == []
    assert (await client.workflow.status(first)).search_attributes == {
        "customer": "ada",
        "amount": 5,
    }


async def test_runs_are_forgotten_when_their_time_is_up(
    server: FloTestServer, served: FloClient
) -> None:
    await served.workflow.sync(APPROVAL + f"retentionMs: {2 * DAY_MS}\n")
    run_id = await served.workflow.start("flow")
    await served.workflow.cancel(run_id)
    await server.advance(2 * DAY_MS - 1)
    await served.workflow.history(run_id)
    await server.advance(1)
    with pytest.raises(NotFoundError):
        await served.workflow.status(run_id)
    assert not await served.workflow.list_runs()


async def test_a_run_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    async with FloTestServer(str(tmp_path / "data")) as server, server.client() as client:
        await client.workflow.sync(APPROVAL)
        run_id = await client.workflow.start("flow")
        waiting = asyncio.ensure_future(client.workflow.wait(run_id))
        await server.restart()
        await client.workflow.signal(run_id, "approval_decision", {"ok": 1})
        run = await waiting
        assert (run.status, run.output) == ("completed", b'{"ok":1}')
        late = await client.workflow.start("flow")
        await server.restart()
        await server.advance(MINUTE_MS)
        assert (await client.workflow.status(late)).status is WorkflowStatus.TIMED_OUT
