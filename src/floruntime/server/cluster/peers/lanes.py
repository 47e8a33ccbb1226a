"""Lanes: callers share one connection between nodes, and small requests do not wait for large ones.

The data of each caller waits in a lane of its own, in order. Small data goes first. The other lanes
take turns, one piece each, so no caller's megabytes delay another's. Data that the other node does
not take yet waits here, and not in the kernel, which knows no turns.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from floruntime.server.limits import OUTBOX_HIGH_BYTES

PIECE_BYTES: Final = 64 * 1024
"""What a lane sends when it is its turn."""
LITTLE_BYTES: Final = 8 * 1024
"""What has no more than that goes before all that has more."""
AT_ONCE_BYTES: Final = 512 * 1024
"""So much is written in one turn of the event loop: encrypting it takes about a millisecond."""


class Parcel:
    """Data of one caller that belongs together. `frames` makes its frames, one at a time.

    `is_whole`: nothing else may be written between its frames.
    """

    __slots__ = ("_frames", "behind", "frame", "has_begun", "is_whole", "size_bytes")

    def __init__(
        self,
        frames: Iterator[bytes],
        size_bytes: int,
        *,
        is_whole: bool = False,
        behind: Behind | None = None,
    ) -> None:
        self._frames = frames
        self.size_bytes = size_bytes
        self.is_whole = is_whole
        self.has_begun = False
        #: The frame that is written next; `None` if none is left.
        self.frame = next(frames, None)
        self.behind = behind

    def take(self, frame: bytes) -> bytes:
        """Return `frame`, which is written now, and make the next one."""
        self.has_begun = True
        self.frame = next(self._frames, None)
        return frame

    @property
    def is_unfinished(self) -> bool:
        """Whether the rest of this parcel must be written before anything else."""
        return self.is_whole and self.has_begun and self.frame is not None


class Behind:
    """A frame that is written once `lanes` lanes have written all that waited before it."""

    def __init__(self, frame: bytes, lanes: int) -> None:
        self.frame = frame
        self.lanes = lanes


class _Lane:
    __slots__ = ("caller", "held_bytes", "parcels")

    def __init__(self, caller: int) -> None:
        self.caller = caller
        self.parcels: deque[Parcel] = deque()
        #: The bytes of all unfinished parcels. What is written of them counts, because the other
        #: node holds it until the rest comes.
        self.held_bytes = 0


class Lanes:
    """The lanes of one connection.

    They call `write` with each frame, `count` with each change of the bytes that wait, and
    `on_room` with a caller that had too much waiting and now has room again.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        count: Callable[[int], None] = lambda more_bytes: None,
        on_room: Callable[[int], None] = lambda caller: None,
    ) -> None:
        self._write = write
        self._count = count
        self._on_room = on_room
        self._lanes: dict[int, _Lane] = {}
        self._modest: deque[_Lane] = deque()
        self._others: deque[_Lane] = deque()
        #: The lane that must go on, because nothing may come between the frames of its parcel.
        self._unfinished: _Lane | None = None
        #: Whether nothing more is written until the other node has taken some data.
        self._is_full = False
        self._is_due = self._is_at_work = False

    def has_room(self, caller: int) -> bool:
        """Whether this caller may send more: not too much of its data waits."""
        lane = self._lanes.get(caller)
        return lane is None or lane.held_bytes <= OUTBOX_HIGH_BYTES

    def send(self, caller: int, frame: bytes) -> None:
        """Send one frame of a caller."""
        is_held_up = self._is_full or self._unfinished is not None or caller in self._lanes
        if is_held_up or len(frame) > LITTLE_BYTES:
            self.send_parcel(caller, Parcel(iter((frame,)), len(frame)))
        else:
            self._write(frame)

    def send_parcel(self, caller: int, parcel: Parcel) -> None:
        """Send a caller's data that is large, or has many frames."""
        lane = self._lanes.get(caller)
        if lane is None:
            lane = self._lanes[caller] = _Lane(caller)
            is_little = parcel.size_bytes <= LITTLE_BYTES
            (self._modest if is_little else self._others).append(lane)
        lane.parcels.append(parcel)
        lane.held_bytes += parcel.size_bytes
        self._count(parcel.size_bytes)
        if not self._is_due:
            self._go_on()

    def send_behind_all(self, frame: bytes) -> None:
        """Send a frame after all data that waits now."""
        if not self._lanes:
            self._write(frame)
            return
        behind = Behind(frame, len(self._lanes))
        for lane in self._lanes.values():
            lane.parcels.append(Parcel(iter(()), 0, behind=behind))

    def drop(self, caller: int) -> None:
        """Send nothing more of this caller, except the rest of a parcel that must be whole."""
        lane = self._lanes.get(caller)
        if lane is None:
            return
        parcels, lane.parcels = lane.parcels, deque()
        for parcel in parcels:
            if parcel.is_unfinished or parcel.behind is not None:
                lane.parcels.append(parcel)
            else:
                self._let_go(lane, parcel)

    def clear(self) -> None:
        """Drop all data that waits, because the connection has ended."""
        for lane in self._lanes.values():
            self._count(-lane.held_bytes)
        self._lanes.clear()
        self._modest.clear()
        self._others.clear()
        self._unfinished = None

    def set_full(self, is_full: bool) -> None:
        """Stop writing until the other node has taken some data, or go on."""
        self._is_full = is_full
        if not is_full and not self._is_due:
            self._go_on()

    def _go_on(self) -> None:
        if self._is_at_work:
            return
        self._is_due, self._is_at_work = False, True
        try:
            self._write_some()
        finally:
            self._is_at_work = False
        if self._lanes and not self._is_full:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _write_some(self) -> None:
        """Write the small data, then a piece of each other lane in turn: at least one piece."""
        left_bytes = AT_ONCE_BYTES
        while left_bytes > 0 and (self._unfinished is not None or self._modest):
            if self._is_full:
                return
            left_bytes -= self._serve(self._unfinished or self._modest.popleft())
        left_bytes = max(left_bytes, 1)
        while left_bytes > 0 and self._others and not self._is_full:
            left_bytes -= self._serve(self._unfinished or self._others.popleft())

    def _serve(self, lane: _Lane) -> int:
        """Let the lane send a piece, and return how many bytes it has sent."""
        sent_bytes = 0
        while lane.parcels and sent_bytes < PIECE_BYTES:
            parcel = lane.parcels[0]
            if parcel.frame is not None:
                sent_bytes += len(parcel.frame)
                self._write(parcel.take(parcel.frame))
            if parcel.frame is None:
                lane.parcels.popleft()
                self._let_go(lane, parcel)
        self._unfinished = None
        if self._lanes.get(lane.caller) is lane:  # a write may have ended the connection
            self._put_back(lane)
        return sent_bytes

    def _put_back(self, lane: _Lane) -> None:
        if not lane.parcels:
            del self._lanes[lane.caller]
        elif lane.parcels[0].is_unfinished:
            self._unfinished = lane
        else:
            self._others.append(lane)

    def _let_go(self, lane: _Lane, parcel: Parcel) -> None:
        had_room = self.has_room(lane.caller)
        lane.held_bytes -= parcel.size_bytes
        self._count(-parcel.size_bytes)
        if (behind := parcel.behind) is not None:
            behind.lanes -= 1
            if not behind.lanes:
                self._write(behind.frame)
        if not had_room and self.has_room(lane.caller):
            self._on_room(lane.caller)
