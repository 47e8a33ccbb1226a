"""What a step does, in a few short lines."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from floruntime.core.duration_text import lasting
from floruntime.engine.workflow.language.definition import (
    Branch,
    Definition,
    Executor,
    ForEach,
    Parallel,
    Plan,
    Poll,
    Retry,
    Schedule,
    Selection,
    SignalWait,
    Sleep,
    Step,
    TargetKind,
    Trigger,
    target_of,
)


class Kind(StrEnum):
    """What a node is."""

    ACTION = "action"
    PLAN = "plan"
    WORKFLOW = "workflow"
    SIGNAL = "signal"
    SLEEP = "sleep"
    CHOICE = "choice"
    PARALLEL = "parallel"
    FOR_EACH = "for_each"
    TERMINAL = "terminal"


BRANCHES_SHOWN_MAX: Final = 8
"""Branches that a drawing names; of more, it says how many."""
_KINDS: Final = {
    TargetKind.ACTION: Kind.ACTION,
    TargetKind.PLAN: Kind.PLAN,
    TargetKind.WORKFLOW: Kind.WORKFLOW,
}
_ARROWS: Final = {
    Selection.STATIC_ORDER: " → ",
    Selection.ROUND_ROBIN: " ⟳ ",
    Selection.RANDOM: " | ",
    Selection.HEALTH_WEIGHTED: " ~ ",
}


def kind_of(step: Step) -> Kind:
    """What kind of step it is."""
    if step.sleep is not None:
        return Kind.SLEEP
    if step.choose is not None:
        return Kind.CHOICE
    if step.parallel is not None:
        return Kind.PARALLEL
    if step.for_each is not None:
        return Kind.FOR_EACH
    target = None if step.run is None else target_of(step.run)
    return Kind.SIGNAL if target is None else _KINDS[target.kind]


def lines_of(step: Step, definition: Definition) -> tuple[str, ...]:
    """What it does: its target or signal, then what bounds and repeats it."""
    return tuple(_lines(step, definition))


def _lines(step: Step, definition: Definition) -> Iterator[str]:
    if step.parallel is not None:
        yield from _parallel_lines(step.parallel)
    elif step.for_each is not None:
        yield from _for_each_lines(step.for_each, definition)
    elif step.wait_for_signal is not None:
        yield from _wait_lines(step.wait_for_signal)
    elif step.sleep is not None:
        yield _sleep_line(step.sleep)
    elif step.choose is not None:
        yield "choose"
    else:
        assert step.run is not None, "a definition was checked"
        yield step.run
        yield from _plan_lines(step.run, definition)
    if step.retry is not None and step.retry.max_attempts > 1:
        yield _retry_line(step.retry)
    if step.poll is not None:
        yield _poll_line(step.poll)
    undo = step.compensate or (step.for_each.compensate if step.for_each else None)
    if undo is not None:
        yield f"undone by {undo.run}"
    if step.timeout_ms is not None:
        yield f"within {lasting(step.timeout_ms)}"


def _parallel_lines(parallel: Parallel) -> Iterator[str]:
    count = len(parallel.branches)
    yield f"{parallel.join} of {count} branches" if count > 1 else "1 branch"
    shown = list(parallel.branches.items())[:BRANCHES_SHOWN_MAX]
    yield from (f"{name}: {_branch_text(branch)}" for name, branch in shown)
    if count > len(shown):
        yield f"and {count - len(shown)} more"


def _branch_text(branch: Branch) -> str:
    if branch.wait_for_signal is not None:
        return next(_wait_lines(branch.wait_for_signal))
    undone = f", undone by {branch.compensate.run}" if branch.compensate is not None else ""
    return _sleep_line(branch.sleep) if branch.sleep is not None else f"{branch.run}{undone}"


def _for_each_lines(each: ForEach, definition: Definition) -> Iterator[str]:
    yield f"for each of {each.items}"
    yield each.run
    yield from _plan_lines(each.run, definition)
    yield f"{each.concurrency} at once"


def _wait_lines(wait: SignalWait) -> Iterator[str]:
    between = " and " if wait.all_of else " or "
    yield f"signal {between.join(wait.types)}"
    if wait.timeout_ms is not None:
        yield f"within {lasting(wait.timeout_ms)}"


def _sleep_line(sleep: Sleep) -> str:
    if sleep.until is not None:
        return f"sleeps until {sleep.until}"
    is_number = isinstance(sleep.for_ms, int)
    return f"sleeps for {lasting(sleep.for_ms) if is_number else sleep.for_ms}"


def _retry_line(retry: Retry) -> str:
    return f"{retry.max_attempts} attempts, {retry.backoff.value.replace('_', ' with ')}"


def _poll_line(poll: Poll) -> str:
    return f"polls {poll.max_attempts} times, {poll.backoff.value.replace('_', ' with ')}"


def _plan_lines(run: str, definition: Definition) -> Iterator[str]:
    target = target_of(run)
    if target is not None and target.kind is TargetKind.PLAN:
        plan = definition.plans[target.name]
        yield _ARROWS[plan.selection].join(_executor(each) for each in _in_order(plan))
        if plan.selection is not Selection.STATIC_ORDER:
            yield plan.selection.value
        if plan.fallback is not None:
            yield "with a fallback"


def _in_order(plan: Plan) -> list[Executor]:
    return sorted(plan.executors, key=lambda each: -each.priority)


def _executor(executor: Executor) -> str:
    return f"{executor.name} (breaker)" if executor.breaker is not None else executor.name


def entries_of(definition: Definition) -> tuple[str, ...]:
    """What starts runs, beside callers."""
    found = []
    if definition.schedule is not None:
        found.append(_schedule_line(definition.schedule))
    if definition.trigger is not None:
        found.append(_trigger_line(definition.trigger))
    return tuple(found)


def _schedule_line(schedule: Schedule) -> str:
    if schedule.cron is None:
        return f"every {lasting(schedule.interval)}"
    return f"cron {schedule.cron} ({schedule.timezone})"


def _trigger_line(trigger: Trigger) -> str:
    if trigger.batch_size == 1:
        return f"each record of stream {trigger.stream}"
    return f"every {trigger.batch_size} records of stream {trigger.stream}"
