"""Steps that run a plan: its executors are tried in order until one gives an answer.

An answer is any outcome but `failure`, `timeout` and what the engine could not run. An executor
without an answer is retried as its `retry` says; then the next executor is tried. Its breaker and
its rate limit are checked before every call; an executor that they refuse is skipped. An error with
a `fatal` code ends the plan, because the executor did its part. If no executor gives an answer, the
plan is `exhausted`, unless it has a fallback.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from floruntime.engine.action.rows import find_action
from floruntime.engine.state.json_document import dump
from floruntime.engine.workflow.language.definition import (
    Executor,
    Fallback,
    FallbackCondition,
    Plan,
    Target,
    TrackingMode,
    target_of,
)
from floruntime.engine.workflow.language.outcomes import (
    EXHAUSTED,
    FAILURE,
    PENDING,
    RETRIED,
    SUCCESS,
    TIMEOUT,
    StepOutcome,
    could_not_run,
    succeeded,
)
from floruntime.engine.workflow.runs.backoff import retry_due_ms
from floruntime.engine.workflow.runs.context import CannotMap, cache_key, step_input, step_key
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import PlanCall, Wait
from floruntime.engine.workflow.runs.run import OpenWorkflowRun
from floruntime.engine.workflow.steps.actions import begin_action, cancel_action
from floruntime.engine.workflow.steps.executor_state import (
    Admission,
    ExecutorState,
    admission,
    after_call,
    over_limit,
    with_call,
    with_probe,
    with_sample,
)
from floruntime.engine.workflow.steps.kept_signals import take
from floruntime.engine.workflow.steps.missing_actions import wait_for_target
from floruntime.engine.workflow.steps.plan_choice import order_of
from floruntime.engine.workflow.steps.plan_rows import OpenPlan
from floruntime.engine.workflow.steps.tracked import outcome_in

_CLASS_ENDS: Final = ("Error", "Exception")
"""How the names of exceptions end, of those of most languages."""

_NEXT: Final = StepOutcome(("",))
"""Not an outcome: the executor gave no answer, the next one is to be tried."""


class OpenCall:
    """A run's way through a plan, as far as it has come."""

    def __init__(self, run: OpenWorkflowRun) -> None:
        call = run.row.plan
        assert call is not None, "the run goes through a plan"
        self.run = run
        self.plan: Plan = run.definition.plans[call.name]
        self.opened = OpenPlan(run.tx, run.row.workflow_id, call.name)

    @property
    def call(self) -> PlanCall:
        """Where it stands."""
        assert self.run.row.plan is not None, "the run goes through a plan"
        return self.run.row.plan

    def note_call(self, **changes: Any) -> None:
        """It stands elsewhere now."""
        self.run.row.plan = replace(self.call, **changes)

    @property
    def executor(self) -> Executor:
        """The executor whose turn it is."""
        return self.plan.executors[self.call.order[self.call.position]]

    @property
    def is_exhausted(self) -> bool:
        """Whether all executors had their turn."""
        return self.call.position >= len(self.call.order)

    def pass_on(self) -> None:
        """The next executor's turn."""
        self.note_call(position=self.call.position + 1, attempt=0)

    def leave(self, outcome: StepOutcome) -> StepOutcome:
        """The plan is done."""
        self.run.row.plan = None
        return outcome


def begin_plan(run: OpenWorkflowRun, target: Target, payload: bytes) -> StepOutcome | None:
    plan = run.definition.plans[target.name]
    opened = OpenPlan(run.tx, run.row.workflow_id, target.name)
    key = cache_key(run, plan)
    if key is not None:
        output = opened.cached(key)
        if output is not None:
            run.note(Event.PLAN_EXECUTOR_SUCCESS, "from the cache")
            return succeeded(output)
    if not _has_executor(run, plan) and wait_for_target(run):
        return None
    try:
        step_key(run)
    except CannotMap as problem:  # which is no executor's fault
        return could_not_run(str(problem))
    seed = f"{run.id}/{run.row.step}/{run.row.attempt}/{run.row.polls}"
    order = order_of(plan, opened, run.tx.now_ms, seed)
    run.row.plan = PlanCall(target.name, order, generation=opened.row.generation)
    return _try(OpenCall(run), payload)


def _has_executor(run: OpenWorkflowRun, plan: Plan) -> bool:
    """Whether any of the actions is there that the plan may call."""
    targets = (target_of(executor.run) for executor in plan.executors)
    return any(
        target is not None and find_action(run.tx, target.name) is not None for target in targets
    )


def _try(at: OpenCall, payload: bytes) -> StepOutcome | None:
    """Call the first executor, from the one whose turn it is, that may be called and answers."""
    while not at.is_exhausted:
        if not _may_call(at):
            at.pass_on()
            continue
        outcome = _call(at, payload)
        if outcome is None:
            return None
        verdict = _judge(at, outcome)
        if verdict is not _NEXT:
            return verdict
    return _exhausted(at)


def _may_call(at: OpenCall) -> bool:
    executor, run = at.executor, at.run
    state = at.opened.state(executor.name)
    admitted = admission(state, executor.breaker, run.tx.now_ms)
    if admitted is Admission.REFUSED:
        run.note(Event.PLAN_BREAKER_SKIP, executor.name)
        return False
    limit = over_limit(state, executor.rate_limit, run.tx.now_ms)
    if limit is not None:
        run.note(Event.PLAN_EXECUTOR_EXHAUSTED, f"{executor.name}: its rate limit is {limit}")
        return False
    is_probe = admitted is Admission.PROBE
    at.note_call(is_probe=is_probe, probe_of_ms=state.opened_ms if is_probe else 0)
    return True


def _call(at: OpenCall, payload: bytes) -> StepOutcome | None:
    executor, run, now_ms = at.executor, at.run, at.run.tx.now_ms
    is_probe = at.call.is_probe

    def begun(state: ExecutorState) -> ExecutorState:
        return with_call(with_probe(state, 1) if is_probe else state, now_ms)

    at.opened.change(executor.name, begun)
    attempt = at.call.attempt + 1
    at.note_call(attempt=attempt, began_ms=now_ms if attempt == 1 else at.call.began_ms)
    run.note(Event.PLAN_EXECUTOR_START, executor.name)
    target = target_of(executor.run)
    assert target is not None, "a definition was checked"
    return begin_action(run, target, payload, Wait.EXECUTOR)


def called(run: OpenWorkflowRun, outcome: StepOutcome) -> StepOutcome | None:
    """The call of an executor came to an outcome."""
    return _answered(OpenCall(run), outcome)


def _answered(at: OpenCall, outcome: StepOutcome) -> StepOutcome | None:
    verdict = _judge(at, outcome)
    return _go_on(at) if verdict is _NEXT else verdict


def _go_on(at: OpenCall) -> StepOutcome | None:
    """Go on trying, with the input worked out again."""
    try:
        payload = step_input(at.run)
    except CannotMap as problem:
        return at.leave(could_not_run(str(problem)))
    return _try(at, payload)


def _judge(at: OpenCall, outcome: StepOutcome) -> StepOutcome | None:
    """The plan's outcome, or `None` where the run now waits, or `_NEXT`."""
    executor, run = at.executor, at.run
    if outcome.name == PENDING and executor.tracking.mode is TrackingMode.ASYNC:
        return _track(at)
    is_error = any(name in RETRIED for name in outcome.names)
    is_fatal = is_error and _has_code(outcome, at.plan.errors.fatal)
    _record(at, is_fine=is_fatal or not is_error, is_success=outcome.name == SUCCESS)
    if not is_error:
        if outcome.name == SUCCESS:
            run.note(Event.PLAN_EXECUTOR_SUCCESS, executor.name)
            _store(at, outcome.output)
        return at.leave(outcome)
    at.note_call(error=outcome.told())
    if is_fatal:
        run.note(Event.PLAN_EXECUTOR_EXHAUSTED, f"{executor.name}: {outcome.told()}")
        return _fatal(at, outcome)
    return _try_again(at, outcome)


def _has_code(outcome: StepOutcome, codes: Sequence[str]) -> bool:
    """Whether the error is one of these. Its code stands before the colon; of a time-out, it is
    `timeout`.

    Workers make `Class: message` of an exception. The class may be the code, and so may what
    the message begins with: `ValueError: card_declined: …` is both.
    """
    if outcome.name == TIMEOUT or not outcome.error:
        return outcome.name in codes
    first, _, message = outcome.error.partition(":")
    code = first.strip()
    return code in codes or (
        code.endswith(_CLASS_ENDS) and message.partition(":")[0].strip() in codes
    )


def _record(at: OpenCall, *, is_fine: bool, is_success: bool) -> None:
    """Tell the executor's breaker and health of a call that is over."""
    executor, health, now_ms = at.executor, at.plan.health, at.run.tx.now_ms
    is_probe, probe_of_ms = at.call.is_probe, at.call.probe_of_ms

    def after(state: ExecutorState) -> ExecutorState:
        state = after_call(
            state,
            executor.breaker,
            now_ms,
            is_fine=is_fine,
            is_probe=is_probe,
            probe_of_ms=probe_of_ms,
        )
        return with_sample(state, health, now_ms, is_fine=is_fine, is_success=is_success)

    at.opened.change(executor.name, after)
    at.note_call(is_probe=False, probe_of_ms=0)


def _try_again(at: OpenCall, outcome: StepOutcome) -> StepOutcome | None:
    """Wait for another call of this executor, if it has one left."""
    executor, run, call = at.executor, at.run, at.call
    retryable = at.plan.errors.retryable
    may_retry = not outcome.is_final and (not retryable or _has_code(outcome, retryable))
    if executor.retry is not None and may_retry:
        seed = f"{run.id}/{run.row.step}/{executor.name}"
        due_ms = retry_due_ms(executor.retry, call.attempt, call.began_ms, run.tx.now_ms, seed)
        if due_ms is not None:
            delay_ms = due_ms - run.tx.now_ms
            run.note(
                Event.PLAN_EXECUTOR_RETRY,
                f"{executor.name}: attempt {call.attempt + 1} in {delay_ms} ms, "
                f"after {outcome.told()}",
            )
            run.wait_for(Wait.EXECUTOR_RETRY, due_ms=due_ms)
            return None
    run.note(Event.PLAN_EXECUTOR_EXHAUSTED, f"{executor.name}: {outcome.told()}")
    at.pass_on()
    return _NEXT


def time_to_retry(run: OpenWorkflowRun) -> StepOutcome | None:
    run.stop_waiting()
    return _go_on(OpenCall(run))


# The end of a plan


def _fatal(at: OpenCall, outcome: StepOutcome) -> StepOutcome:
    fallback = at.plan.fallback
    if fallback is not None and fallback.condition is FallbackCondition.ANY_ERROR:
        return _fall_back(at, fallback, outcome.told())
    return at.leave(StepOutcome((FAILURE,), outcome.output, outcome.error, is_final=True))


def _exhausted(at: OpenCall) -> StepOutcome:
    error = at.call.error or f"no executor of plan {at.call.name!r} may be called now"
    if at.plan.fallback is not None:
        return _fall_back(at, at.plan.fallback, error)
    at.run.note(Event.PLAN_EXECUTOR_EXHAUSTED, f"plan {at.call.name}: {error}")
    return at.leave(StepOutcome((EXHAUSTED, FAILURE), error=error))


def _fall_back(at: OpenCall, fallback: Fallback, error: str) -> StepOutcome:
    told = f"plan {at.call.name}: its fallback stands in, after {error}"
    at.run.note(Event.PLAN_EXECUTOR_EXHAUSTED, told)
    return at.leave(succeeded(dump(fallback.value)))


# Tracking


def _signal_of(executor: Executor) -> str:
    return f"plan:{executor.name}"


def _track(at: OpenCall) -> StepOutcome | None:
    """The call has begun something whose outcome comes by a signal."""
    run, executor = at.run, at.executor
    type = _signal_of(executor)
    data = take(run, type)
    if data is not None:
        run.note(Event.SIGNAL_MATCHED, type)
        return _judge(at, outcome_in(data))
    run.note(Event.WAITING_FOR_SIGNAL, type)
    due_ms = run.tx.now_ms + executor.tracking.timeout_ms
    run.wait_for(Wait.TRACKING, due_ms=due_ms, signal=type)
    return None


def tracked(run: OpenWorkflowRun, data: bytes) -> StepOutcome | None:
    """The signal came that tells what became of an executor's call."""
    return _answered(OpenCall(run), outcome_in(data))


def tracking_timed_out(run: OpenWorkflowRun) -> StepOutcome | None:
    at = OpenCall(run)
    run.stop_waiting()
    run.note(Event.SIGNAL_TIMEOUT, _signal_of(at.executor))
    error = f"no outcome came within {at.executor.tracking.timeout_ms} ms"
    return _answered(at, StepOutcome((TIMEOUT,), error=error))


# The cache


def _store(at: OpenCall, output: bytes) -> None:
    """Cache a success, unless the cache was told to forget after the run had come to the plan."""
    key = cache_key(at.run, at.plan)
    is_current = at.opened.row.generation == at.call.generation
    if key is not None and at.plan.cache is not None and is_current:
        at.opened.store(key, output, at.plan.cache.ttl_ms)


def invalidate_caches(run: OpenWorkflowRun, signal_type: str) -> None:
    """A signal has come: plans whose caches it invalidates forget what they hold."""
    for name, plan in run.definition.plans.items():
        if plan.cache is not None and signal_type in plan.cache.invalidate_on:
            OpenPlan(run.tx, run.row.workflow_id, name).invalidate()


# A plan that is broken off


def give_up_call(run: OpenWorkflowRun, number: int, *, is_late: bool) -> None:
    """The run leaves a call that is under way; that it took too long is its executor's doing."""
    at = OpenCall(run)
    if number:
        cancel_action(run, number, is_late=is_late)
    if is_late:
        _record(at, is_fine=False, is_success=False)
    elif at.call.is_probe:
        at.opened.change(at.executor.name, lambda state: with_probe(state, -1))
