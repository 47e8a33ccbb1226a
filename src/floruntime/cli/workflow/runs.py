"""`flo workflow`, the part about runs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from floruntime.cli.base.ends import show_end
from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import All, Cursor, Limit, duration, examples, group
from floruntime.cli.base.output import at, cell, rows_of, waiting
from floruntime.cli.base.run import Session, connected, pages
from floruntime.cli.base.values import read_value
from floruntime.cli.workflow.filters import (
    Search,
    Statuses,
    are_ended,
    chosen_statuses,
    search_of,
    times_of,
)
from floruntime.core import defaults
from floruntime.core.action import RunOrder
from floruntime.core.workflow import HistoryEvent, WorkflowRun

app = group("Runs of workflows.")

Since = Annotated[
    int | None,
    duration(
        "--since",
        help="Only runs that started within this time, or ended within it if each --status is "
        "one of ended runs.",
    ),
]
Until = Annotated[
    int | None,
    duration(
        "--until", help="Only runs that started or ended (as with --since) longer ago than this."
    ),
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]


@app.command(
    epilog=examples(
        "flo workflow start order '{\"order\": 42}'",
        "flo workflow start order --input-file order.json --wait --block 5m",
        "flo workflow start order @order.json --idempotency-key order-42",
    )
)
@connected
async def start(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The workflow.")],
    input: Annotated[
        str | None,
        typer.Argument(
            metavar="INPUT",
            help="The input, JSON; - is standard input, @PATH a file.",
            show_default="null",
        ),
    ] = None,
    input_file: Annotated[
        str | None,
        typer.Option("--input-file", metavar="PATH", help="The input, from a file."),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            "--version", help="The version of the workflow.", show_default="the current one"
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            "--idempotency-key", help="Starts with the same key and input make only one run."
        ),
    ] = None,
    run_id: Annotated[
        str | None,
        typer.Option(
            "--run-id", help="The run's id, which must not be in use.", show_default="generated"
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the end and print the output.")
    ] = False,
    block: Annotated[
        int,
        duration("--block", "--block-ms", help="With --wait: how long to wait.", default="30s"),
    ] = defaults.BLOCK_MS,
) -> None:
    """Start a run; prints its id, with --wait its output.

    With --wait the exit code is 5 if the run ends with another status than completed, and 1 if it
    has not ended when the time is up.
    """
    started = await session.client.workflow.start(
        name,
        _input_of(input, input_file),
        version=version,
        idempotency_key=idempotency_key,
        run_id=run_id,
    )
    if not wait:
        session.out.show({"run_id": started}, cell(started))
        return
    run = await session.client.workflow.wait(started, block_ms=block)
    show_end(session, run, _show_run, "workflow")


def _input_of(text: str | None, path: str | None) -> bytes | None:
    if text is not None and path is not None:
        raise typer.BadParameter("INPUT and --input-file are both given; give one")
    if path is not None:
        return read_value(f"@{path}")
    return None if text is None else read_value(text)


@app.command(
    epilog=examples("flo workflow status wfrun-17", "flo workflow status wfrun-17 --block 1m")
)
@connected
async def status(
    session: Session,
    run_id: RunId,
    block: Annotated[
        int,
        duration("--block", "--block-ms", help="How long to wait for its end.", default="no wait"),
    ] = 0,
) -> None:
    """Show the current state of a run."""
    _show_run(session, await session.client.workflow.wait(run_id, block_ms=block))


def _show_run(session: Session, run: WorkflowRun) -> None:
    attributes = [
        f"{name}={'-' if value is None else value}" for name, value in run.search_attributes.items()
    ]
    session.out.fields(
        run,
        {
            "run": cell(run.run_id),
            "workflow": cell(run.workflow),
            "version": cell(run.version),
            "status": run.status.value,
            "step": cell(run.current_step),
            "waits for": waiting(run.waits_for),
            "terminal": cell(run.terminal),
            "error": cell(run.error),
            "created": at(run.created_at_ms),
            "started": at(run.started_at_ms),
            "completed": at(run.completed_at_ms),
            "parent": cell(run.parent_run_id),
            "attributes": cell(", ".join(attributes) or None),
            "input": cell(run.input),
            "output": cell(run.output),
        },
    )


@app.command(
    epilog=examples(
        "flo workflow history wfrun-17 --all",
        "flo workflow history wfrun-17 --follow",
        "flo workflow history wfrun-17 --follow --json",
    )
)
@connected
async def history(
    session: Session,
    run_id: RunId,
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            "-f",
            help="Show all events, then new ones as they come, until the run ends.",
        ),
    ] = False,
) -> None:
    """Show what has happened to a run, oldest first."""
    if follow:
        if cursor is not None or all_ or limit != 100:
            raise typer.BadParameter("--follow takes no --limit, --cursor or --all")
        await _follow(session, run_id)
        return
    page = await pages(
        lambda limit, cursor: session.client.workflow.history(run_id, limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page, ["#", "time", "type", "step", "detail", "run"], rows_of(page, *_EVENT_COLUMNS)
    )


_EVENT_COLUMNS: list[Any] = [
    lambda each: each.sequence,
    lambda each: at(each.timestamp_ms),
    lambda each: each.type,
    lambda each: each.step,
    lambda each: _detail(each),
    lambda each: each.run_id,
]


def _detail(event: HistoryEvent) -> str:
    """What happened; of an action that was attempted more than once, also how often and why."""
    if len(event.attempts) < 2:
        return event.detail
    ends = [each.reason or each.error or "" for each in event.attempts[:-1]]
    told = ", ".join(f"{count}: {why}" for count, why in enumerate(ends, 1))
    return f"{event.detail} (attempt {event.attempts[-1].attempt}; {told})"


async def _follow(session: Session, run_id: str) -> None:
    await session.client.connect()
    async for event in session.client.workflow.follow(run_id):
        session.out.show(event, "\t".join(_event_line(event)))


def _event_line(event: HistoryEvent) -> list[str]:
    [line] = rows_of([event], *_EVENT_COLUMNS)
    return line


@app.command(
    epilog=examples(
        "flo workflow runs",
        "flo workflow runs order --status failed",
        "flo workflow runs --search customer=ada --search 'amount>=100' --search 'amount<500'",
        "flo workflow runs --status failed --status timed_out --since 2h --order oldest",
    )
)
@connected
async def runs(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Of this workflow only.", show_default=False),
    ] = None,
    workflow: Annotated[
        str | None,
        typer.Option("--workflow", "-w", metavar="NAME", help="The same as NAME."),
    ] = None,
    status: Statuses = None,
    search: Search = None,
    since: Since = None,
    until: Until = None,
    order: Annotated[
        str, typer.Option("--order", metavar="|".join(RunOrder), help="Which runs come first.")
    ] = RunOrder.NEWEST,
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
) -> None:
    """List runs, newest first unless --order says otherwise."""
    if name is not None and workflow is not None:
        raise typer.BadParameter("NAME and --workflow are both given; give one")
    if order not in list(RunOrder):
        raise typer.BadParameter(f"--order is {order!r}; it must be one of: {', '.join(RunOrder)}")
    statuses = chosen_statuses(status)
    times = await times_of(session, since, until, are_ended(statuses))
    page = await pages(
        lambda limit, cursor: session.client.workflow.list_runs(
            workflow_name=workflow if name is None else name,
            status=statuses,
            search=search_of(search),
            order=order,
            limit=limit,
            cursor=cursor,
            **times,
        ),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["run", "workflow", "version", "status", "step", "created", "completed", "error"],
        rows_of(
            page,
            lambda each: each.run_id,
            lambda each: each.workflow,
            lambda each: each.version,
            lambda each: each.status.value,
            lambda each: each.current_step,
            lambda each: at(each.created_at_ms),
            lambda each: at(each.completed_at_ms),
            lambda each: each.error,
        ),
    )
    if not page:
        raise Empty("no runs")


@app.command(
    epilog=examples(
        "flo workflow signal wfrun-17 approval_decision '{\"approved\": true}'",
        "flo workflow signal wfrun-17 document @contract.json",
    )
)
@connected
async def signal(
    session: Session,
    run_id: RunId,
    type: Annotated[str, typer.Argument(metavar="TYPE", help="The type that a step waits for.")],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            help="The signal's data, mostly JSON; - is standard input, @PATH a file.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Deliver a signal to a run. If no step waits for it yet, the run keeps it."""
    await session.client.workflow.signal(run_id, type, None if data is None else read_value(data))
    session.out.show({"delivered": True}, "delivered")


@app.command(epilog=examples("flo workflow cancel wfrun-17 --reason 'ordered twice'"))
@connected
async def cancel(
    session: Session,
    run_id: RunId,
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="The reason, kept with the run.", show_default=False),
    ] = None,
) -> None:
    """Cancel a run and its children, and notify running actions. Exit code 3 if it has ended."""
    run = await session.client.workflow.cancel(run_id, reason)
    session.out.show(run, run.status.value)
