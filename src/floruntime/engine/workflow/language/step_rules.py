"""Rules for steps and terminals: for each alone, and for the names that they refer to."""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.core.nearest import nearest
from floruntime.engine.workflow.language.definition import (
    Compensate,
    Compensation,
    Retry,
    Step,
    TargetKind,
    Work,
    target_of,
)
from floruntime.engine.workflow.language.group_rules import check_for_each, check_parallel
from floruntime.engine.workflow.language.outcomes import BUILT_IN
from floruntime.engine.workflow.language.problems import KeyPath
from floruntime.engine.workflow.language.report import Report
from floruntime.engine.workflow.language.step_kinds import (
    check_choice,
    check_goal,
    check_kind,
    check_sleep,
    check_wait,
)
from floruntime.engine.workflow.paths.first_step import START, START_ALIAS
from floruntime.engine.workflow.paths.path import is_path

RESERVED_PREFIX: Final = "flo."
_MISSPELT: Final = 0.8
"""How much like a built-in outcome another must be to be taken for a slip."""


def check_steps(report: Report) -> None:
    """All steps and terminals."""
    _check_names(report)
    for path, name, step in report.steps():
        check_kind(report, path, name, step)
        _check_transitions(report, path, step)
        check_wait(report, path, step)
        check_sleep(report, path, step)
        check_choice(report, path, step)
        check_parallel(report, path, step)
        check_for_each(report, path, step)
    for path, work in report.works():
        _check_run(report, path, work)
        _check_key(report, path, work)
        check_retry(report, (*path, "retry"), work.retry)
        if work.compensate is not None:
            _check_compensate(report, (*path, "compensate"), work.compensate)


def _check_names(report: Report) -> None:
    for name in report.definition.steps:
        _check_not_reserved(report, ("steps", name), "a step", name)
    for name in report.definition.terminals:
        _check_not_reserved(report, ("terminals", name), "a terminal", name)
        if name in report.step_names:
            message = f"{shown(name)} is a step already; a transition could mean either"
            report.at_key("E305", ("terminals", name), message)


def _check_not_reserved(report: Report, path: KeyPath, what: str, name: str) -> None:
    if name in (START, START_ALIAS) and path[0] == "steps":
        message = f"{shown(name)} is the name of the first step, which stands under start"
        report.at_key("E207", path, message)
    if name.startswith(RESERVED_PREFIX):
        message = f"{what} cannot be called {shown(name)}: names in {RESERVED_PREFIX} are built in"
        report.at_key("E207", path, message)


def _check_run(report: Report, path: KeyPath, step: Work) -> None:
    if step.run is None:
        return
    check_target(report, (*path, "run"), step.run)
    target = target_of(step.run)
    plans = report.definition.plans
    if target and target.kind is TargetKind.PLAN and target.name not in plans:
        message = f"there is no plan {shown(target.name)}{report.suggest(target.name, plans)}"
        report.at_value("E302", (*path, "run"), message)


def _check_key(report: Report, path: KeyPath, step: Work) -> None:
    """That limits per key can count something under it."""
    if step.key is None:
        return
    here = (*path, "key")
    target = target_of(step.run) if step.run else None
    if target is not None and target.kind is TargetKind.WORKFLOW:
        report.at_key("E403", here, "key is for steps that run an action or a plan")
    elif not is_path(step.key):
        try:
            limits.check_name("key", step.key)
        except BadRequestError as error:
            report.refused("E206", here, error)


def check_target(report: Report, path: KeyPath, run: str) -> None:
    """That a target is well formed."""
    target = target_of(run)
    if target is None:
        message = (
            f"{shown(run)} is not a target; @actions/NAME, @plan/NAME, @workflow/NAME or "
            "@workflow/NAME:VERSION is allowed"
        )
        report.at_value("E209", path, message)
        return
    name, version = next(target.readings(), (target.name, target.version))
    try:
        limits.check_name(f"{target.kind.value} name", name)
        if version is not None:
            limits.check_name("version", version)
    except BadRequestError as error:
        report.refused("E209", path, error)


def _check_compensate(report: Report, path: KeyPath, compensate: Compensate) -> None:
    target = target_of(compensate.run)
    if target is not None and target.kind is TargetKind.PLAN:
        message = f"a compensation runs an action or a workflow, not {shown(compensate.run)}"
        report.at_value("E418", (*path, "run"), message)
    else:
        check_target(report, (*path, "run"), compensate.run)
    check_retry(report, (*path, "retry"), compensate.retry)
    if report.definition.compensation is Compensation.NONE:
        message = "compensate has no effect: compensation is none"
        report.at_key("W607", path, message)


def _check_transitions(report: Report, path: KeyPath, step: Step) -> None:
    target = target_of(step.run) if step.run else None
    is_child = target is not None and target.kind is TargetKind.WORKFLOW
    for outcome, goal in step.transitions.items():
        here = (*path, "transitions", outcome)
        if not is_child:  # whose terminals have any name
            _check_outcome(report, here, outcome)
        check_goal(report, here, goal)
    if step.poll is not None and "pending" in step.transitions:
        message = (
            "with poll, the step asks again on pending, so this transition is never taken; the "
            "last outcome is timeout"
        )
        report.at_key("W608", (*path, "transitions", "pending"), message)


def _check_outcome(report: Report, path: KeyPath, outcome: str) -> None:
    try:
        limits.check_outcome(outcome)
    except BadRequestError as error:
        report.at_key("E208", path, error.message)
        return
    alike = nearest(outcome, BUILT_IN, cutoff=_MISSPELT)
    if alike is not None and outcome not in BUILT_IN:
        message = f"the outcome {shown(outcome)} is one of the action's own; did you mean {alike}?"
        report.at_key("W613", path, message)


def check_retry(report: Report, path: KeyPath, retry: Retry | None) -> None:
    """That a retry does something, and as its numbers say."""
    if retry is None:
        return
    if retry.max_attempts == 1:
        message = "max_attempts is 1, the first attempt included: nothing is tried again"
        report.lacking("W607", path, message)
    if retry.initial_delay_ms > retry.max_delay_ms:
        message = (
            f"no delay is longer than max_delay_ms, {retry.max_delay_ms:,}; "
            f"{retry.initial_delay_ms:,} has no effect"
        )
        report.at_value("W607", (*path, "initial_delay_ms"), message)
