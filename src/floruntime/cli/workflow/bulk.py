"""`flo workflow bulk`, `counts`: one operation on all runs that match, and how many there are."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.options import Yes, duration, examples, group
from floruntime.cli.base.run import Session, confirm, connected
from floruntime.cli.base.values import read_value
from floruntime.cli.jobs import AtMost, Background, DryRun, follow
from floruntime.cli.workflow.filters import (
    Search,
    Statuses,
    chosen_statuses,
    search_of,
    times_of,
)
from floruntime.core.workflow import WorkflowBulkOperation

app = group("Acting on many runs of workflows.")
_OF_ENDED = (WorkflowBulkOperation.RETRY, WorkflowBulkOperation.DELETE)

Workflow = Annotated[
    str | None,
    typer.Option("--workflow", "-w", metavar="NAME", help="Of this workflow only."),
]


@app.command(
    epilog=examples(
        "flo workflow bulk retry --status failed --since 2h --dry-run",
        "flo workflow bulk cancel --workflow order --reason 'asked for by mistake' --yes",
        "flo workflow bulk signal --workflow order --type go --yes",
    )
)
@connected
async def bulk(
    session: Session,
    operation: Annotated[
        str,
        typer.Argument(metavar="|".join(WorkflowBulkOperation), help="What to do to each run."),
    ],
    workflow: Workflow = None,
    status: Statuses = None,
    search: Search = None,
    since: Annotated[
        int | None,
        duration(
            "--since",
            help="Only runs from within this time: by their end for retry and delete, by start for "
            "others.",
        ),
    ] = None,
    until: Annotated[
        int | None,
        duration(
            "--until",
            help="Only runs from longer ago than this, by their end or start as with --since.",
        ),
    ] = None,
    limit: AtMost = None,
    dry_run: DryRun = False,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason",
            help="The reason for cancelling or pausing, kept with the runs.",
            show_default=False,
        ),
    ] = None,
    type: Annotated[
        str | None, typer.Option("--type", help="The type of the signal.", show_default=False)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="The signal's data; @PATH is a file.", show_default=False),
    ] = None,
    background: Background = False,
    yes: Yes = False,
) -> None:
    """Do one operation on all runs that match, in small steps that do not delay others."""
    if operation not in list(WorkflowBulkOperation):
        raise typer.BadParameter(
            f"{operation!r} is not an operation; it must be one of: "
            f"{', '.join(WorkflowBulkOperation)}"
        )
    statuses = chosen_statuses(status)
    if not dry_run:
        confirm(f"{operation.capitalize()} all runs that match?", yes)
    times = await times_of(session, since, until, operation in _OF_ENDED)
    job = await session.client.workflow.bulk(
        operation,
        workflow_name=workflow,
        status=statuses,
        search=search_of(search),
        limit=limit,
        dry_run=dry_run,
        reason=reason,
        type=type,
        data=None if data is None else read_value(data),
        **times,
    )
    await follow(session, job, background)


@app.command(epilog=examples("flo workflow counts", "flo workflow counts --workflow order"))
@connected
async def counts(session: Session, workflow: Workflow = None) -> None:
    """Show how many runs are kept in each status."""
    found = await session.client.workflow.count_runs(workflow)
    session.out.fields(found, {name: str(count) for name, count in found.items()})
