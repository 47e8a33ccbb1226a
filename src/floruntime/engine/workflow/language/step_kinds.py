"""Rules for the kind of a step: exactly one of several, each with keys of its own."""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.engine.workflow.language.definition import Branch, Choose, SignalWait, Step
from floruntime.engine.workflow.language.outcomes import BUILT_IN, SUCCESS, TIMEOUT
from floruntime.engine.workflow.language.problems import KeyPath
from floruntime.engine.workflow.language.report import Report
from floruntime.engine.workflow.paths.moments import epoch_ms_of
from floruntime.engine.workflow.paths.path import is_path

_OF_RUN: Final = ("inputMapping", "key", "retry", "poll", "waitForTargetMs", "compensate")
_NOT_BESIDE: Final = {
    "run": (),
    "waitForSignal": _OF_RUN,
    "sleep": _OF_RUN,
    "parallel": _OF_RUN,
    "forEach": _OF_RUN,
    "choose": (*_OF_RUN, "timeoutMs", "transitions"),
}
"""What a step can be, and the keys that mean nothing beside that."""
_DOES: Final = {
    "waitForSignal": "waits for a signal",
    "sleep": "sleeps",
    "parallel": "has branches, which have keys of their own",
    "forEach": "does something for each item; give the key to forEach",
    "choose": "chooses where it leads by its cases",
}


def kinds_of(step: Branch) -> list[str]:
    """The keys that say what a step, or a branch, is."""
    parts: dict[str, object] = {
        "run": step.run,
        "waitForSignal": step.wait_for_signal,
        "sleep": step.sleep,
    }
    if isinstance(step, Step):
        parts |= {"parallel": step.parallel, "forEach": step.for_each, "choose": step.choose}
    return [key for key, part in parts.items() if part is not None]


def check_kind(report: Report, path: KeyPath, name: str, step: Step) -> None:
    """That a step is one thing, and has the keys of that."""
    kinds = kinds_of(step)
    is_lacking = not report.is_given((*path, "transitions")) and "choose" not in kinds
    if is_lacking:
        report.missing(path, "transitions", "a map")
    else:
        check_one_kind(report, path, f"step {shown(name)}", kinds, list(_NOT_BESIDE))


def check_one_kind(
    report: Report, path: KeyPath, what: str, kinds: list[str], possible: list[str]
) -> None:
    """That a step, or a branch, is one of what it can be, and has no key that means nothing."""
    if not kinds:
        *others, last = possible
        told = f"none of {', '.join(others)} and {last}"
        report.lacking("E401", path, f"{what} has {told}; it has one of them")
    for key in kinds[1:]:
        message = f"{what} has {kinds[0]}, too; it has one of them"
        report.at_key("E402", (*path, key), message)
    if len(kinds) == 1:
        for key in _NOT_BESIDE[kinds[0]]:
            if report.is_given((*path, key)):
                message = f"{key} means nothing here: {what} {_DOES[kinds[0]]}"
                report.at_key("E403", (*path, key), message)


def check_goal(report: Report, path: KeyPath, goal: str) -> None:
    """That what is led to is there."""
    if goal not in report.goals:
        suggestion = report.suggest(goal, report.goals)
        message = f"there is no step or terminal {shown(goal)}{suggestion}"
        report.at_value("E301", path, message)


# Waits for signals


def check_wait(report: Report, path: KeyPath, step: Step) -> None:
    """The wait of a step, if it is one."""
    wait = step.wait_for_signal
    if wait is None:
        return
    here: KeyPath = (*path, "waitForSignal")
    if wait.on_timeout is not None:
        check_goal(report, (*here, "onTimeout"), wait.on_timeout)
        if wait.timeout_ms is None:
            message = "onTimeout never comes about: there is no timeoutMs beside it"
            report.at_key("E404", (*here, "onTimeout"), message)
    check_types(report, here, wait)
    _check_wait_transitions(report, path, wait, step)


def check_types(report: Report, path: KeyPath, wait: SignalWait) -> None:
    """That a wait says in one way what it is for, and each type once."""
    ways = {"type": wait.type is not None, "anyOf": wait.any_of, "allOf": wait.all_of}
    given = [key for key, is_there in ways.items() if is_there]
    if not given and not any(report.is_given((*path, key)) for key in ways):
        report.missing(path, "type", "text; or anyOf, or allOf, a list")
    for key in given[1:]:
        message = f"the wait has {given[0]}, too; it has one of type, anyOf and allOf"
        report.at_key("E410", (*path, key), message)
    for key, types in (("anyOf", wait.any_of), ("allOf", wait.all_of)):
        for index, type in enumerate(types):
            if type in types[:index]:
                message = f"the type {shown(type)} is named in this wait already"
                report.at_value("E411", (*path, key, index), message)
    for index, type in enumerate(wait.any_of):
        _check_as_outcome(report, (*path, "anyOf", index), type)


def _check_as_outcome(report: Report, path: KeyPath, type: str) -> None:
    if type in BUILT_IN:
        message = f"the type {shown(type)} would be the step's outcome, and is one that is built in"
        report.at_value("E412", path, message)
        return
    try:
        limits.check_outcome(type)
    except BadRequestError as error:
        message = f"the type {shown(type)} would be the step's outcome: {error.message}"
        report.at_value("E412", path, message)


def _check_wait_transitions(report: Report, path: KeyPath, wait: SignalWait, step: Step) -> None:
    may_time_out = step.timeout_ms is not None or wait.timeout_ms is not None
    possible = {SUCCESS, *wait.any_of} | ({TIMEOUT} if may_time_out else set())
    for outcome in step.transitions:
        if outcome not in possible:
            message = f"the wait never has the outcome {shown(outcome)}"
            report.at_key("W608", (*path, "transitions", outcome), message)
    is_led = bool(wait.any_of) and all(type in step.transitions for type in wait.any_of)
    if SUCCESS not in step.transitions and not is_led:
        message = "when the signal has come the run fails: there is no transition for success"
        report.lacking("W609", (*path, "transitions"), message)


# Sleep


def check_sleep(report: Report, path: KeyPath, step: Branch) -> None:
    """The sleep of a step or a branch, if it is one."""
    sleep, here = step.sleep, (*path, "sleep")
    if sleep is None:
        return
    given = [key for key in ("forMs", "until") if report.is_given((*here, key))]
    if not given:
        report.lacking("E413", here, "sleep has neither forMs nor until; it has one of them")
    if len(given) > 1:
        report.at_key("E413", (*here, "until"), "sleep has forMs, too; it has one of them")
    _check_duration(report, (*here, "forMs"), sleep.for_ms)
    _check_moment(report, (*here, "until"), sleep.until)


def _check_duration(report: Report, path: KeyPath, value: int | str | None) -> None:
    if isinstance(value, int) and 0 <= value <= limits.DURATION_MS_MAX:
        return
    if value is not None and not is_path(value):
        message = (
            f"forMs is {shown(str(value))}; 0 to {limits.DURATION_MS_MAX:,} milliseconds, or a "
            "path, which begins with $., is allowed"
        )
        report.at_value("E216", path, message)


def _check_moment(report: Report, path: KeyPath, value: int | str | None) -> None:
    is_moment = isinstance(value, int) and 0 <= value <= limits.UINT_MAX
    is_text = isinstance(value, str) and (is_path(value) or epoch_ms_of(value) is not None)
    if value is not None and not is_moment and not is_text:
        message = (
            f"until is {shown(str(value))}; epoch milliseconds, RFC 3339 text such as "
            "2026-11-29T22:00:00Z, or a path is allowed"
        )
        report.at_value("E216", path, message)


# Choose


def check_choice(report: Report, path: KeyPath, step: Step) -> None:
    """Where the cases of a choice lead, if the step is one; conditions: see `path_rules.py`."""
    if step.choose is not None:
        for here, goal in choice_goals((*path, "choose"), step.choose):
            check_goal(report, here, goal)


def choice_goals(path: KeyPath, choose: Choose) -> list[tuple[KeyPath, str]]:
    """Where a choice may lead, and where that is said."""
    goals: list[tuple[KeyPath, str]] = [
        ((*path, "cases", index, "to"), case.to) for index, case in enumerate(choose.cases)
    ]
    return [*goals, ((*path, "else"), choose.otherwise)]
