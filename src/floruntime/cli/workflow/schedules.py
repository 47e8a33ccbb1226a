"""`flo workflow schedules`: runs by the clock."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import All, Cursor, Limit, examples
from floruntime.cli.base.output import at, cell, rows_of
from floruntime.cli.base.run import Session, connected, pages
from floruntime.core import defaults
from floruntime.core.duration_text import lasting
from floruntime.core.workflow import ScheduleInfo

app = typer.Typer(
    help="Schedules: workflows that start at set times. Without a command: list them.",
    add_completion=False,
    rich_markup_mode=None,
    invoke_without_command=True,
    epilog=examples("flo workflow schedules", "flo workflow schedules --all --json"),
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The workflow.")]


@app.callback()
def list_(
    ctx: typer.Context, limit: Limit = defaults.PAGE_LIMIT, cursor: Cursor = None, all_: All = False
) -> None:
    """Schedules: workflows that start at set times. Without a command: list them, by workflow."""
    if ctx.invoked_subcommand is None:
        _list(ctx, limit=limit, cursor=cursor, all_=all_)
    elif limit != 100 or cursor is not None or all_:
        raise typer.BadParameter("--limit, --cursor and --all are for the list of schedules")


@connected
async def _list(session: Session, limit: int, cursor: str | None, all_: bool) -> None:
    page = await pages(
        lambda limit, cursor: session.client.workflow.schedules(limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["workflow", "times", "state", "next", "last", "last run", "running", "skipped"],
        rows_of(
            page,
            lambda each: each.name,
            _times,
            _state,
            lambda each: at(each.next_run_at_ms),
            lambda each: at(each.last_run_at_ms),
            lambda each: each.last_run_id,
            lambda each: each.running,
            lambda each: each.skipped_total,
        ),
    )
    if not page:
        raise Empty("no schedules")


def _times(schedule: ScheduleInfo) -> str:
    if schedule.cron is None:
        return f"every {lasting(schedule.interval_ms)}"
    return f"{schedule.cron} ({schedule.timezone})"


def _state(schedule: ScheduleInfo) -> str:
    if not schedule.enabled:
        return "workflow disabled"
    return "paused" if schedule.paused else "active"


def _show(session: Session, schedule: ScheduleInfo) -> None:
    session.out.fields(
        schedule,
        {
            "workflow": cell(schedule.name),
            "times": cell(_times(schedule)),
            "state": _state(schedule),
            "next": at(schedule.next_run_at_ms),
        },
    )


@app.command(epilog=examples("flo workflow schedules pause nightly-report"))
@connected
async def pause(session: Session, name: Name) -> None:
    """Pause a schedule. Times that pass while it is paused are not made up for."""
    _show(session, await session.client.workflow.pause_schedule(name))


@app.command(epilog=examples("flo workflow schedules resume nightly-report"))
@connected
async def resume(session: Session, name: Name) -> None:
    """Resume a schedule, from its next time on."""
    _show(session, await session.client.workflow.resume_schedule(name))


@app.command(epilog=examples("flo workflow schedules trigger nightly-report"))
@connected
async def trigger(session: Session, name: Name) -> None:
    """Start a run now, with the schedule's input, and print its id. The schedule's times stay."""
    run_id = await session.client.workflow.trigger_schedule(name)
    session.out.show({"run_id": run_id}, cell(run_id))
