"""What holds for paths: in mappings, in the output, in search attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from floruntime.core.limits import shown
from floruntime.engine.workflow.language.definition import Definition, Step
from floruntime.engine.workflow.language.problems import KeyPath
from floruntime.engine.workflow.language.report import Report
from floruntime.engine.workflow.paths.condition import Condition, parse_condition
from floruntime.engine.workflow.paths.errors import PathError
from floruntime.engine.workflow.paths.first_step import START
from floruntime.engine.workflow.paths.mapping import paths_in
from floruntime.engine.workflow.paths.path import (
    FloField,
    Head,
    HeadKind,
    Path,
    is_path,
    parse_path,
)
from floruntime.engine.workflow.paths.syntax import plain_steps

QUERY_CHARS_MAX: Final = 32_768
"""All paths together that are more than names and indexes: parsing them takes time."""
_OF_STEPS: Final = (HeadKind.OUTPUT, HeadKind.OUTCOME)


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
    templates = [definition.output, *(step.input_mapping for step in steps)]
    templates += [attribute.source for attribute in definition.search_attributes]
    templates += [text for step in steps for _, text in _times(step)]
    paths = {text for template in templates for _, text in paths_in(template)}
    heads = {head for text in paths for head in parse_path(text).heads}
    cases = [case for step in steps if step.choose for case in step.choose.cases]
    heads |= {head for case in cases for head in parse_condition(case.when).heads}
    return sorted({head.name for head in heads if head.kind in _OF_STEPS})


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
        yield (*path, "inputMapping"), step.input_mapping
        for key, text in _times(step):
            yield (*path, *key), text
    yield ("output",), report.definition.output


def _times(step: Step) -> list[tuple[KeyPath, Any]]:
    """How long, or until when, a step sleeps."""
    if step.sleep is None:
        return []
    return [(("sleep", "forMs"), step.sleep.for_ms), (("sleep", "until"), step.sleep.until)]


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
            message = f"from is {shown(attribute.source)}; a path, which begins with $., is allowed"
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
    if head.kind in _OF_STEPS:
        if head.name not in report.step_names:
            meant = report.suggest(head.name, [START, *report.definition.steps])
            message = f"path {shown(text)} names step {shown(head.name)}, which is not there{meant}"
            report.at_value("E503", path, message)
    elif head.name == FloField.EVENT and report.definition.trigger is None:
        message = f"path {shown(text)} finds nothing: only runs of a trigger have an event"
        report.at_value("W611", path, message)
