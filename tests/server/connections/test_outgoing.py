"""What is much is written turn by turn, and only while the peer takes it."""

from __future__ import annotations

import asyncio

from floruntime.server.connections.outgoing import AT_ONCE_BYTES, Outgoing


class Peer:
    """Takes what is written, or not."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.data = b""
        self.takes_more = True
        self.times_empty = 0
        self.outgoing = Outgoing(self._take, lambda: self.takes_more, self._is_empty)

    def _take(self, piece: bytes | memoryview) -> None:
        self.written.append(len(piece))
        self.data += piece

    def _is_empty(self) -> None:
        self.times_empty += 1

    def send(self, *pieces: bytes) -> None:
        self.outgoing.add(pieces)
        self.outgoing.go_on()


async def test_little_is_written_at_once() -> None:
    peer = Peer()
    peer.send(b"head", b"body")
    assert peer.data == b"headbody"
    assert not peer.outgoing.bytes
    assert peer.times_empty == 1


async def test_much_is_written_turn_by_turn_in_order() -> None:
    peer = Peer()
    whole = bytes(range(256)) * (3 * AT_ONCE_BYTES // 256)
    peer.send(b"a", whole, b"z")
    assert len(peer.data) == 1 + AT_ONCE_BYTES
    peer.send(b"behind")
    assert len(peer.data) == 1 + AT_ONCE_BYTES, "this turn has written enough"
    turns = 0
    while peer.outgoing.bytes:
        assert peer.outgoing.bytes + len(peer.data) == len(whole) + 8
        await asyncio.sleep(0)
        turns += 1
    assert turns <= 4
    assert peer.data == b"a" + whole + b"zbehind"
    assert max(peer.written) <= AT_ONCE_BYTES


async def test_nothing_is_written_while_the_peer_takes_nothing() -> None:
    peer = Peer()
    peer.takes_more = False
    peer.send(b"x" * 10)
    for _ in range(3):
        await asyncio.sleep(0)
    assert peer.data == b""
    peer.takes_more = True
    peer.outgoing.go_on()
    assert peer.data == b"x" * 10


async def test_what_is_forgotten_is_not_written() -> None:
    peer = Peer()
    peer.send(b"x" * AT_ONCE_BYTES * 3)
    peer.outgoing.clear()
    await asyncio.sleep(0)
    assert len(peer.data) == AT_ONCE_BYTES
    assert peer.outgoing.bytes == 0
    assert peer.times_empty == 0
