"""`flo jobs`: operations on everything that matches, and how far they are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import All, Cursor, Limit, duration, examples, group
from floruntime.cli.base.output import at, cell, rows_of, write_error
from floruntime.cli.base.run import Session, connected, pages
from floruntime.cli.base.terminal import is_terminal
from floruntime.core import defaults
from floruntime.core.duration_text import lasting
from floruntime.core.jobs import BulkJob, JobStatus

app = group("Jobs: operations on everything that matches, started by the bulk commands.")

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count what matches.")]
Background = Annotated[
    bool,
    typer.Option(
        "--background", help="Do not wait for the job's end; flo jobs status JOB shows it."
    ),
]
AtMost = Annotated[
    int | None, typer.Option("--limit", help="Stop after this many.", show_default=False)
]
ErrorContains = Annotated[
    str | None,
    typer.Option(
        "--error-contains",
        help="Only those whose last error contains this text.",
        show_default=False,
    ),
]
DeadOperation = Annotated[
    str,
    typer.Argument(metavar="requeue_dead|delete_dead", help="What to do to each dead letter."),
]
LOOK_MS = 500
"""How often a progress bar is drawn anew."""
BAR_CELLS = 30


async def follow(session: Session, job: BulkJob, background: bool) -> None:
    """Show a job that was begun; unless in the background, once it has ended."""
    shows_bar = is_terminal(sys.stderr) and not session.out.is_json
    while job.status is JobStatus.RUNNING and not background:
        block_ms = LOOK_MS if shows_bar else defaults.BLOCK_MS
        job = await session.client.jobs.wait(job.job_id, block_ms=block_ms)
        if shows_bar:
            write_error(f"\r{bar_of(job, await now_ms_of(session))}\x1b[K")
    if shows_bar:
        write_error("\r\x1b[K")
    show(session, job)


async def now_ms_of(session: Session) -> int:
    """The time by the server's clock."""
    return (await session.client.info()).now_ms


async def since_ms(session: Session, ago_ms: int) -> int:
    """So long ago, by the server's clock."""
    return max(0, await now_ms_of(session) - ago_ms)


def bar_of(job: BulkJob, now_ms: int) -> str:
    """How far a job is, and about how long it will go on."""
    share = job.looked_at / job.expected if job.expected else 0.0
    full = round(share * BAR_CELLS)
    bar = "#" * full + "." * (BAR_CELLS - full)
    return f"[{bar}] {share:4.0%}, {job.matched} matched, {left_of(job, now_ms)}"


def left_of(job: BulkJob, now_ms: int) -> str:
    """About how long it will go on: as it went until now."""
    if not job.looked_at:
        return "beginning"
    took_ms = max(0, now_ms - job.created_at_ms)
    left_ms = took_ms * (job.expected - job.looked_at) // job.looked_at
    return f"about {lasting(left_ms // 1000 * 1000)} left" if left_ms >= 1000 else "nearly done"


def show(session: Session, job: BulkJob) -> None:
    """One job."""
    session.out.fields(job, _fields(job))


def _fields(job: BulkJob) -> dict[str, str]:
    return {
        "job": cell(job.job_id),
        "operation": cell(f"{job.operation}{' (dry run)' if job.dry_run else ''}"),
        "about": cell(_about(job)),
        "status": job.status.value,
        "matched": str(job.matched),
        "done": str(job.done),
        "failed": str(job.failed),
        "error": cell(job.error),
        "looked at": f"{job.looked_at} of {job.expected}",
        "begun": at(job.created_at_ms),
        "ended": at(job.ended_at_ms),
    }


def _about(job: BulkJob) -> str:
    return f"{job.kind} {job.about}" if job.about else f"every {job.kind}"


@app.command("list", epilog=examples("flo jobs list", "flo jobs list --all --json"))
@connected
async def list_(
    session: Session, limit: Limit = defaults.PAGE_LIMIT, cursor: Cursor = None, all_: All = False
) -> None:
    """List the jobs of the namespace, newest first."""
    page = await pages(
        lambda limit, cursor: session.client.jobs.list(limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(page, _COLUMNS, _rows(page))
    if not page:
        raise Empty("no jobs")


_COLUMNS = ["job", "operation", "about", "status", "matched", "done", "failed", "begun", "ended"]


def _rows(page: Sequence[BulkJob]) -> list[list[str]]:
    return rows_of(
        page,
        lambda each: each.job_id,
        lambda each: each.operation,
        _about,
        lambda each: each.status.value,
        lambda each: each.matched,
        lambda each: each.done,
        lambda each: each.failed,
        lambda each: at(each.created_at_ms),
        lambda each: at(each.ended_at_ms),
    )


@app.command(epilog=examples("flo jobs status job-17"))
@connected
async def status(session: Session, job_id: JobId) -> None:
    """Show the current state of a job."""
    show(session, await session.client.jobs.status(job_id))


@app.command(epilog=examples("flo jobs wait job-17", "flo jobs wait job-17 --block 5m"))
@connected
async def wait(
    session: Session,
    job_id: JobId,
    block: Annotated[
        int | None,
        duration("--block", "--block-ms", help="How long to wait.", default="until it has ended"),
    ] = None,
) -> None:
    """Wait for a job's end, with a progress bar; exit code 1 if it is still running."""
    if block is None:
        await follow(session, await session.client.jobs.status(job_id), background=False)
        return
    job = await session.client.jobs.wait(job_id, block_ms=block)
    show(session, job)
    if job.status is JobStatus.RUNNING:
        raise Empty(f"the job {job_id} is still running; to wait for it: flo jobs wait {job_id}")


@app.command(epilog=examples("flo jobs cancel job-17"))
@connected
async def cancel(session: Session, job_id: JobId) -> None:
    """Cancel a job; what it has done is not undone. Exit code 3 if it has ended."""
    show(session, await session.client.jobs.cancel(job_id))
