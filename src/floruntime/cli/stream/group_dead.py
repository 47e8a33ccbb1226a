"""`flo stream group dead-requeue`, `dead-delete` and `bulk`: what a group has given up on."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli import jobs
from floruntime.cli.base.options import Yes, examples
from floruntime.cli.base.run import Session, confirm, connected
from floruntime.core.errors import NotFoundError

Stream = Annotated[str, typer.Argument(metavar="STREAM", help="The stream.")]
Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group.")]
DeadIds = Annotated[list[str], typer.Argument(metavar="ID", help="The records, by id.")]
REQUEUE_EXAMPLE = examples("flo stream group dead-requeue events billing 1703350800000-0")
DELETE_EXAMPLE = examples("flo stream group dead-delete events billing 1703350800000-0")
BULK_EXAMPLE = examples(
    "flo stream group bulk requeue_dead events billing --error-contains timeout"
)


@connected
async def dead_requeue(session: Session, stream: Stream, name: Group, ids: DeadIds) -> None:
    """Deliver dead letters again, with no attempts counted."""
    count = await session.client.stream.group_dead_requeue(stream, name, ids)
    _show_found(session, name, "requeued", count)


@connected
async def dead_delete(session: Session, stream: Stream, name: Group, ids: DeadIds) -> None:
    """Delete dead letters; the stream's records stay."""
    count = await session.client.stream.group_dead_delete(stream, name, ids)
    _show_found(session, name, "deleted", count)


@connected
async def bulk(
    session: Session,
    operation: jobs.DeadOperation,
    stream: Stream,
    name: Group,
    error_contains: jobs.ErrorContains = None,
    limit: jobs.AtMost = None,
    dry_run: jobs.DryRun = False,
    background: jobs.Background = False,
    yes: Yes = False,
) -> None:
    """Requeue or delete all dead letters that match, in small steps that do not delay others."""
    if not dry_run:
        confirm(f"{operation} all dead letters of {name!r} that match?", yes)
    job = await session.client.stream.bulk(
        stream, name, operation, error_contains=error_contains, limit=limit, dry_run=dry_run
    )
    await jobs.follow(session, job, background)


def _show_found(session: Session, name: str, done: str, count: int) -> None:
    if not count:
        raise NotFoundError(f"the group {name!r} has no such dead letter")
    session.out.show({done: count}, f"{count} {done}")
