"""Incomplete frames: their bytes count as memory held, and they must make progress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from floruntime.core.errors import FloError, OverloadedError, ProtocolError
from floruntime.server import limits
from floruntime.server.connections.load import Load


class Unfinished:
    """What one connection holds of frames that are not complete.

    `is_read`: whether more could come at all. `fail` ends the connection.
    """

    def __init__(
        self, load: Load, is_read: Callable[[], bool], fail: Callable[[FloError], None]
    ) -> None:
        self._load = load
        self._is_read = is_read
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        self.held_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, held_bytes: int) -> None:
        """So much is held now."""
        load = self._load
        load.unfinished_bytes += held_bytes - self.held_bytes
        self.held_bytes = held_bytes
        if not held_bytes:
            self._stop()
        elif load.unfinished_bytes > load.bytes_max // 2:
            self._fail(OverloadedError("the server holds too many bytes of incomplete frames"))
        elif self._timer is None:
            self._look_later()

    def _look_later(self) -> None:
        self._timer = self._loop.call_later(
            limits.FRAME_STUCK_MS / 1000, self._look, self.held_bytes
        )

    def _look(self, held_before_bytes: int) -> None:
        if self.held_bytes != held_before_bytes or not self._is_read():
            self._look_later()
        else:
            self._timer = None
            self._fail(ProtocolError("the rest of a frame did not come in time"))

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def release(self) -> None:
        """Nothing is held any more: the connection is gone."""
        self._load.unfinished_bytes -= self.held_bytes
        self.held_bytes = 0
        self._stop()
