"""TCP's framing: a preamble, then bodies with their lengths before them.

    connection = PREAMBLE frame*
    frame      = length (u32, little-endian) body

No I/O: `FrameReader` is fed bytes and gives bodies, whatever pieces they arrive in.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from floruntime.core.errors import ProtocolError

PREAMBLE = b"FLO\x02"
LENGTH = struct.Struct("<I")
_LENGTH_BYTES = LENGTH.size
_unpack_from = LENGTH.unpack_from


def frames(bodies: Iterable[bytes]) -> bytes:
    """Each body with its length in front."""
    parts: list[bytes] = []
    for body in bodies:
        parts += (LENGTH.pack(len(body)), body)
    return b"".join(parts)


def frame(body: bytes) -> bytes:
    """`body` with its length in front."""
    return LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a byte stream into frame bodies. After a bad length it is `failed` and takes nothing
    more.

    An unfinished frame is collected in a buffer that is not looked at until the frame is complete.
    So the work is linear in the bytes, however small the pieces are.
    """

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        #: The part of an incomplete frame that has arrived.
        self.unfinished = bytearray()
        self._wanted_bytes = LENGTH.size
        #: Whether the next byte begins a frame.
        self._is_between = True
        self.failed: ProtocolError | None = None

    @property
    def held_bytes(self) -> int:
        """How many bytes of an unfinished frame are held."""
        return len(self.unfinished)

    def receive_data(self, data: bytes) -> list[bytes]:
        """Return the bodies that `data` completes, in order."""
        if self._is_between:
            size = len(data) - _LENGTH_BYTES
            if 0 <= size <= self._frame_bytes_max and _unpack_from(data)[0] == size:
                return [data[_LENGTH_BYTES:]]  # one whole frame, as most that arrives is
        elif self.failed is not None:
            return []
        else:
            self.unfinished += data
            if len(self.unfinished) < self._wanted_bytes:
                return []
            whole, self.unfinished = self.unfinished, bytearray()
            if LENGTH.size < len(whole) == self._wanted_bytes:
                self._wanted_bytes, self._is_between = LENGTH.size, True
                return [bytes(memoryview(whole)[LENGTH.size :])]  # one whole frame, copied once
            data = bytes(whole)
        return self._cut(data)

    def _cut(self, data: bytes) -> list[bytes]:
        """Return the bodies in `data`, which begins with a frame; the rest of it is kept."""
        bodies: list[bytes] = []
        position, end = 0, len(data)
        wanted = LENGTH.size
        while end - position >= wanted:
            (size,) = LENGTH.unpack_from(data, position)
            if size > self._frame_bytes_max:
                self.failed = ProtocolError(
                    f"a frame claims {size} bytes; at most {self._frame_bytes_max} are allowed"
                )
                self._is_between = False
                return bodies
            after = position + LENGTH.size + size
            if after > end:
                wanted = LENGTH.size + size
                break
            bodies.append(data[position + LENGTH.size : after])
            position = after
        self._wanted_bytes = wanted
        self._is_between = position == end
        if position < end:
            self.unfinished += data[position:]
        return bodies
