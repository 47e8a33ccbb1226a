"""Limits how many TLS handshakes run in each turn of the event loop.

A handshake takes about a millisecond, most of it at once when the client's first bytes are read,
and it needs no token. So a handshake begins only when these bytes are there, and many at once begin
one after the other. Clients that are already connected do not wait for all of them.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Final

PER_TURN: Final = 2


class Handshakes:
    """Says when one may begin."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._left = PER_TURN
        self._is_due = False

    async def may_begin(self) -> None:
        """Wait until one more may."""
        if not self._left or self._waiting:
            turn: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append(turn)
            await turn
            return
        self._left -= 1
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._left = PER_TURN
        while self._waiting and self._left:
            turn = self._waiting.popleft()
            if not turn.done():
                self._left -= 1
                turn.set_result(None)
        self._is_due = self._left < PER_TURN
        if self._is_due:
            self._loop.call_soon(self._next_turn)


async def first_bytes(accepted: socket.socket) -> None:
    """Wait until something has come on it, or its end."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[None] = loop.create_future()
    loop.add_reader(accepted, _tell, came)
    try:
        await came
    finally:
        loop.remove_reader(accepted)


def _tell(came: asyncio.Future[None]) -> None:
    if not came.done():
        came.set_result(None)
