"""Which runs of workflows are meant, as `flo workflow runs` and `bulk` are told."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, TypedDict

import typer

from floruntime.cli.base.run import Session
from floruntime.cli.jobs import now_ms_of
from floruntime.core.workflow import WorkflowStatus

Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        metavar="|".join(WorkflowStatus),
        help="In this status only; repeatable.",
        show_default=False,
    ),
]
Search = Annotated[
    list[str] | None,
    typer.Option(
        "--search",
        metavar="NAME=VALUE",
        help='Only runs with this search attribute. A number is taken as a number, and "in '
        'quotes" as text. NAME>=VALUE, >, <= and < give a range of one attribute. '
        "Repeatable.",
        show_default=False,
    ),
]
_ENDED: Final = {
    WorkflowStatus.COMPLETED,
    WorkflowStatus.FAILED,
    WorkflowStatus.CANCELLED,
    WorkflowStatus.TIMED_OUT,
}
_TERM: Final = re.compile(r"([^<>=]+)(>=|<=|>|<|=)(.*)", re.DOTALL)
_BOUNDS: Final = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


class Times(TypedDict, total=False):
    """What `--since` and `--until` bound."""

    started_after_ms: int
    started_before_ms: int
    ended_after_ms: int
    ended_before_ms: int


def chosen_statuses(given: list[str] | None) -> list[WorkflowStatus] | None:
    """The statuses that were named; `None`: none was."""
    unknown = [each for each in given or () if each not in list(WorkflowStatus)]
    if unknown:
        raise typer.BadParameter(
            f"--status is {unknown[0]!r}; it must be one of: {', '.join(WorkflowStatus)}"
        )
    return [WorkflowStatus(each) for each in given] if given else None


def are_ended(statuses: list[WorkflowStatus] | None) -> bool:
    """Whether runs in these statuses have ended."""
    return bool(statuses) and set(statuses or ()) <= _ENDED


async def times_of(session: Session, since: int | None, until: int | None, of_ended: bool) -> Times:
    """The bounds that `--since` and `--until` mean, by the server's clock."""
    if since is None and until is None:
        return {}
    now_ms = await now_ms_of(session)
    times: Times = {}
    if since is not None:
        times["ended_after_ms" if of_ended else "started_after_ms"] = max(0, now_ms - since)
    if until is not None:
        times["ended_before_ms" if of_ended else "started_before_ms"] = max(0, now_ms - until)
    return times


def search_of(terms: list[str] | None) -> dict[str, Any]:
    """Values of search attributes, and the range of one."""
    wanted: dict[str, Any] = {}
    for term in terms or ():
        match = _TERM.fullmatch(term)
        if match is None:
            raise typer.BadParameter(
                f"{term!r} is not a search attribute: write NAME=VALUE, or NAME>=VALUE"
            )
        name, sign, value = match[1], match[2], _value(match[3])
        bounds = wanted.setdefault(name, {} if sign in _BOUNDS else value)
        if sign not in _BOUNDS:
            if bounds is not value:
                raise typer.BadParameter(f"the search attribute {name!r} is given twice")
        elif not isinstance(bounds, dict) or _BOUNDS[sign] in bounds:
            raise typer.BadParameter(f"the search attribute {name!r} is given twice")
        else:
            bounds[_BOUNDS[sign]] = value
    return wanted


def _value(text: str) -> str | int | float:
    """A number, or text; a JSON string is the text in it."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    is_one = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value if is_one else text
