"""What schedules of workflows and of actions have in common."""

from __future__ import annotations

from enum import StrEnum


class Overlap(StrEnum):
    """What happens at a nominal time while the schedule already has as many unfinished runs as it
    may.

    `SKIP`: the time is skipped. `BUFFER_ONE`: one run waits until another ends. `ALLOW`: a run
    starts anyway.
    """

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    ALLOW = "allow"
