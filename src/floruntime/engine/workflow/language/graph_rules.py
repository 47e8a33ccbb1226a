"""Rules for the whole graph of steps: what is never reached, never used, or never ends."""

from __future__ import annotations

from floruntime.core.limits import shown
from floruntime.engine.workflow.language.definition import Definition, Step, TargetKind, target_of
from floruntime.engine.workflow.language.problems import KeyPath
from floruntime.engine.workflow.language.report import Report
from floruntime.engine.workflow.language.step_kinds import choice_goals
from floruntime.engine.workflow.paths.first_step import START


def check_graph(report: Report) -> None:
    """Warn of what cannot be meant. Only of a definition that could be read in full."""
    steps = {name: step for _, name, step in report.steps()}
    goals = {name: _goals_of(step) for name, step in steps.items()}
    reached = _reached({START}, {name: goals[name] & steps.keys() for name in steps})
    for path, name, _ in report.steps():
        if name not in reached:
            report.at_key("W603", path, f"no transition leads to step {shown(name)}")
    _check_unused(report, set().union(*goals.values()))
    _check_ends(report, steps, goals, reached)


def steps_from(definition: Definition, name: str) -> set[str]:
    """The steps that a run may come to after this one, itself if there is a loop."""
    steps = {START: definition.start, **definition.steps}
    if name not in steps:
        return set()
    edges = {step: _goals_of(part) & steps.keys() for step, part in steps.items()}
    return _reached(set(edges[name]), edges)


def _goals_of(step: Step) -> set[str]:
    """Where a step may lead."""
    goals = set(step.transitions.values())
    if step.choose is not None:
        goals |= {goal for _, goal in choice_goals((), step.choose)}
    if step.wait_for_signal is not None and step.wait_for_signal.on_timeout is not None:
        goals.add(step.wait_for_signal.on_timeout)
    return goals


def _reached(begin: set[str], edges: dict[str, set[str]]) -> set[str]:
    reached = set(begin)
    waiting = list(begin)
    while waiting:
        new = edges.get(waiting.pop(), set()) - reached
        reached |= new
        waiting.extend(new)
    return reached


def _check_unused(report: Report, goals: set[str]) -> None:
    targets = [target_of(work.run) for _, work in report.works() if work.run]
    used = {target.name for target in targets if target and target.kind is TargetKind.PLAN}
    for name in report.definition.plans:
        if name not in used:
            report.at_key("W605", ("plans", name), f"no step runs plan {shown(name)}")
    for name in report.definition.terminals:
        if name not in goals:
            message = f"no transition leads to terminal {shown(name)}"
            report.at_key("W606", ("terminals", name), message)


def _check_ends(
    report: Report, steps: dict[str, Step], goals: dict[str, set[str]], reached: set[str]
) -> None:
    ends = {name for name in steps if goals[name] - steps.keys() or _may_time_out(steps[name])}
    back: dict[str, set[str]] = {name: set() for name in steps}
    for name in steps:
        for goal in goals[name] & steps.keys():
            back[goal].add(name)
    ending = _reached(ends, back)
    for path, name, _ in report.steps():
        if name in reached and name not in ending:
            report.at_key(
                "W610", _transitions(path), f"no way from step {shown(name)} leads to an end"
            )


def _may_time_out(step: Step) -> bool:
    """Whether the step may end the run by itself."""
    wait = step.wait_for_signal
    return wait is not None and wait.timeout_ms is not None and wait.on_timeout is None


def _transitions(path: KeyPath) -> KeyPath:
    return (*path, "transitions")
