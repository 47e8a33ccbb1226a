"""The first start with a store of an earlier version: adds its runs to today's indexes."""

from __future__ import annotations

from floruntime.core.system import RunsIndex
from floruntime.engine.system.old_runs import are_seen_to
from floruntime.server.commit.commit import Commit


def see_to_old_runs(commit: Commit) -> None:
    """Let ticks index them, unless they did, or are at it."""
    if not are_seen_to(commit.queries.view()):
        commit.submit_own(RunsIndex())
