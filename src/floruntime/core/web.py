"""What a WebSocket carries: in each message the body of one frame, in both directions.

Here such messages are made of frames, and frames of messages, whatever pieces they arrive in.
"""

from __future__ import annotations

from websockets.frames import Frame, Opcode
from websockets.typing import BytesLike

from floruntime.core.wire import LENGTH, FrameReader


class Messages:
    """Both directions of one WebSocket. No I/O."""

    def __init__(self) -> None:
        self._outgoing: FrameReader = FrameReader(2**32)
        self._fragments = bytearray()

    def take(self, event: Frame, parts: list[BytesLike]) -> None:
        """Data came; a message that it completes is added to `parts`, its length first."""
        data: BytesLike = event.data
        if event.opcode is Opcode.CONT or not event.fin:
            self._fragments += data
            if not event.fin:
                return
            data, self._fragments = self._fragments, bytearray()
        parts += (LENGTH.pack(len(data)), data)

    def bodies(self, frames: bytes) -> list[bytes]:
        """What `frames` hold: each goes out as a message."""
        return self._outgoing.receive_data(frames)
