"""`flo action bulk`: one operation on all runs that match."""

from __future__ import annotations

from typing import Annotated, TypedDict

import typer

from floruntime.cli.base.options import Yes, duration, examples
from floruntime.cli.base.run import Session, confirm, connected
from floruntime.cli.jobs import AtMost, Background, DryRun, follow, since_ms
from floruntime.core.action import ActionBulkOperation, RunStatus

Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        metavar="|".join(RunStatus),
        help="In this status only; repeatable.",
        show_default=False,
    ),
]
Since = Annotated[
    int | None,
    duration(
        "--since",
        help="Only runs from within this time: by their end for retry and delete, by their start "
        "for cancel.",
    ),
]
_UNFINISHED = {RunStatus.PENDING, RunStatus.RUNNING}
EPILOG = examples(
    "flo action bulk retry --status failed --since 2h --dry-run",
    "flo action bulk retry send-email --status failed --status timed_out --yes",
    "flo action bulk cancel report --reason 'asked for by mistake'",
    "flo action bulk delete --status completed --background",
)


class Times(TypedDict, total=False):
    """What `--since` bounds."""

    started_after_ms: int
    ended_after_ms: int


def chosen_statuses(given: list[str] | None) -> list[RunStatus] | None:
    """The statuses that were named; `None`: none was."""
    unknown = [each for each in given or () if each not in list(RunStatus)]
    if unknown:
        raise typer.BadParameter(
            f"--status is {unknown[0]!r}; it must be one of: {', '.join(RunStatus)}"
        )
    return [RunStatus(each) for each in given] if given else None


def are_ended(statuses: list[RunStatus] | None) -> bool:
    """Whether runs in these statuses have ended."""
    return bool(statuses) and not set(statuses or ()) & _UNFINISHED


async def times_of(session: Session, since: int | None, of_ended: bool) -> Times:
    """The bound that `--since` means."""
    if since is None:
        return {}
    bound_ms = await since_ms(session, since)
    return {"ended_after_ms": bound_ms} if of_ended else {"started_after_ms": bound_ms}


@connected
async def bulk(
    session: Session,
    operation: Annotated[
        str,
        typer.Argument(metavar="|".join(ActionBulkOperation), help="What to do to each run."),
    ],
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Of this action only.", show_default=False),
    ] = None,
    status: Statuses = None,
    since: Since = None,
    limit: AtMost = None,
    dry_run: DryRun = False,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason", help="The reason for cancelling, kept with the runs.", show_default=False
        ),
    ] = None,
    background: Background = False,
    yes: Yes = False,
) -> None:
    """Cancel, retry or delete all runs that match, in small steps that do not delay others."""
    if operation not in list(ActionBulkOperation):
        raise typer.BadParameter(
            f"{operation!r} is not an operation; it must be one of: "
            f"{', '.join(ActionBulkOperation)}"
        )
    statuses = chosen_statuses(status)
    if not dry_run:
        confirm(f"{operation.capitalize()} all runs that match?", yes)
    is_cancel = operation == ActionBulkOperation.CANCEL
    job = await session.client.action.bulk(
        operation,
        name,
        status=statuses,
        limit=limit,
        dry_run=dry_run,
        reason=reason,
        **await times_of(session, since, not is_cancel),
    )
    await follow(session, job, background)
