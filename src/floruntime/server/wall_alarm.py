"""A call when the wall clock shows a time, or was set: by a timer of the kernel.

A timer of the event loop only counts the time that passes. So it would be late if the clock was set
forward, and would have to check again and again. If the kernel has no timer on the wall clock, this
module does check once a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Callable
from typing import Final

from floruntime.core.limits import DURATION_MS_MAX

LOOK_MS = 1_000
_CLOCK_REALTIME: Final = 0
_ABSOLUTE_UNTIL_SET: Final = 1 | 2  # TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET


class _Span(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Span), ("value", _Span))


def _timer_file() -> int | None:
    """A timer of the kernel on the wall clock; `None` where it has none."""
    try:
        made = int(ctypes.CDLL(None).timerfd_create(_CLOCK_REALTIME, os.O_NONBLOCK | os.O_CLOEXEC))
    except (AttributeError, OSError, TypeError):  # another system, another C library
        return None
    return made if made >= 0 else None


def _set(file: int, when_ms: int) -> bool:
    value = _Span(when_ms // 1000, when_ms % 1000 * 1_000_000)
    setting = ctypes.byref(_Setting(_Span(0, 0), value))
    return bool(ctypes.CDLL(None).timerfd_settime(file, _ABSOLUTE_UNTIL_SET, setting, None) == 0)


class WallAlarm:
    """One such call, by the wall clock's own timer."""

    def __init__(self, when_ms: int, wall_ms: int, callback: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._callback = callback
        self._timer: asyncio.TimerHandle | None = None
        self._file = _timer_file()
        # A time that has come already, 0 above all, would disarm it.
        due_ms = min(max(when_ms, wall_ms + 1), wall_ms + DURATION_MS_MAX)
        if self._file is not None and _set(self._file, due_ms):
            self._loop.add_reader(self._file, self._fire)
        else:
            left_ms = min(max(0, when_ms - wall_ms), LOOK_MS)
            self._timer = self._loop.call_later(left_ms / 1000, self._fire)

    def _fire(self) -> None:
        self.cancel()
        self._callback()

    def cancel(self) -> None:
        """Do not call; nothing is left behind."""
        if self._timer is not None:
            self._timer.cancel()
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.remove_reader(file)
            os.close(file)
