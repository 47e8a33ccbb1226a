"""Watching free space, so that growth stops before the disk is full."""

from __future__ import annotations

from collections.abc import Callable


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
