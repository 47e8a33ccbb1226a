"""Checks a definition: everything that its text alone can show, without stored state."""

from __future__ import annotations

import msgspec

from floruntime.core.workflow import Problem, Severity
from floruntime.engine.workflow.language.content_hash import content_hash
from floruntime.engine.workflow.language.definition import Definition
from floruntime.engine.workflow.language.graph_rules import check_graph
from floruntime.engine.workflow.language.path_rules import check_paths
from floruntime.engine.workflow.language.plan_rules import check_plans
from floruntime.engine.workflow.language.problems import path_text
from floruntime.engine.workflow.language.reading import Reading
from floruntime.engine.workflow.language.report import Report
from floruntime.engine.workflow.language.start_rules import check_schedule, check_trigger
from floruntime.engine.workflow.language.step_rules import check_steps

__all__ = ["Checked", "TargetPlace", "check", "content_hash"]


class TargetPlace(msgspec.Struct, frozen=True):
    """A `run` and where it stands; lines and columns count from 1."""

    path: str
    line: int
    column: int
    target: str


class Checked(msgspec.Struct, frozen=True):
    """A definition that can be run, or `None` and the errors; warnings in either case.

    `target_places` are for whoever knows which actions and workflows there are, `version_place`
    (line and column) for whoever knows the versions.
    """

    definition: Definition | None
    problems: list[Problem]
    target_places: list[TargetPlace] = []
    version_place: tuple[int, int] = (1, 1)


_ahead: dict[bytes, Checked] = {}
"""What was checked ahead: it depends on the text alone."""


def check(data: bytes) -> Checked:
    """Read and check one definition; all problems at once, in the order of the text."""
    return _ahead.get(data) or _check(data)


def check_ahead(documents: list[bytes]) -> None:
    """Check definitions before they are asked for; in a thread, where that takes long."""
    for data in documents:
        if data not in _ahead:
            _ahead[data] = _check(data)


def forget_ahead(documents: list[bytes]) -> None:
    """They were asked for."""
    for data in documents:
        _ahead.pop(data, None)


def _check(data: bytes) -> Checked:
    reading = Reading(data)
    definition = reading.definition
    if definition is None:
        return Checked(None, reading.problems.listed())
    report = Report(definition, reading)
    check_steps(report)
    check_plans(report)
    check_schedule(report)
    check_trigger(report)
    check_paths(report)
    if not reading.has_errors:
        check_graph(report)
    problems = reading.problems.listed()
    if any(problem.severity is Severity.ERROR for problem in problems):
        return Checked(None, problems)
    version_place = reading.source.place(reading.places.of_value(("version",)))
    return Checked(definition, problems, _target_places(report, reading), version_place)


def _target_places(report: Report, reading: Reading) -> list[TargetPlace]:
    runs = [((*path, "run"), work.run) for path, work in report.works() if work.run]
    for path, work in report.works():
        if work.compensate is not None:
            runs.append(((*path, "compensate", "run"), work.compensate.run))
    for name, plan in report.definition.plans.items():
        for index, executor in enumerate(plan.executors):
            runs.append((("plans", name, "executors", index, "run"), executor.run))
    return [
        TargetPlace(path_text(path), *reading.source.place(reading.places.of_value(path)), run)
        for path, run in runs
    ]
