"""Schedules: what those of workflows and of actions share."""

from __future__ import annotations

from enum import StrEnum


class Overlap(StrEnum):
    """What becomes of a nominal time while as many of a schedule's own runs go on as may: it is
    let pass (`SKIP`), one waits for a run to end (`BUFFER_ONE`), or it starts a run all the same.
    """

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    ALLOW = "allow"
