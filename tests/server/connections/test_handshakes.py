"""Handshakes of TLS begin few in each turn of the loop, once their first bytes are there."""

from __future__ import annotations

import asyncio
import socket

from floruntime.server.connections.handshakes import PER_TURN, Handshakes, first_bytes


async def test_few_begin_in_each_turn_in_order() -> None:
    handshakes = Handshakes()
    begun: list[int] = []

    async def begin(number: int) -> None:
        await handshakes.may_begin()
        begun.append(number)

    tasks = [asyncio.ensure_future(begin(number)) for number in range(20)]
    before = 0
    while len(begun) < len(tasks):
        await asyncio.sleep(0)
        assert len(begun) - before <= PER_TURN
        before = len(begun)
    assert begun == list(range(20))


async def test_one_that_comes_alone_begins_at_once() -> None:
    handshakes = Handshakes()
    for _ in range(5):
        beginning = asyncio.ensure_future(handshakes.may_begin())
        await asyncio.sleep(0)
        assert beginning.done()
        await asyncio.sleep(0)


async def test_those_who_are_gone_are_passed_by() -> None:
    handshakes = Handshakes()
    tasks = [asyncio.ensure_future(handshakes.may_begin()) for _ in range(4 * PER_TURN)]
    await asyncio.sleep(0)
    for task in tasks[PER_TURN:-1]:
        task.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    assert tasks[-1].done()
    assert not tasks[-1].cancelled()


async def test_nothing_is_begun_before_something_came() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        waiting = asyncio.ensure_future(first_bytes(ours))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waiting.done()
        theirs.send(b"\x16")
        await waiting
        assert ours.recv(10) == b"\x16", "it is still there"
