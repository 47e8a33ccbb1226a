"""`flo verify`: what a check of a data directory found."""

from __future__ import annotations

import typer

from floruntime.cli.base.errors import Failure
from floruntime.cli.base.output import Output, cell, complain, plain
from floruntime.cli.base.run import settings_of
from floruntime.cli.base.words import counted
from floruntime.engine.store.errors import StoreError
from floruntime.server.cluster.copies.directories import is_of_a_cluster
from floruntime.server.cluster.copies.verifying import verify_partitions
from floruntime.server.data.verify import VerifyReport, verify


def verify_directory(ctx: typer.Context, directory: str, accept_loss: bool) -> None:
    """Check `directory`; fails if something is wrong that was not accepted."""
    try:
        check = verify_partitions if is_of_a_cluster(directory) else verify
        report = check(directory, accept_loss=accept_loss)
    except StoreError as error:
        raise Failure(str(error), code="storage") from error
    out = Output(settings_of(ctx).is_json)
    out.show({**plain(report), "is_sound": report.is_sound}, _summary(report))
    if not report.is_sound:
        if not out.is_json:
            _tell_problems(report)
        raise Failure(
            f"{directory} has {counted(report.problems_count, 'problem')}", code="damaged"
        )


def _summary(report: VerifyReport) -> str:
    rows = sum(report.rows.values())
    found = "sound" if report.is_sound else "damaged"
    where = f"{counted(rows, 'row')} in {counted(len(report.rows), 'table')}"
    lost = counted(report.lost_commands, "lost command")
    accepted = f", {lost} accepted" if report.was_accepted else ""
    return f"{found}: {where}, command {report.index}{accepted}"


def _tell_problems(report: VerifyReport) -> None:
    for problem in report.problems:
        complain(f"  {cell(problem)}")
    untold = report.problems_count - len(report.problems)
    if untold:
        complain(f"  … and {untold} more")
