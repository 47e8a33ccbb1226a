"""`flo workflow`, the part that changes runs which are there."""

from __future__ import annotations

from typing import Annotated

import typer

from floruntime.cli.base.options import examples, group
from floruntime.cli.base.output import cell
from floruntime.cli.base.run import Session, connected
from floruntime.cli.base.values import read_value
from floruntime.cli.workflow.runs import RunId

app = group("Changing runs of workflows.")


@app.command(epilog=examples("flo workflow retry wfrun-17"))
@connected
async def retry(session: Session, run_id: RunId) -> None:
    """Continue a failed run from the step that failed. Exit code 3 if it has not failed."""
    run = await session.client.workflow.retry(run_id)
    session.out.show(run, run.status.value)


@app.command(
    epilog=examples(
        "flo workflow fork wfrun-17 ship",
        "flo workflow fork wfrun-17 charge --input '{\"amount\": 5}' --version 1.1.0",
    )
)
@connected
async def fork(
    session: Session,
    run_id: RunId,
    from_step: Annotated[str, typer.Argument(metavar="STEP", help="The step to begin at.")],
    input: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="INPUT",
            help="The new run's input, JSON; - is standard input, @PATH a file.",
            show_default="that of the old run",
        ),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            "--version", help="The version of the workflow.", show_default="that of the old run"
        ),
    ] = None,
    new_run_id: Annotated[
        str | None,
        typer.Option(
            "--run-id", help="The new run's id, which must not be in use.", show_default="generated"
        ),
    ] = None,
) -> None:
    """Start a new run at a step, with another run's results of the other steps; prints its id."""
    forked = await session.client.workflow.fork(
        run_id,
        from_step,
        input=None if input is None else read_value(input),
        version=version,
        new_run_id=new_run_id,
    )
    session.out.show({"run_id": forked}, cell(forked))


@app.command(epilog=examples("flo workflow pause wfrun-17 --reason 'the bank is down'"))
@connected
async def pause(
    session: Session,
    run_id: RunId,
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="The reason, kept in the run's history.", show_default=False),
    ] = None,
) -> None:
    """Pause a run: it begins nothing until it is resumed. Exit code 3 if it has ended."""
    run = await session.client.workflow.pause(run_id, reason)
    session.out.show(run, run.status.value)


@app.command(epilog=examples("flo workflow resume wfrun-17"))
@connected
async def resume(session: Session, run_id: RunId) -> None:
    """Resume a paused run. Exit code 3 if it has ended."""
    run = await session.client.workflow.resume(run_id)
    session.out.show(run, run.status.value)
