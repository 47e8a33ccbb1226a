"""The tables of WORKFLOW.md: keys, defaults, and what is refused; and every event of a history."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from floruntime import (
    ActionContext,
    ActionWorker,
    BadRequestError,
    FloClient,
    HistoryEvent,
    Severity,
    WorkflowRun,
)
from floruntime.testing import FloTestServer
from tests.acceptance.flows import (
    APPROVAL,
    DAY_MS,
    MINUTE_MS,
    flow,
    one_action,
    settled,
    types,
    working,
)

TO_END = "transitions: {success: flo.Completed}\n"
RUN = f'start:\n  run: "@actions/do"\n  {TO_END}'


def plan(rest: str = "", *executors: str, transitions: str = "success: flo.Completed") -> str:
    """A workflow of one plan, its executors by name, the first the best."""
    lines = []
    for rank, each in enumerate(executors or ("a", "b")):
        name, comma, more = each.partition(", ")
        head = f"name: {name}, run: '@actions/{name}', priority: {10 - rank}"
        lines.append(f"      - {{{head}{comma}{more}}}\n")
    return flow(
        f"start:\n  run: '@plan/p'\n  transitions: {{{transitions}, failure: flo.Failed}}\n"
        f"plans:\n  p:\n    executors:\n{''.join(lines)}{rest}"
    )


class Executors:
    """Actions `a` and `b`: what each is to do, in order, and who was called."""

    def __init__(self) -> None:
        self.worker = ActionWorker("unused")
        self.will: dict[str, list[Any]] = {"a": [], "b": []}
        self.called: list[str] = []
        for name in self.will:
            self.worker.register_action(name, self._run, max_retries=0)

    async def _run(self, ctx: ActionContext) -> Any:
        self.called.append(ctx.action_name)
        will = self.will[ctx.action_name]
        todo = (will.pop(0) if len(will) > 1 else will[0]) if will else {"by": ctx.action_name}
        if isinstance(todo, Exception):
            raise todo
        return ctx.result(todo) if isinstance(todo, str) else todo


class Plans:
    """A server on which one plan is run again and again."""

    def __init__(self, server: FloTestServer, client: FloClient, executors: Executors) -> None:
        self.server, self.client, self.will = server, client, executors.will
        self._executors = executors

    async def run(self, input: Any = None) -> WorkflowRun:
        run_id = await self.client.workflow.start("flow", input)
        return await settled(self.server, self.client, run_id)

    def called(self) -> str:
        """Who was called since this was asked last."""
        called, self._executors.called[:] = "".join(self._executors.called), []
        return called


@asynccontextmanager
async def planned(text: str) -> AsyncIterator[Plans]:
    executors = Executors()
    async with (
        FloTestServer() as server,
        server.client() as client,
        server.running(executors.worker),
    ):
        await client.workflow.sync(text)
        yield Plans(server, client, executors)


# What is refused, and where


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (flow(RUN).replace("kind: Workflow\n", ""), "kind"),
        (flow(RUN).replace("kind: Workflow", "kind: workflow"), "kind"),
        (flow(RUN).replace("name: flow\n", ""), "name"),
        (flow(RUN).replace('version: "1"\n', ""), "version"),
        (flow(RUN).replace('"1"', "1"), "version"),
        (flow(""), "start"),
        (flow(RUN + "colour: red\n"), "colour"),
        (flow(RUN + "idempotency: maybe\n"), "idempotency"),
        (flow(RUN + "terminals: {Bad: {status: odd}}\n"), "terminals.Bad.status"),
        (flow(RUN + "steps: {a: {transitions: {success: start}}}\n"), "steps.a"),
        (flow(RUN.replace("@actions/do", "do")), "start.run"),
        (flow(RUN.replace("@actions/do", "@plan/none")), "start.run"),
        (flow(RUN.replace("flo.Completed", "nowhere")), "start.transitions.success"),
        (flow(RUN.replace("flo.Completed", "flo.Done")), "start.transitions.success"),
        (flow(f'start:\n  run: "@actions/do"\n  x: 1\n  {TO_END}'), "start.x"),
        (flow('start:\n  run: "@actions/do"\n'), "start.transitions"),
        (one_action("  waitForSignal: {type: go}\n"), "start.waitForSignal"),
        (one_action("  retry: {max_attempts: 0}\n"), "start.retry.max_attempts"),
        (one_action("  retry: {backoff: odd}\n"), "start.retry.backoff"),
        (one_action("  retry: {maxAttemps: 1}\n"), "start.retry.maxAttemps"),
        (one_action("  poll: {max_attempts: 1}\n"), "start.poll.max_attempts"),
        (one_action("  poll: {baseDelayMs: -1}\n"), "start.poll.baseDelayMs"),
        (one_action("  timeoutMs: soon\n"), "start.timeoutMs"),
        (one_action("  inputMapping: '{'\n"), "start.inputMapping"),
        (one_action("  inputMapping: {a: '$.input['}\n"), "start.inputMapping.a"),
        (one_action("  inputMapping: {a: $.other}\n"), "start.inputMapping.a"),
        (one_action("  inputMapping: {a: $.steps.no.output}\n"), "start.inputMapping.a"),
        (APPROVAL.replace("type: approval_decision, ", ""), "start.waitForSignal.type"),
        (APPROVAL.replace("60000", "60000, onTimeout: no"), "start.waitForSignal.onTimeout"),
        (plan("    selection: best\n"), "plans.p.selection"),
        (plan("    health: {decay: 2}\n    selection: health-weighted\n"), "plans.p.health.decay"),
        (plan("    cache: {ttl_ms: 1000, key: '{'}\n"), "plans.p.cache.key"),
        (plan("    cache: {key: k}\n"), "plans.p.cache.ttl_ms"),
        (plan("", "a", "a"), "plans.p.executors[1].name"),
        (plan("", "a, breaker: {threshold: 1}"), "plans.p.executors[0].breaker.threshold"),
        (flow(RUN + "plans: {p: {executors: []}}\n"), "plans.p.executors"),
        (flow(RUN + "schedule: {}\n"), "schedule"),
        (flow(RUN + "schedule: {cron: '* * * *'}\n"), "schedule.cron"),
        (flow(RUN + "schedule: {cron: '60 * * * *'}\n"), "schedule.cron"),
        (flow(RUN + "schedule: {cron: '* * * * *', timezone: Mars}\n"), "schedule.timezone"),
        (flow(RUN + "schedule: {interval: 1000, overlap: odd}\n"), "schedule.overlap"),
        (flow(RUN + "trigger: {}\n"), "trigger.stream"),
        (flow(RUN + "trigger: {stream: s, mode: odd}\n"), "trigger.mode"),
        (flow(RUN + "trigger: {stream: s, start: now}\n"), "trigger.start"),
        (
            flow(RUN + "searchAttributes: [{name: a, type: date, from: $.input.a}]\n"),
            "searchAttributes[0].type",
        ),
    ],
)
async def test_an_error_says_where_and_nothing_is_taken_over(text: str, path: str) -> None:
    async with FloClient("memory://") as client:
        errors = [
            each for each in await client.workflow.validate(text) if each.severity is Severity.ERROR
        ]
        assert [each.path for each in errors] == [path]
        assert all(each.code and each.message and each.line and each.column for each in errors)
        with pytest.raises(BadRequestError) as caught:
            await client.workflow.sync(text)
        assert [each.path for each in caught.value.problems if each.severity == "error"] == [path]
        assert await client.workflow.list_definitions() == []


async def test_all_errors_are_told_at_once_and_warnings_do_not_refuse() -> None:
    async with FloClient("memory://") as client:
        text = flow(RUN.replace("flo.Completed", "nowhere") + "x: 1\ny: 2\n")
        told = {each.path for each in await client.workflow.validate(text)}
        assert told >= {"start.transitions.success", "x", "y"}
        lonely = f"steps:\n  lonely:\n    run: '@actions/other'\n    {TO_END}"
        synced = await client.workflow.sync(flow(RUN + lonely))
        assert synced.action == "created"
        assert {each.path for each in synced.warnings} >= {"steps.lonely", "start.run"}
        assert {each.severity for each in synced.warnings} == {"warning"}
        await client.action.register("do")
        assert (await client.workflow.sync(flow(RUN, name="clean"))).warnings == []


# Steps


@pytest.mark.parametrize(
    ("retry", "delays"),
    [
        ("backoff: constant", [100, 100, 100, 100]),
        ("backoff: linear", [100, 200, 300, 350]),
        ("backoff: exponential", [100, 200, 350, 350]),
        ("within_ms: 400", [100, 200]),
    ],
)
async def test_retries_wait_as_long_as_their_back_off_says(retry: str, delays: list[int]) -> None:
    async with working() as (server, client, doer):
        await client.workflow.sync(
            one_action(
                "  retry: {max_attempts: 5, initial_delay_ms: 100, max_delay_ms: 350, "
                f"{retry}}}\n",
                "failure: flo.Failed",
            )
        )
        doer.will = [ValueError("broken")] * 9
        run_id = await client.workflow.start("flow")
        await server.settle()
        for number, delay_ms in enumerate(delays, 1):
            await server.advance(delay_ms - 1)
            assert len(doer.given) == number
            await server.advance(1)
        assert len(doer.given) == len(delays) + 1
        assert (await settled(server, client, run_id)).status == "failed"


async def test_a_step_has_neither_retry_nor_poll_unless_it_asks_for_them() -> None:
    async with working() as (server, client, doer):
        await client.workflow.sync(
            one_action(transitions="pending: flo.TimedOut, failure: flo.Cancelled")
        )
        doer.will = ["pending", ValueError("broken")]
        for status in ("timed_out", "cancelled"):
            run = await settled(server, client, await client.workflow.start("flow"))
            assert run.status == status
        assert len(doer.given) == 2


async def test_paths_see_the_input_steps_and_flo(server: FloTestServer, served: FloClient) -> None:
    await served.workflow.sync(
        flow(
            "start:\n  waitForSignal: {type: go}\n  transitions: {success: last}\n"
            "steps:\n  last:\n    waitForSignal: {type: go}\n"
            "    transitions: {success: flo.Completed}\n"
            'output: \'{"all": "$.input", "n": "$.steps.start.output.n", "plain": "$5",'
            ' "alias": "$.steps._start.output.n", "one": 1,'
            ' "outcome": "$.steps.last.outcome", "id": "$.flo.run_id",'
            ' "name": "$.flo.workflow", "at": "$.flo.timestamp",'
            ' "none": {"path": "$.input.none", "default": [0]}}\'\n'
        )
    )
    run_id = await served.workflow.start("flow", {"a": [1, {"b": None}]})
    await served.workflow.signal(run_id, "go", {"n": 2**60})
    await server.advance(5)
    await served.workflow.signal(run_id, "go")
    run = await served.workflow.status(run_id)
    assert json.loads(run.output or b"") == {
        "all": {"a": [1, {"b": None}]},
        "n": 2**60,
        "plain": "$5",
        "alias": 2**60,
        "one": 1,
        "outcome": "success",
        "id": run_id,
        "name": "flow",
        "at": server.now_ms,
        "none": [0],
    }


async def test_more_than_256_steps_without_a_wait_fail_the_run(client: FloClient) -> None:
    await client.workflow.sync(
        flow("start:\n  run: '@actions/none'\n  transitions: {target_not_found: start}\n")
    )
    run = await client.workflow.wait(await client.workflow.start("flow"))
    assert (run.status, "256" in (run.error or "")) == ("failed", True)


async def test_workflows_run_workflows_32_deep_at_most(client: FloClient) -> None:
    await client.workflow.sync(
        flow("start:\n  run: '@workflow/flow'\n  transitions: {success: flo.Completed}\n")
    )
    run = await client.workflow.wait(await client.workflow.start("flow"))
    assert run.status == "failed"
    assert len(await client.workflow.list_runs()) == 32


async def test_a_missing_or_disabled_child_is_told(client: FloClient) -> None:
    parent = "start:\n  run: '@workflow/child:2'\n  transitions: {failure: flo.Cancelled}\n"
    await client.workflow.sync(flow(parent))
    for _ in range(2):
        run = await client.workflow.status(await client.workflow.start("flow"))
        assert run.status == "cancelled"
        assert "child_not_found" in await types(client, run.run_id)
        await client.workflow.sync(flow(RUN, name="child"))  # a version 1 is not 2


# Plans


async def test_executors_are_asked_by_priority_the_higher_first() -> None:
    async with planned(plan("", "b", "a")) as plans:
        assert (await plans.run()).output == b'{"by":"b"}'
        plans.will["b"] = [ValueError("down")]
        assert (await plans.run()).output == b'{"by":"a"}'
        assert plans.called() == "bba"


async def test_round_robin_takes_turns_and_random_takes_both() -> None:
    async with planned(plan("    selection: round-robin\n")) as plans:
        for _ in range(4):
            await plans.run()
        assert plans.called() in ("abab", "baba")
    async with planned(plan("    selection: random\n")) as plans:
        for _ in range(40):
            await plans.run()
        assert set(plans.called()) == {"a", "b"}


async def test_health_weighted_prefers_who_is_well() -> None:
    text = plan("    selection: health-weighted\n    health: {min_samples: 2}\n")
    async with planned(text) as plans:
        plans.will["a"] = [ValueError("down"), ValueError("down"), {"by": "a"}]
        for _ in range(4):
            await plans.run()
        assert plans.called() == "ababbb"


async def test_an_executors_retry_is_used_up_before_the_next() -> None:
    text = plan("", "a, retry: {max_attempts: 3, backoff: constant, initial_delay_ms: 10}", "b")
    async with planned(text) as plans:
        plans.will["a"] = [ValueError("down")]
        run = await plans.run()
        await plans.server.advance(20)
        assert plans.called() == "aaab"
        told = await types(plans.client, run.run_id)
        assert told.count("plan_executor_retry") == 2
        assert told.count("plan_executor_exhausted") == 1


async def test_a_breaker_opens_probes_and_closes() -> None:
    breaker = "breaker: {failure_threshold: 2, cooldown_ms: 60000, half_open_max_calls: 1}"
    async with planned(plan("", f"a, {breaker}", "b")) as plans:
        plans.will["a"] = [ValueError("down")] * 3 + [{"by": "a"}]
        for called in ("ab", "ab", "b"):
            run = await plans.run()
            assert plans.called() == called
        assert "plan_breaker_skip" in await types(plans.client, run.run_id)
        await plans.server.advance(MINUTE_MS)
        for called in ("ab", "b"):  # the probe fails: open again
            await plans.run()
            assert plans.called() == called
        await plans.server.restart()
        await plans.server.advance(MINUTE_MS)
        for _ in range(2):
            await plans.client.workflow.wait(await plans.client.workflow.start("flow"))
            assert plans.called() == "a"


async def test_all_open_is_exhausted_without_a_call() -> None:
    breaker = "a, breaker: {failure_threshold: 1, cooldown_ms: 60000}"
    async with planned(plan("", breaker, transitions="exhausted: flo.Cancelled")) as plans:
        plans.will["a"] = [ValueError("down")]
        assert [(await plans.run()).status for _ in range(2)] == ["cancelled", "cancelled"]
        assert plans.called() == "a"


@pytest.mark.parametrize(
    ("limit", "of_ms"),
    [("max_per_second", 1_000), ("max_per_minute", MINUTE_MS), ("max_per_hour", 60 * MINUTE_MS)],
)
async def test_who_is_over_the_rate_is_skipped(limit: str, of_ms: int) -> None:
    async with planned(plan("", f"a, rate_limit: {{{limit}: 2}}", "b")) as plans:
        for _ in range(3):
            await plans.run()
        assert plans.called() == "aab"
        await plans.server.advance(of_ms)
        await plans.run()
        assert plans.called() == "a"


async def test_a_cached_answer_calls_nobody_until_it_is_old_or_invalid() -> None:
    cache = "    cache: {ttl_ms: 60000, key: 'k:{input.id}', invalidate_on: [refund]}\n"
    async with planned(plan(cache)) as plans:
        for _ in range(2):
            assert (await plans.run({"id": 1})).output == b'{"by":"a"}'
        assert plans.called() == "a"
        await plans.run({"id": 2})
        assert plans.called() == "a"
        await plans.server.advance(MINUTE_MS)
        await plans.run({"id": 1})
        assert plans.called() == "a"
        await plans.client.workflow.sync(flow(APPROVAL.partition('"1"\n')[2], name="waits"))
        other = await plans.client.workflow.start("waits")
        await plans.client.workflow.signal(other, "refund")
        await plans.run({"id": 1})
        assert plans.called() == "", "a signal to another workflow's run"


@pytest.mark.parametrize(
    ("condition", "is_fatal", "status"),
    [
        ("exhausted", False, "completed"),
        ("any_error", False, "completed"),
        ("exhausted", True, "failed"),
        ("any_error", True, "completed"),
    ],
)
async def test_a_fallback_is_used_when_its_condition_says(
    condition: str, is_fatal: bool, status: str
) -> None:
    rest = (
        f"    fallback: {{value: {{declined: true}}, condition: {condition}}}\n"
        "    errors: {fatal: [fraud]}\n"
    )
    async with planned(plan(rest)) as plans:
        plans.will["a"] = [ValueError("fraud: stolen" if is_fatal else "down: again")]
        plans.will["b"] = [ValueError("down: again")]
        run = await plans.run()
        assert run.status == status
        assert run.output == (b'{"declined":true}' if status == "completed" else None)
        assert plans.called() == ("a" if is_fatal else "ab")


async def test_only_retryable_errors_are_tried_again_where_some_are_named() -> None:
    retry = "a, retry: {max_attempts: 2, initial_delay_ms: 10}"
    async with planned(plan("    errors: {retryable: [busy]}\n", retry)) as plans:
        for error, called in (("busy: later", "aa"), ("broken: for good", "a")):
            plans.will["a"] = [ValueError(error)]
            await plans.run()
            await plans.server.advance(10)
            assert plans.called() == called


async def test_a_tracked_outcome_that_does_not_come_is_the_next_ones_turn() -> None:
    async with planned(plan("", "a, tracking: {mode: async}", "b")) as plans:
        plans.will["a"] = ["pending"]
        run = await plans.run()
        assert run.status == "waiting"
        await plans.server.advance(299_999)
        assert plans.called() == "a"
        await plans.server.advance(1)
        assert plans.called() == "b"
        run = await plans.client.workflow.status(run.run_id)
        assert (run.status, run.output) == ("completed", b'{"by":"b"}')


# Schedules and triggers


@pytest.mark.parametrize(("overlap", "runs"), [("skip", 1), ("buffer_one", 1), ("allow", 5)])
async def test_overlap(overlap: str, runs: int) -> None:
    async with FloTestServer() as server, server.client() as client:
        text = APPROVAL.replace("60000", str(DAY_MS))
        await client.workflow.sync(text + f"schedule: {{interval: 1000, overlap: {overlap}}}\n")
        await client.workflow.start("flow", run_id="by hand")  # counts for nothing
        await server.advance(5_000)
        listed = [run.run_id for run in await client.workflow.list_runs()]
        assert len(listed) == runs + 1
        await client.workflow.signal(listed[-2], "approval_decision")
        await server.settle()
        added = len(await client.workflow.list_runs()) - len(listed)
        assert added == (overlap == "buffer_one")
        await client.workflow.pause_schedule("flow")


async def test_after_downtime_one_run_is_made_up_for(tmp_path: Path) -> None:
    directory = str(tmp_path / "data")
    schedule = "schedule: {interval: 10000, overlap: allow, catch_up_ms: 60000}\n"
    async with FloTestServer(directory) as server, server.client() as client:
        await client.workflow.sync(APPROVAL + schedule)
        await server.advance(10_000)
        stopped_ms = server.now_ms
    async with (
        FloTestServer(directory, start_ms=stopped_ms + 35_000) as server,
        server.client() as client,
    ):
        await server.settle()
        nominal = [stopped_ms + 30_000, stopped_ms]
        ids = [run.run_id for run in await client.workflow.list_runs()]
        assert ids == [f"flow@{each}" for each in nominal]
        await server.advance(5_000)
        assert len(await client.workflow.list_runs()) == 3


async def test_a_paused_or_disabled_schedule_starts_nothing(
    server: FloTestServer, served: FloClient
) -> None:
    paused = "schedule: {interval: 1000, paused: true, overlap: allow}\n"
    await served.workflow.sync(APPROVAL + paused)
    await server.advance(3_000)
    assert await served.workflow.list_runs() == []
    assert [each.paused for each in await served.workflow.schedules()] == [True]
    await served.workflow.resume_schedule("flow")
    await server.advance(1_000)
    assert len(await served.workflow.list_runs()) == 1
    await served.workflow.disable("flow")
    await server.advance(5_000)
    assert len(await served.workflow.list_runs()) == 1
    await served.workflow.enable("flow")
    await server.advance(1_000)
    assert len(await served.workflow.list_runs()) == 2


async def test_a_trigger_has_a_group_of_its_own_and_tells_where_an_event_came_from() -> None:
    async with working() as (server, client, doer):
        await client.stream.append("orders", b'{"n":1}')
        await client.workflow.sync(
            one_action("  inputMapping: {in: $.input, of: $.flo.event}\n")
            + "trigger: {stream: orders, start: earliest, mode: exclusive}\n"
        )
        await server.settle()
        second = await client.stream.append("orders", b"\xff", headers={"h": "v"})
        await server.settle()
        assert [each["in"] for each in doer.given] == [{"n": 1}, {"base64": "/w=="}]
        assert doer.given[1]["of"]["id"] == str(second.id)
        assert doer.given[1]["of"]["headers"] == {"h": "v"}
        group = await client.stream.group_info("orders", "wf-flow")
        assert (group.mode, group.lag, group.pending) == ("exclusive", 0, 0)
        await client.workflow.disable("flow")
        await client.stream.append("orders", b"3")
        await server.advance(MINUTE_MS)
        assert len(doer.given) == 2
        await client.workflow.enable("flow")
        await server.settle()
        assert [each["in"] for each in doer.given[2:]] == [3]


# History


EVENTS = """
    workflow_started step_started step_completed step_retry awaiting_action action_completed
    action_not_found action_disabled waiting_for_signal signal_received signal_matched
    signal_timeout poll_scheduled poll_exhausted plan_executor_start plan_executor_success
    plan_executor_retry plan_executor_exhausted plan_breaker_skip awaiting_child child_completed
    child_not_found workflow_completed workflow_failed workflow_cancelled workflow_timed_out
"""
ALL_OF_IT = flow("""\
start:
  run: "@actions/do"
  retry: {max_attempts: 2, initial_delay_ms: 10}
  poll: {maxAttempts: 1}
  transitions: {timeout: none}
steps:
  none: {run: "@actions/none", transitions: {target_not_found: off}}
  "off": {run: "@actions/off", transitions: {target_disabled: orphan}}
  orphan: {run: "@workflow/none", transitions: {failure: child}}
  child: {run: "@workflow/child", transitions: {success: plan}}
  plan: {run: "@plan/p", transitions: {exhausted: late}}
  late:
    waitForSignal: {type: never, timeoutMs: 10, onTimeout: wait}
    transitions: {success: flo.Failed}
  wait: {waitForSignal: {type: go}, transitions: {success: flo.Completed}}
plans:
  p:
    executors:
      - name: x
        run: "@actions/do"
        retry: {max_attempts: 2, initial_delay_ms: 10}
        breaker: {failure_threshold: 2, cooldown_ms: 60000}
""")


async def test_a_history_tells_everything_that_happens() -> None:
    async with working() as (server, client, doer):
        await client.action.register("off")
        await client.action.disable("off")
        await client.workflow.sync(one_action().replace("name: flow", "name: child"))
        await client.workflow.sync(ALL_OF_IT)
        to_the_plan = [ValueError("x"), "pending", "pending", {}]
        doer.will = [*to_the_plan, ValueError("x"), ValueError("x")]
        completed = await client.workflow.start("flow", {"n": 1})
        for _ in range(10):  # each retry begins once the handler before it has ended
            await server.advance(100)
        await client.workflow.signal(completed, "go", {"ok": True})
        doer.will = [*to_the_plan]
        cancelled = await client.workflow.start("flow")
        await server.advance(100)
        await client.workflow.cancel(cancelled, "no more")
        await server.advance(MINUTE_MS)
        doer.will = [*to_the_plan, {"well": "again"}]
        failed = await client.workflow.start("flow")
        await server.advance(100)
        await client.workflow.sync(APPROVAL.replace("name: flow", "name: waits"))
        timed_out = await client.workflow.start("waits")
        await server.advance(MINUTE_MS)
        told: set[str] = set()
        for run_id, end in (
            (completed, "workflow_completed"),
            (cancelled, "workflow_cancelled"),
            (failed, "workflow_failed"),
            (timed_out, "workflow_timed_out"),
        ):
            events = await client.workflow.history(run_id)
            assert (events[0].type, events[-1].type) == ("workflow_started", end)
            assert [each.sequence for each in events] == sorted({each.sequence for each in events})
            times = [each.timestamp_ms for each in events]
            assert times == sorted(times)
            told |= {each.type for each in events}
        assert told == set(EVENTS.split())
        ended = {each: (await client.workflow.history(each))[-1] for each in (cancelled, failed)}
        assert ended[cancelled].detail.endswith("no more")
        assert (ended[failed].step, "success" in ended[failed].detail) == ("plan", True)


async def test_a_history_is_read_in_pages_oldest_first() -> None:
    async with working() as (_, client, _):
        await client.workflow.sync(one_action())
        run = await client.workflow.wait(await client.workflow.start("flow"))
        whole = list(await client.workflow.history(run.run_id))
        paged: list[HistoryEvent] = []
        cursor = None
        while True:
            page = await client.workflow.history(run.run_id, limit=4, cursor=cursor)
            paged += page
            cursor = page.cursor
            if cursor is None:
                break
        assert paged == whole
