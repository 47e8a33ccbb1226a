"""The first start on a store of an earlier version: its runs are put into the indexes of now."""

from __future__ import annotations

from floruntime.core.system import RunsIndex
from floruntime.engine.system.old_runs import are_seen_to
from floruntime.server.commit.commit import Commit


def see_to_old_runs(commit: Commit) -> None:
    """Let ticks index them, unless they did, or are at it."""
    if not are_seen_to(commit.queries.view()):
        commit.submit_own(RunsIndex())
