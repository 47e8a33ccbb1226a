"""Rules for steps with several bodies: `parallel`, `forEach`."""

from __future__ import annotations

from typing import Final

from floruntime.core.limits import shown
from floruntime.engine.workflow.language.definition import (
    Branch,
    Parallel,
    Step,
    TargetKind,
    TrackingMode,
    Work,
    target_of,
)
from floruntime.engine.workflow.language.problems import KeyPath
from floruntime.engine.workflow.language.report import Report
from floruntime.engine.workflow.language.step_kinds import (
    check_one_kind,
    check_sleep,
    check_types,
    kinds_of,
)

JOINS: Final = ("all", "any")
BRANCH_KINDS: Final = ["run", "waitForSignal", "sleep"]


def check_parallel(report: Report, path: KeyPath, step: Step) -> None:
    """The branches of a step, if it has some."""
    parallel = step.parallel
    if parallel is None:
        return
    here: KeyPath = (*path, "parallel")
    _check_join(report, (*here, "join"), parallel)
    for name, branch in parallel.branches.items():
        _check_branch(report, (*here, "branches", name), name, branch)
    _check_signals(report, (*here, "branches"), parallel)


def _check_join(report: Report, path: KeyPath, parallel: Parallel) -> None:
    join, count = parallel.join, len(parallel.branches)
    is_right = join in JOINS if isinstance(join, str) else 1 <= join <= count
    if not is_right and count:
        message = f"join is {shown(str(join))}; all, any, or 1 to {count}, the number of branches"
        report.at_value("E415", path, f"{message}, is allowed")


def _check_branch(report: Report, path: KeyPath, name: str, branch: Branch) -> None:
    check_one_kind(report, path, f"branch {shown(name)}", kinds_of(branch), BRANCH_KINDS)
    check_sleep(report, path, branch)
    if branch.wait_for_signal is not None:
        here: KeyPath = (*path, "waitForSignal")
        check_types(report, here, branch.wait_for_signal)
        if branch.wait_for_signal.on_timeout is not None:
            message = "onTimeout leads nowhere: a branch has no transitions; its outcome is timeout"
            report.at_key("E414", (*here, "onTimeout"), message)


def _check_signals(report: Report, path: KeyPath, parallel: Parallel) -> None:
    """That no signal could be meant for two branches."""
    taken: dict[str, str] = {}
    for name, branch in parallel.branches.items():
        for type in _signals_of(report, branch):
            if type in taken:
                message = (
                    f"branch {shown(name)} may wait for signals of type {shown(type)}, and so may "
                    f"branch {shown(taken[type])}"
                )
                report.at_key("E416", (*path, name), message)
            taken[type] = name


def _signals_of(report: Report, branch: Branch) -> list[str]:
    """The types of signals that a branch may wait for, each once."""
    wait = branch.wait_for_signal
    types = [] if wait is None else wait.types
    return list(dict.fromkeys([*types, *_tracked_by(report, branch)]))


def _tracked_by(report: Report, work: Work) -> list[str]:
    """The types of signals that the plan waits for which is run, if it is one."""
    target = target_of(work.run) if work.run else None
    plan = report.definition.plans.get(target.name) if target else None
    if target is None or plan is None or target.kind is not TargetKind.PLAN:
        return []
    return [
        f"plan:{executor.name}"
        for executor in plan.executors
        if executor.tracking.mode is TrackingMode.ASYNC
    ]


def check_for_each(report: Report, path: KeyPath, step: Step) -> None:
    """What a step does for each item, if it does; where `items` leads: see `path_rules.py`."""
    each = step.for_each
    if each is None:
        return
    tracked = _tracked_by(report, each)
    if tracked:
        message = (
            f"the plan waits for signals ({', '.join(tracked)}), and a signal does not say "
            "which item it is for"
        )
        report.at_value("E417", (*path, "forEach", "run"), message)
