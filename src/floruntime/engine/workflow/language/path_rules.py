"""Rules for paths: in mappings, in the output, in search attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from floruntime.core.limits import shown
from floruntime.engine.workflow.language.definition import Branch, Definition, Step, Work
from floruntime.engine.workflow.language.problems import KeyPath
from floruntime.engine.workflow.language.report import Report
from floruntime.engine.workflow.paths.condition import Condition, parse_condition
from floruntime.engine.workflow.paths.errors import PathError
from floruntime.engine.workflow.paths.first_step import START
from floruntime.engine.workflow.paths.mapping import paths_in
from floruntime.engine.workflow.paths.path import (
    OF_BRANCHES,
    OF_FAILED,
    OF_ITEMS,
    OF_STEPS,
    FloField,
    Head,
    Path,
    is_path,
    parse_path,
)
from floruntime.engine.workflow.paths.syntax import plain_steps

QUERY_CHARS_MAX: Final = 32_768
"""All paths together that are more than names and indexes: parsing them takes time."""
_EACH: Final = ("forEach",)


def check_paths(report: Report) -> None:
    """All paths of the definition, and the names of search attributes."""
    places = list(_places(report))
    _check_attributes(report)
    conditions = list(_conditions(report))
    if _check_length(report, [*places, *conditions]):
        for path, text in places:
            _check_heads(report, path, text, parse_path)
        for path, text in conditions:
            _check_heads(report, path, text, parse_condition)


def steps_read_by(definition: Definition) -> list[str]:
    """The steps that any path of a checked definition looks at, in order."""
    steps = [definition.start, *definition.steps.values()]
    templates = [definition.output, *(text for step in steps for _, text in _templates_of(step))]
    templates += [attribute.source for attribute in definition.search_attributes]
    paths = {text for template in templates for _, text in paths_in(template)}
    heads = {head for text in paths for head in parse_path(text).heads}
    cases = [case for step in steps if step.choose for case in step.choose.cases]
    heads |= {head for case in cases for head in parse_condition(case.when).heads}
    return sorted({head.name for head in heads if head.kind in OF_STEPS})


def _places(report: Report) -> Iterator[tuple[KeyPath, str]]:
    """Every path and where it stands."""
    for path, template in _templates(report):
        for steps, text in paths_in(template):
            yield (*path, *steps), text
    for index, attribute in enumerate(report.definition.search_attributes):
        if is_path(attribute.source):
            yield ("searchAttributes", index, "from"), attribute.source


def _check_length(report: Report, places: list[tuple[KeyPath, str]]) -> bool:
    """Whether parsing the paths is not too much work."""
    queries = {text: path for path, text in reversed(places) if plain_steps(text) is None}
    if sum(map(len, queries)) <= QUERY_CHARS_MAX:
        return True
    message = (
        f"all paths with filters, wildcards and the like have more than {QUERY_CHARS_MAX:,} "
        "characters together"
    )
    report.at_value("E505", next(reversed(queries.values())), message)
    return False


def _templates(report: Report) -> Iterator[tuple[KeyPath, Any]]:
    for path, _, step in report.steps():
        for key, template in _templates_of(step):
            yield (*path, *key), template
    yield ("output",), report.definition.output


def _templates_of(step: Step) -> Iterator[tuple[KeyPath, Any]]:
    """All that may have paths in it, and where it stands within a step."""
    yield from _of_branch(step)
    if step.parallel is not None:
        for name, branch in step.parallel.branches.items():
            for key, template in _of_branch(branch):
                yield ("parallel", "branches", name, *key), template
    if step.for_each is not None:
        yield ("forEach", "items"), step.for_each.items
        for key, template in _of_work(step.for_each):
            yield (*_EACH, *key), template


def _of_branch(branch: Branch) -> Iterator[tuple[KeyPath, Any]]:
    yield from _of_work(branch)
    if branch.sleep is not None:
        yield ("sleep", "forMs"), branch.sleep.for_ms
        yield ("sleep", "until"), branch.sleep.until


def _of_work(work: Work) -> Iterator[tuple[KeyPath, Any]]:
    yield ("inputMapping",), work.input_mapping
    yield ("key",), work.key
    if work.compensate is not None:
        yield ("compensate", "inputMapping"), work.compensate.input_mapping


def _conditions(report: Report) -> Iterator[tuple[KeyPath, str]]:
    for path, _, step in report.steps():
        for index, case in enumerate(() if step.choose is None else step.choose.cases):
            yield (*path, "choose", "cases", index, "when"), case.when


def _check_attributes(report: Report) -> None:
    seen: set[str] = set()
    for index, attribute in enumerate(report.definition.search_attributes):
        path: KeyPath = ("searchAttributes", index)
        if attribute.name in seen:
            message = f"the search attribute {shown(attribute.name)} is declared already"
            report.at_value("E304", (*path, "name"), message)
        seen.add(attribute.name)
        if not is_path(attribute.source):
            message = f"from is {shown(attribute.source)}; it must be a path, which begins with $."
            report.at_value("E502", (*path, "from"), message)


def _check_heads(
    report: Report, path: KeyPath, text: str, parse: Callable[[str], Path | Condition]
) -> None:
    try:
        heads = parse(text).heads
    except PathError as error:
        report.at_value(error.code, path, error.message)
        return
    for head in heads:
        _check_head(report, path, text, head)


def _check_head(report: Report, path: KeyPath, text: str, head: Head) -> None:
    if head.kind in OF_STEPS:
        _check_step(report, path, text, head)
    elif head.kind in OF_ITEMS:
        if "forEach" not in path or path[-1] == "items":
            message = f"path {shown(text)} uses an item, but only the keys of forEach have one"
            report.at_value("E508", path, message)
    elif head.name == FloField.EVENT and report.definition.trigger is None:
        message = f"path {shown(text)} finds nothing: only runs of a trigger have an event"
        report.at_value("W611", path, message)


def _check_step(report: Report, path: KeyPath, text: str, head: Head) -> None:
    if head.name not in report.step_names:
        meant = report.suggest(head.name, [START, *report.definition.steps])
        message = f"path {shown(text)} names step {shown(head.name)}, which does not exist{meant}"
        report.at_value("E503", path, message)
        return
    steps = {START: report.definition.start, **report.definition.steps}
    step = steps[head.name]
    if head.kind in OF_BRANCHES:
        branches = {} if step.parallel is None else step.parallel.branches
        if head.branch not in branches:
            meant = report.suggest(head.branch, branches)
            message = f"path {shown(text)} names branch {shown(head.branch)} of step "
            message += f"{shown(head.name)}, which does not exist{meant}"
            report.at_value("E507", path, message)
    elif head.kind in OF_FAILED and step.for_each is None:
        message = f"path {shown(text)} finds nothing: step {shown(head.name)} has no forEach"
        report.at_value("E502", path, message)
