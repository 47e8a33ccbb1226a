"""Metrics of a cluster's node: the partitions of which it keeps a copy."""

from __future__ import annotations

from typing import NamedTuple


class Copy(NamedTuple):
    """A copy of a partition. `lag_entries`: how many messages of the log it lacks, as far as is
    known here.
    """

    partition: str
    is_led_here: bool
    lag_entries: int
