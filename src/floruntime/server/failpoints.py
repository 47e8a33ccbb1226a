"""Named places at which a test can kill the process, to see what survives.

`FLO_FAIL_POINT=before_write:7` kills the process with SIGKILL the seventh time it reaches
`before_write`. The places are `before_write`, `after_write` (written, not synced) and `after_sync`
(durable, not answered).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

FAIL_POINTS = ("before_write", "after_write", "after_sync")
VARIABLE = "FLO_FAIL_POINT"


def fail_point_from(setting: str | None) -> Callable[[str], None] | None:
    """What to call at each place: nothing, or the killer that `setting` names."""
    if not setting:
        return None
    name, _, count = setting.partition(":")
    if name not in FAIL_POINTS or not count.isdigit() or not int(count):
        raise ValueError(
            f"{VARIABLE} is {setting!r}; it must be one of {', '.join(FAIL_POINTS)}, "
            "a colon, and a count from 1"
        )
    return _Killer(name, int(count))


class _Killer:
    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._left = count

    def __call__(self, step: str) -> None:
        if step == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
