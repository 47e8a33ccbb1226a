"""The content of a WebSocket: each message is one body, in both directions."""

from __future__ import annotations

from websockets.frames import Frame, Opcode


class Messages:
    """Joins arriving data into whole messages. No I/O."""

    def __init__(self) -> None:
        self._fragments = bytearray()

    @property
    def held_bytes(self) -> int:
        """How many bytes of an unfinished message are held."""
        return len(self._fragments)

    def take(self, event: Frame) -> bytes | None:
        """Return the message that a frame of data completes, if it does."""
        if event.opcode is Opcode.BINARY and event.fin:
            return bytes(event.data)
        self._fragments += event.data
        if not event.fin:
            return None
        message, self._fragments = bytes(self._fragments), bytearray()
        return message
