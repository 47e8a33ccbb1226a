"""Large bodies between nodes: sent in pieces, so that others can send in between.

Every piece but the last goes ahead in a message of its own. The request or the answer itself holds
the last piece, so when it arrives, all of the body is there. Nodes of older versions, which do not
know pieces, get everything as one frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from floruntime.core.errors import ProtocolError
from floruntime.core.framing import LENGTH, frame
from floruntime.server.cluster.peers import messages
from floruntime.server.cluster.peers.lanes import PIECE_BYTES, Parcel


def asked(ask: messages.Ask) -> Parcel:
    """The parcel of a request with a large body."""
    return Parcel(_asked(ask), len(ask.body))


def _asked(ask: messages.Ask) -> Iterator[bytes]:
    *before, last = _cut([ask.body])
    for piece in before:
        yield _begun(ask.caller, piece)
    yield frame(messages.encode(msgspec.structs.replace(ask, body=bytes(last))))


def answered(caller: int, request_id: int, pieces: Sequence[bytes]) -> Parcel:
    """The parcel of a large answer."""
    return Parcel(_answered(caller, request_id, pieces), sum(map(len, pieces)))


def _answered(caller: int, request_id: int, pieces: Sequence[bytes]) -> Iterator[bytes]:
    before: memoryview | None = None
    for piece in _cut(pieces):
        if before is not None:
            yield _begun(caller, before)
        before = piece
    last = b"" if before is None else bytes(before)
    yield frame(messages.encode(messages.Answers(caller, [(request_id, last)])))


def answered_whole(caller: int, request_id: int, pieces: list[bytes]) -> Parcel:
    """The same for a node that does not know pieces: one frame, written in parts without a copy."""
    message = messages.answer_in_pieces(caller, request_id, pieces)
    size_bytes = sum(map(len, message))
    return Parcel(iter([LENGTH.pack(size_bytes), *message]), size_bytes, is_whole=True)


def _cut(pieces: Sequence[bytes]) -> Iterator[memoryview]:
    for piece in pieces:
        whole = memoryview(piece)
        for start in range(0, len(piece), PIECE_BYTES):
            yield whole[start : start + PIECE_BYTES]


def _begun(caller: int, piece: memoryview) -> bytes:
    return frame(messages.encode(messages.Begun(caller, bytes(piece))))


class BegunBodies:
    """By caller, the bodies that have come in part. No body may be larger than `bytes_max`."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._pieces: dict[int, list[bytes]] = {}
        self._held_bytes: dict[int, int] = {}

    def add(self, message: messages.Begun) -> None:
        """Add the next piece of a body. Raises `ProtocolError` if the body is too large."""
        caller = message.caller
        self._held_bytes[caller] = self._held_bytes.get(caller, 0) + len(message.piece)
        if self._held_bytes[caller] > self._bytes_max:
            raise ProtocolError(f"a body has more than {self._bytes_max} bytes")
        self._pieces.setdefault(caller, []).append(message.piece)

    def take(self, caller: int) -> list[bytes]:
        """The pieces of a caller's body before the last one; none if the body was not cut."""
        if caller not in self._pieces:  # most bodies are not cut
            return []
        del self._held_bytes[caller]
        return self._pieces.pop(caller)

    def clear(self) -> None:
        """Drop all pieces, because the connection has ended."""
        self._pieces.clear()
        self._held_bytes.clear()
