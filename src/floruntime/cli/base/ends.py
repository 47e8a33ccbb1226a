"""How a run that was waited for has ended: what is shown, and the exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

from floruntime.cli.base.errors import OTHER, Empty
from floruntime.cli.base.run import Session
from floruntime.core.action import ActionRun
from floruntime.core.workflow import WorkflowRun

Run = TypeVar("Run", ActionRun, WorkflowRun)

COMPLETED = "completed"
ENDED_BADLY = ("failed", "cancelled", "timed_out")


def show_end(session: Session, run: Run, show: Callable[[Session, Run], None], group: str) -> None:
    """The output of a run that completed; any other as `show` does.

    Exit code 5 where it ended otherwise, 1 where it goes on still.
    """
    if run.status == COMPLETED and not session.out.is_json:
        session.out.show(run, (run.output or b"").decode("utf-8", "surrogateescape"))
        return
    show(session, run)
    if run.status in ENDED_BADLY:
        raise typer.Exit(OTHER)
    if run.status != COMPLETED:
        raise Empty(
            f"the run {run.run_id} is still {run.status}; to wait for it: flo {group} "
            f"status {run.run_id} --block 5m"
        )
