"""`flo action schedule`, `unschedule`, `schedules`: what is invoked by the clock."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import All, Cursor, Limit, duration, examples
from floruntime.cli.base.output import at, cell, complain, rows_of
from floruntime.cli.base.run import Session, connected, pages
from floruntime.cli.base.values import read_value
from floruntime.core import defaults
from floruntime.core.action import ActionScheduleInfo
from floruntime.core.duration_text import lasting
from floruntime.core.errors import NotFoundError
from floruntime.core.schedule import Overlap

app = typer.Typer(
    help="Schedules of actions. Without a command: list them.",
    add_completion=False,
    rich_markup_mode=None,
    invoke_without_command=True,
    epilog=examples("flo action schedules", "flo action schedules --all --json"),
)
SCHEDULE_EPILOG = examples(
    "flo action schedule nightly --cron '0 3 * * *' --timezone Europe/Berlin",
    "flo action schedule poll '{\"feed\": 7}' --interval 30s --overlap buffer_one",
)
UNSCHEDULE_EPILOG = examples("flo action unschedule nightly")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The action.")]
OverlapChoice = Annotated[
    Overlap,
    typer.Option(
        "--overlap",
        help="What to do with a time that comes while --max-concurrent of its runs are unfinished.",
    ),
]
MaxConcurrent = Annotated[
    int,
    typer.Option(
        "--max-concurrent",
        help="How many of the schedule's runs may be unfinished at once: 1 to 1,000.",
    ),
]


@connected
async def schedule(
    session: Session,
    name: Name,
    payload: Annotated[
        str,
        typer.Argument(
            metavar="PAYLOAD",
            help="The input of its runs; - is standard input, @PATH a file.",
            show_default=False,
        ),
    ] = "",
    cron: Annotated[
        str | None,
        typer.Option(
            "--cron",
            help="A cron expression: minute, hour, day of the month, month, weekday.",
            show_default=False,
        ),
    ] = None,
    interval: Annotated[
        int | None,
        duration("--interval", "--interval-ms", help="The time from one run to the next."),
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", help="The IANA time zone of --cron.")
    ] = defaults.TIMEZONE,
    overlap: OverlapChoice = Overlap.SKIP,
    max_concurrent: MaxConcurrent = 1,
    paused: Annotated[bool, typer.Option("--paused", help="Create the schedule paused.")] = False,
    catch_up: Annotated[
        int,
        duration(
            "--catch-up",
            "--catch-up-ms",
            help="A missed time is made up for, once, if it is no longer ago than this.",
            default="1m",
        ),
    ] = defaults.CATCH_UP_MS,
    jitter: Annotated[
        int,
        duration(
            "--jitter",
            "--jitter-ms",
            help="Start each run up to this much later than its time.",
            default="0ms",
        ),
    ] = 0,
) -> None:
    """Give an action a schedule, by --cron or --interval. It replaces an earlier one."""
    info = await session.client.action.schedule(
        name,
        cron=cron,
        interval_ms=interval,
        timezone=timezone,
        payload=read_value(payload),
        overlap=overlap,
        max_concurrent=max_concurrent,
        paused=paused,
        catch_up_ms=catch_up,
        jitter_ms=jitter,
    )
    if info.doubt:
        complain(f"warning: {info.doubt}")
    _show(session, info)


@connected
async def unschedule(session: Session, name: Name) -> None:
    """Remove an action's schedule. Runs that it started continue."""
    if not await session.client.action.unschedule(name):
        raise NotFoundError(f"the action {name!r} has no schedule")
    session.out.show({"unscheduled": True}, "unscheduled")


@app.callback()
def list_(
    ctx: typer.Context, limit: Limit = defaults.PAGE_LIMIT, cursor: Cursor = None, all_: All = False
) -> None:
    """Schedules of actions. Without a command: list them, by action."""
    if ctx.invoked_subcommand is None:
        _list(ctx, limit=limit, cursor=cursor, all_=all_)
    elif limit != defaults.PAGE_LIMIT or cursor is not None or all_:
        raise typer.BadParameter("--limit, --cursor and --all are for the list of schedules")


@connected
async def _list(session: Session, limit: int, cursor: str | None, all_: bool) -> None:
    page = await pages(
        lambda limit, cursor: session.client.action.schedules(limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["action", "times", "state", "next", "last", "last run", "running", "skipped"],
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


def _times(schedule: ActionScheduleInfo) -> str:
    if schedule.cron is None:
        return f"every {lasting(schedule.interval_ms)}"
    return f"{schedule.cron} ({schedule.timezone})"


def _state(schedule: ActionScheduleInfo) -> str:
    if not schedule.enabled:
        return "action disabled"
    return "paused" if schedule.paused else "active"


def _show(session: Session, schedule: ActionScheduleInfo) -> None:
    session.out.fields(
        schedule,
        {
            "action": cell(schedule.name),
            "times": cell(_times(schedule)),
            "state": _state(schedule),
            "next": at(schedule.next_run_at_ms),
            "overlap": schedule.overlap.value,
        },
    )


@app.command(epilog=examples("flo action schedules pause nightly"))
@connected
async def pause(session: Session, name: Name) -> None:
    """Pause a schedule. Times that pass while it is paused are not made up for."""
    _show(session, await session.client.action.pause_schedule(name))


@app.command(epilog=examples("flo action schedules resume nightly"))
@connected
async def resume(session: Session, name: Name) -> None:
    """Resume a schedule, from its next time on."""
    _show(session, await session.client.action.resume_schedule(name))


@app.command(epilog=examples("flo action schedules trigger nightly"))
@connected
async def trigger(session: Session, name: Name) -> None:
    """Start a run now, with the schedule's input, and print its id. The schedule's times stay."""
    run_id = await session.client.action.trigger_schedule(name)
    session.out.show({"run_id": run_id}, cell(run_id))
