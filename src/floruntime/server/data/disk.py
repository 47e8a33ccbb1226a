"""Watches the free space, so that growth stops before the disk is full."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_S_MAX = 1.0
LOOK_S_MIN = 0.02


class DiskWatch:
    """Whether there is room to grow, with a gap between stopping and going on.

    Growth stops when less than `low_bytes` are free, and goes on by itself once `resume_bytes` are.
    Between the two the state stays what it was, so that it does not flap.
    """

    def __init__(self, free_bytes: Callable[[], int], *, low_bytes: int, resume_bytes: int) -> None:
        if not 0 <= low_bytes <= resume_bytes:
            raise ValueError(
                f"low_bytes {low_bytes} and resume_bytes {resume_bytes}: "
                "0 <= low_bytes <= resume_bytes is needed"
            )
        self._free_bytes = free_bytes
        self.low_bytes = low_bytes
        self.resume_bytes = resume_bytes
        #: False while the disk is nearly full. Before the first `check` there is room.
        self.may_grow = True

    def check(self) -> bool:
        """Look at the disk now; whether `may_grow` changed."""
        free = self._free_bytes()
        before = self.may_grow
        self.may_grow = free >= (self.low_bytes if before else self.resume_bytes)
        return self.may_grow != before


class Looks:
    """How long to wait until the disk is looked at again: the sooner, the faster it fills."""

    def __init__(self, *, low_bytes: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._low_bytes = low_bytes
        self._now_s = now_s
        self._before: tuple[float, int] | None = None

    def next_s(self, free_bytes: int) -> float:
        """A fourth of the time in which it would be nearly full at the rate of late."""
        now_s = self._now_s()
        before, self._before = self._before, (now_s, free_bytes)
        if before is None or free_bytes >= before[1] or now_s <= before[0]:
            return LOOK_S_MAX
        bytes_per_s = (before[1] - free_bytes) / (now_s - before[0])
        left_s = max(free_bytes - self._low_bytes, 0) / bytes_per_s
        return min(max(left_s / 4, LOOK_S_MIN), LOOK_S_MAX)
