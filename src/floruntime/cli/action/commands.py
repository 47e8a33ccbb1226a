"""`flo action`: durable tasks, and their runs."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.action import bulk as action_bulk
from floruntime.cli.action import limits as action_limits
from floruntime.cli.action import register_options
from floruntime.cli.action import schedules as action_schedules
from floruntime.cli.base.ends import show_end
from floruntime.cli.base.errors import Empty
from floruntime.cli.base.options import All, Cursor, Limit, Yes, duration, examples, group
from floruntime.cli.base.output import at, cell, rows_of, waiting
from floruntime.cli.base.run import Session, confirm, connected, pages
from floruntime.cli.base.values import pairs_of, read_value
from floruntime.core import defaults
from floruntime.core.action import ActionAttempt, ActionInfo, ActionRun, Limits, RunOrder
from floruntime.core.duration_text import lasting
from floruntime.core.errors import NotFoundError

app = group("Actions: durable tasks that workers run, with retries and results.")

app.command("bulk", epilog=action_bulk.EPILOG)(action_bulk.bulk)
app.command("limits", epilog=action_limits.EPILOG)(action_limits.limits)
app.command("schedule", epilog=action_schedules.SCHEDULE_EPILOG)(action_schedules.schedule)
app.command("unschedule", epilog=action_schedules.UNSCHEDULE_EPILOG)(action_schedules.unschedule)
app.add_typer(action_schedules.app, name="schedules")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The action.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]


@app.command(
    epilog=examples(
        "flo action register send-email --timeout 1m --max-retries 5 --retry-delay 10s",
        "flo action register sync --running 50 --running-per-key 1 --key-path $.account --fair",
        "flo action register report --run-timeout 1h --description 'The monthly report'",
    )
)
@connected
async def register(
    session: Session,
    name: Name,
    timeout: register_options.Timeout = defaults.ATTEMPT_TIMEOUT_MS,
    max_retries: register_options.MaxRetries = None,
    retry_delay: register_options.RetryDelay = None,
    run_timeout: register_options.RunTimeout = None,
    description: register_options.Description = None,
    retention: register_options.Retention = defaults.RUN_RETENTION_MS,
    running: action_limits.Running = None,
    running_per_key: action_limits.RunningPerKey = None,
    rate: action_limits.Rate = None,
    rate_per_key: action_limits.RatePerKey = None,
    rate_period: action_limits.RatePeriod = defaults.RATE_PERIOD_MS,
    fair: action_limits.Fair = False,
    no_limits: action_limits.NoLimits = False,
    key_path: action_limits.KeyPath = None,
) -> None:
    """Register an action with its settings. If they differ from those before, its version rises.

    Retries, limits and the key path stay as they are unless they are given. Limits are replaced
    together: give one, and those that are not given are removed.
    """
    limits = action_limits.given(
        Limits(running, running_per_key, rate, rate_per_key, rate_period, fair), no_limits
    )
    info = await session.client.action.register(
        name,
        timeout_ms=timeout,
        max_retries=max_retries,
        retry_delay_ms=retry_delay,
        run_timeout_ms=run_timeout,
        description=description,
        retention_ms=retention,
        limits=limits,
        key_path=key_path,
    )
    session.out.fields(info, _info_fields(info))


def _info_fields(info: ActionInfo) -> dict[str, str]:
    return {
        "action": cell(info.name),
        "version": str(info.version),
        "enabled": _yes(info.enabled),
        "timeout": lasting(info.timeout_ms),
        "max retries": str(info.max_retries),
        "retry delay": lasting(info.retry_delay_ms),
        "run timeout": lasting(info.run_timeout_ms),
        "description": cell(info.description),
        "retention": lasting(info.retention_ms),
        "limits": action_limits.shown(info.limits),
        "key path": cell(info.key_path),
        "registered": at(info.created_at_ms),
        "changed": at(info.updated_at_ms),
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"


@app.command(
    epilog=examples(
        'flo action invoke send-email \'{"to": "ada@example.org"}\'',
        "flo action invoke report @input.json --wait --block 5m",
        "flo action invoke reindex doc-7 --debounce-key doc-7 --debounce 5s --debounce-max 1m",
        "flo action invoke remind --delay 1h --idempotency-key order-42",
    )
)
@connected
async def invoke(
    session: Session,
    name: Name,
    payload: Annotated[
        str,
        typer.Argument(
            metavar="PAYLOAD",
            help="The input; - is standard input, @PATH a file.",
            show_default=False,
        ),
    ] = "",
    priority: Annotated[
        int, typer.Option("--priority", "-p", help="Lower goes first: 0 to 65,535.")
    ] = defaults.PRIORITY,
    delay: Annotated[
        int,
        duration("--delay", "--delay-ms", help="Start the run this long from now.", default="none"),
    ] = 0,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            "--idempotency-key",
            help="Calls with the same key and input make only one run.",
            show_default=False,
        ),
    ] = None,
    labels: action_limits.Labels = None,
    key: action_limits.Key = None,
    debounce_key: action_limits.DebounceKey = None,
    debounce: action_limits.Debounce = None,
    debounce_max: action_limits.DebounceMax = None,
    create: Annotated[
        bool,
        typer.Option(
            "--create", help="Register the action, too, if no worker has registered it yet."
        ),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the end and print the output.")
    ] = False,
    block: Annotated[
        int,
        duration("--block", "--block-ms", help="With --wait: how long to wait.", default="30s"),
    ] = defaults.BLOCK_MS,
) -> None:
    """Start a run of an action and print its id; with --wait, its output.

    With --wait the exit code is 5 if the run fails, and 1 if it has not ended when the time is up.
    """
    invoked = await session.client.action.invoke(
        name,
        read_value(payload) if payload else b"",
        priority=priority,
        delay_ms=delay,
        idempotency_key=idempotency_key,
        labels=pairs_of("label", labels or []),
        create=create,
        key=key,
        debounce_key=debounce_key,
        debounce_ms=debounce,
        debounce_max_ms=debounce_max,
    )
    if not wait:
        session.out.show(invoked, invoked.run_id)
        return
    run = await session.client.action.wait(invoked.run_id, block_ms=block)
    show_end(session, run, _show_run, "action")


@app.command(epilog=examples("flo action status run-17", "flo action status run-17 --block 1m"))
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
    _show_run(session, await session.client.action.wait(run_id, block_ms=block))


def _show_run(session: Session, run: ActionRun) -> None:
    session.out.fields(
        run,
        {
            "run": cell(run.run_id),
            "action": cell(run.action),
            "status": run.status.value,
            "waits for": waiting(run.waits_for),
            "progress": _progress(run),
            "attempt": str(run.attempt),
            "priority": str(run.priority),
            "key": cell(run.key),
            "created": at(run.created_at_ms),
            "started": at(run.started_at_ms),
            "completed": at(run.completed_at_ms),
            "worker": cell(run.worker_id),
            "outcome": cell(run.outcome),
            "reason": cell(run.reason),
            "error": cell(run.error),
            "input": cell(run.input),
            "output": cell(run.output),
            **{f"attempt {each.attempt}": _told(each) for each in run.attempts[:-1]},
        },
    )


def _progress(run: ActionRun) -> str:
    if run.progress is None:
        return cell(run.progress_note)
    note = f" {cell(run.progress_note)}" if run.progress_note else ""
    return f"{run.progress:.0%}{note}"


def _told(attempt: ActionAttempt) -> str:
    """An earlier attempt in one line; the last one is what the run itself shows."""
    why = attempt.reason or attempt.error or "failed"
    times = f"{at(attempt.begun_at_ms)} to {at(attempt.ended_at_ms)}"
    return f"{cell(attempt.worker_id)}, {times}: {cell(why)}"


@app.command("list", epilog=examples("flo action list", "flo action list --prefix mail- --all"))
@connected
async def list_(
    session: Session,
    prefix: Annotated[
        str, typer.Option("--prefix", help="Only names that begin with this.", show_default=False)
    ] = "",
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
) -> None:
    """List the actions of the namespace, by name."""
    page = await pages(
        lambda limit, cursor: session.client.action.list(prefix=prefix, limit=limit, cursor=cursor),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["action", "version", "enabled", "timeout", "retries", "retry delay", "run timeout"],
        rows_of(
            page,
            lambda each: each.name,
            lambda each: each.version,
            lambda each: _yes(each.enabled),
            lambda each: lasting(each.timeout_ms),
            lambda each: each.max_retries,
            lambda each: lasting(each.retry_delay_ms),
            lambda each: lasting(each.run_timeout_ms),
        ),
    )
    if not page:
        raise Empty("no actions")


@app.command(
    epilog=examples(
        "flo action runs --all",
        "flo action runs send-email --status failed --status timed_out --since 2h",
    )
)
@connected
async def runs(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Of this action only.", show_default=False),
    ] = None,
    status: action_bulk.Statuses = None,
    since: Annotated[
        int | None,
        duration(
            "--since",
            help="Only runs that started within this time, or ended within it if each --status is "
            "one of ended runs.",
        ),
    ] = None,
    order: Annotated[
        str, typer.Option("--order", metavar="|".join(RunOrder), help="Which runs come first.")
    ] = RunOrder.NEWEST,
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
) -> None:
    """List runs, newest first unless --order says otherwise."""
    if order not in list(RunOrder):
        raise typer.BadParameter(f"--order is {order!r}; it must be one of: {', '.join(RunOrder)}")
    statuses = action_bulk.chosen_statuses(status)
    times = await action_bulk.times_of(session, since, action_bulk.are_ended(statuses))
    page = await pages(
        lambda limit, cursor: session.client.action.list_runs(
            name, status=statuses, order=order, limit=limit, cursor=cursor, **times
        ),
        limit,
        cursor,
        all_,
    )
    session.out.table(
        page,
        ["run", "action", "status", "attempt", "created", "completed", "outcome", "error"],
        rows_of(
            page,
            lambda each: each.run_id,
            lambda each: each.action,
            lambda each: each.status.value,
            lambda each: each.attempt,
            lambda each: at(each.created_at_ms),
            lambda each: at(each.completed_at_ms),
            lambda each: each.outcome,
            lambda each: each.error,
        ),
    )
    if not page:
        raise Empty("no runs")


@app.command(epilog=examples("flo action cancel run-17 --reason 'ordered twice'"))
@connected
async def cancel(
    session: Session,
    run_id: RunId,
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="The reason, kept with the run.", show_default=False),
    ] = None,
) -> None:
    """Cancel a run and notify its handler. Exit code 3 if the run has ended."""
    run = await session.client.action.cancel(run_id, reason=reason)
    session.out.show(run, run.status.value)


@app.command(epilog=examples("flo action retry run-17"))
@connected
async def retry(session: Session, run_id: RunId) -> None:
    """Start a failed or timed-out run again. Exit code 3 if its status is another."""
    run = await session.client.action.retry(run_id)
    session.out.show(run, run.status.value)


@app.command(epilog=examples("flo action counts", "flo action counts send-email --json"))
@connected
async def counts(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Of this action only.", show_default=False),
    ] = None,
) -> None:
    """Show how many runs are kept in each status."""
    counted = await session.client.action.count_runs(name)
    session.out.fields(counted, {status: str(count) for status, count in counted.items()})


@app.command(epilog=examples("flo action get send-email"))
@connected
async def get(session: Session, name: Name) -> None:
    """Show an action's settings."""
    info = await session.client.action.get(name)
    session.out.fields(info, _info_fields(info))


@app.command(epilog=examples("flo action enable send-email"))
@connected
async def enable(session: Session, name: Name) -> None:
    """Let an action be invoked again."""
    session.out.show(await session.client.action.enable(name), "enabled")


@app.command(epilog=examples("flo action disable send-email"))
@connected
async def disable(session: Session, name: Name) -> None:
    """Refuse new runs of an action. Runs that exist continue."""
    session.out.show(await session.client.action.disable(name), "disabled")


@app.command(epilog=examples("flo action delete send-email --force --yes"))
@connected
async def delete(
    session: Session,
    name: Name,
    force: Annotated[
        bool,
        typer.Option("--force", help="Delete it even if it has unfinished runs, and cancel these."),
    ] = False,
    yes: Yes = False,
) -> None:
    """Delete an action."""
    confirm(f"Delete the action {name!r}?", yes)
    if not await session.client.action.delete(name, force=force):
        raise NotFoundError(f"the action {name!r} does not exist")
    session.out.show({"deleted": True}, "deleted")
